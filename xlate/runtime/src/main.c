/*
 * xlate-run: from the kernel's first stack to a running guest. Reads like a table of contents; every line is a file.
 */
#include "cpu.h"
#include "fatal.h"
#include "host.h"
#include "load.h"
#include "memory.h"
#include "signal.h"
#include "stats.h"
#include "sys/sys.h"
#include "thread.h"

enum { O_PATH = 010000000, O_CLOEXEC = 02000000, AT_EXECFN = 31, F_SETFD = 2, FD_CLOEXEC = 1 };
enum { ILL_ILLOPC = 1, TRAP_BRKPT = 1, SEGV_MAPERR = 1, SEGV_ACCERR = 2, BUS_ADRERR = 2 };

void start_c(u64 *initial_stack);

/* Breakpoint instructions of debuggers: undefined to the processor, SIGTRAP by the kernel's word. */
static bool is_breakpoint(struct thread *t)
{
	gaddr pc = GADDR(t->cpu.r[15]);
	u16 half[2] = {0};

	if (copy_in(half, pc, t->cpu.thumb ? 2 : 4))
		return false;
	if (!t->cpu.thumb)
		return (half[1] & 0x0fff) == 0x07f0 && half[0] == 0x01f0;
	if (half[0] == 0xf7f0)
		return !copy_in(&half[1], GADDR(pc.va + 2), 2) && half[1] == 0xa000;
	return half[0] == 0xde01;
}

static void undefined_instruction(struct thread *t)
{
	bool trap = is_breakpoint(t);

	signal_force(t, trap ? SIGTRAP : SIGILL, trap ? TRAP_BRKPT : ILL_ILLOPC, t->cpu.r[15]);
}

static void fetch_fault(struct thread *t)
{
	u32 at = t->cpu.r[15];

	u8 byte;

	if (mem_fetchable(GADDR(at), 1) && !copy_in(&byte, GADDR(at), 1)) /* its second half lies on the next page */
		at = (u32)page_ceil((u64)at + 1);
	t->fault.write = false;
	if (mem_fetchable(GADDR(at), 1)) { /* behind the end of the mapped file */
		t->fault.sig = SIGBUS;
		signal_force(t, SIGBUS, BUS_ADRERR, at);
		return;
	}
	t->fault.sig = SIGSEGV;
	signal_force(t, SIGSEGV, mem_prot(GADDR(at)) < 0 ? SEGV_MAPERR : SEGV_ACCERR, at);
}

_Noreturn void thread_run(struct thread *t)
{
	for (;;) {
		switch (cpu_run(t)) {
		case STOP_SVC:
			t->cpu.excl_valid = 0; /* returning from the kernel closes the monitor */
			syscall_dispatch(t);
			break;
		case STOP_SIGNAL:
			signal_deliver(t);
			break;
		case STOP_FAULT:
			signal_force(t, t->fault.sig, t->fault.code, (u32)t->fault.addr.va);
			break;
		case STOP_FETCH:
			fetch_fault(t);
			break;
		case STOP_UNDEFINED:
			undefined_instruction(t);
			break;
		case STOP_BKPT:
			signal_force(t, SIGTRAP, TRAP_BRKPT, t->cpu.r[15]);
			break;
		case STOP_REFETCH: /* never returned */
			break;
		}
	}
}

/* Keep a way to execute ourselves again, whatever the guest does to its root and mounts. */
static void open_own_exe(void)
{
	const char *name = "";
	long fd = process.opt.exe_fd;

	if (fd >= 0) { /* our parent's: the kernel only knows us as /dev/fd/N */
		process.own_fds[OWN_FD_EXE] = (int)fd;
		host_syscall3(__NR_fcntl, (u64)fd, F_SETFD, FD_CLOEXEC);
		return;
	}
	for (const u64 *a = process.host_auxv; a[0]; a += 2)
		if (a[0] == AT_EXECFN)
			name = (const char *)a[1];
	fd = host_syscall4(__NR_openat, (u64)AT_FDCWD, (u64) "/proc/self/exe", O_PATH | O_CLOEXEC, 0);
	if (fd < 0)
		fd = host_syscall4(__NR_openat, (u64)AT_FDCWD, (u64)name, O_PATH | O_CLOEXEC, 0);
	if (fd >= 0)
		fd_adopt(OWN_FD_EXE, (int)fd);
}

/* On the thread block's own stack from here on. */
static void run(void *thread, void *initial_stack)
{
	struct thread *t = thread;
	u64 *words = initial_stack;
	int argc = (int)words[0];
	char **argv = (char **)(words + 1), **envp = argv + argc + 1;
	long err;

	process.pid = (int)host_syscall0(__NR_getpid);
	thread_attach(t);
	options_parse(&process.opt, argc, argv, envp, process.host_auxv);
	open_own_exe();
	stats_init();
	signal_init(t);
	load_guest(t);
	err = cpu_init(t);
	if (err)
		refuse(EXIT_OWN_FAILURE, process.opt.prog, "the translator cannot start", error_text(-err),
		       "a higher ulimit -v");
	thread_run(t);
}

void start_c(u64 *initial_stack)
{
	u64 *p = initial_stack + 1 + initial_stack[0] + 1;
	struct thread *t;

	while (*p++) /* environment; the auxiliary vector follows */
		continue;
	process.host_auxv = p;
	for (int i = 0; i < OWN_FD_COUNT; i++)
		process.own_fds[i] = -1;
	t = thread_create();
	if (!t)
		refuse(EXIT_OWN_FAILURE, NULL, "no memory for a thread", NULL, "a higher ulimit -v");
	host_switch_stack(thread_stack_top(t), run, t, initial_stack);
}
