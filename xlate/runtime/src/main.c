/*
 * xlate-run: from the kernel's first stack to a running guest. Reads like a table of contents; every line is a file.
 */
#include "chaos.h"
#include "fatal.h"
#include "host.h"
#include "limits.h"
#include "load.h"
#include "optimised.h"
#include "payload.h"
#include "root.h"
#include "signal.h"
#include "stats.h"
#include "thread.h"
#include "turns.h"
#include "vdso.h"
#include "trace.h"

enum { AT_EXECFN = 31, F_SETFD = 2, FD_CLOEXEC = 1 };

void start_c(u64 *initial_stack);

/* Keep a way to execute ourselves again, whatever the guest does to its root and mounts. */
static void open_own_exe(void)
{
	const char *name = "";
	long fd = process.opt.inherited[INHERIT_EXE];

	if (fd >= 0) { /* our parent's: the kernel only knows us as /dev/fd/N */
		group_self()->own_fds[OWN_FD_EXE] = (int)fd;
		host_syscall3(__NR_fcntl, (u64)fd, F_SETFD, FD_CLOEXEC);
		return;
	}
	for (const u64 *a = process.host_auxv; a[0]; a += 2)
		if (a[0] == AT_EXECFN)
			name = (const char *)a[1];
	fd = payload_open_exe(name);
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

	thread_first(t);
	thread_attach(t);
	options_parse(&process.opt, argc, argv, envp, process.host_auxv);
	limits_begin();
	turns_search(t);
	open_own_exe();
	payload_begin();
	vdso_init(process.host_auxv);
	stats_init();
	turns_start(t);
	trace_init();
	root_enter();
	signal_init(t);
	load_guest(t);
	optimised_say_missing();
	chaos_start();
	thread_run(t);
}

void start_c(u64 *initial_stack)
{
	u64 *p = initial_stack + 1 + initial_stack[0] + 1;
	struct thread *t;

	while (*p++) /* environment; the auxiliary vector follows */
		continue;
	process.host_auxv = p;
	t = thread_create();
	if (!t)
		refuse(EXIT_OWN_FAILURE, NULL, "no memory for a thread", NULL, "a higher ulimit -v");
	host_switch_stack(thread_stack_top(t), run, t, initial_stack);
}
