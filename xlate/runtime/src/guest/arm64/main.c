/* xlate-arm64: from the kernel's first stack to a running guest, and what each stop of it asks for. */
#include "cpu.h"
#include "fatal.h"
#include "guest/arm64/program.h"
#include "host.h"
#include "memory.h"
#include "string.h"
#include "thread.h"

struct process process;

void start_c(u64 *initial_stack);

/* The end of a program that has no handlers: by the signal itself, after a line that says why. */
_Noreturn static void die(struct thread *t, int sig, const char *why)
{
	struct host_sigaction standard = {0};
	u64 pc = t->cpu.r[GUEST_PC], none = 0;
	char buf[200];
	struct text b = text_begin(buf, sizeof(buf));

	text_str(&b, "xlate-arm64: ");
	text_str(&b, why);
	text_str(&b, " at ");
	text_hex(&b, pc);
	text_char(&b, '\n');
	text_write(&b, 2);
	host_syscall4(__NR_rt_sigaction, (u64)sig, (u64)&standard, 0, sizeof(u64));
	host_syscall4(__NR_rt_sigprocmask, 2 /* SIG_SETMASK */, (u64)&none, 0, sizeof(u64));
	host_syscall2(__NR_kill, (u64)host_syscall0(__NR_getpid), (u64)sig);
	for (;;)
		host_syscall1(__NR_exit_group, 128 + (u64)sig);
}

void thread_serve(struct thread *t, u32 reason)
{
	switch ((enum stop)reason) {
	case STOP_SVC:
		system_call(t);
		break;
	case STOP_SIGNAL:
		poll_clear(t);
		break;
	case STOP_UNDEFINED:
		die(t, SIGILL, "an instruction that is undefined or not in this guest");
	case STOP_BKPT:
		die(t, SIGTRAP, "a breakpoint");
	case STOP_FAULT:
		die(t, t->fault.sig, "an access to memory that is not there");
	case STOP_FETCH:
		if (t->cpu.r[GUEST_PC] & 3)
			die(t, SIGBUS, "a misaligned pc");
		die(t, SIGSEGV, "no code");
	case STOP_REFETCH:
	case STOP_MODE: /* of VFP */
	case STOP_LEAVE: /* never returned */
		break;
	}
}

_Noreturn void thread_run(struct thread *t)
{
	for (;;)
		thread_serve(t, cpu_run(t));
}

static void run(void *thread, void *initial_stack)
{
	struct thread *t = thread;
	u64 *words = initial_stack;
	u64 argc = words[0];
	char **argv = (char **)(words + 1);

	thread_first(t);
	thread_attach(t);
	fault_init();
	if (cpu_init(t))
		fatal("the engine cannot start");
	if (argc == 2 && !strcmp(argv[1], "--cases"))
		cases_run(t);
	if (argc < 2 || argv[1][0] == '-')
		refuse(EXIT_USAGE, NULL, "usage: xlate-arm64 PROGRAM [ARGUMENTS]", NULL, NULL);
	load_program(t, argv[1], argv + 1, argv + argc + 1);
	thread_run(t);
}

void start_c(u64 *initial_stack)
{
	struct thread *t = thread_create();

	if (!t)
		fatal("no memory for a thread");
	host_switch_stack(thread_stack_top(t), run, t, initial_stack);
}
