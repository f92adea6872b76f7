/*
 * --deterministic=FIRST..LAST: the program is run with one number after the other until a run fails. Each run is a
 * process of its own that goes on from here; this one waits, says which number it was, and ends as that run did.
 */
#include "fatal.h"
#include "host.h"
#include "string.h"
#include "thread.h"
#include "turns.h"

static void say(u64 seed, int status)
{
	int sig = status & 0x7f;
	char buf[200];
	struct text b = text_begin(buf, sizeof(buf));

	text_str(&b, "xlate-run: --deterministic=");
	text_u64(&b, seed);
	if (status) {
		text_str(&b, sig ? ": killed by signal " : ": exit status ");
		text_u64(&b, (u64)(sig ? sig : status >> 8 & 0xff));
	} else {
		text_str(&b, ": the last of the numbers, and no run failed");
	}
	text_char(&b, '\n');
	text_write(&b, 2);
}

_Noreturn static void end(struct thread *t, int status)
{
	if (status & 0x7f)
		signal_die(t, status & 0x7f);
	for (;;)
		host_syscall1(__NR_exit_group, (u64)(status >> 8 & 0xff));
}

/* Returns the wait status; in the child 0 or an error. */
static long run_one(u64 seed, int *status)
{
	long pid = host_syscall5(__NR_clone, SIGCHLD, 0, 0, 0, 0), ret;

	if (pid <= 0) {
		process.opt.seed_of_turns = process.opt.order_seed = seed;
		return pid;
	}
	do
		ret = host_syscall4(__NR_wait4, (u64)pid, (u64)status, 0, 0);
	while (ret == -EINTR);
	return pid;
}

void turns_search(struct thread *t)
{
	u64 seed = process.opt.seed_of_turns;
	int status = 0;

	if (seed >= process.opt.last_seed)
		return;
	for (;; seed++) {
		long pid = run_one(seed, &status);

		if (pid < 0)
			refuse(EXIT_OWN_FAILURE, NULL, "cannot start a run", error_text(-pid), NULL);
		if (!pid)
			break;
		if (status || seed == process.opt.last_seed) {
			say(seed, status);
			end(t, status);
		}
	}
	t->group->pid = t->tid = (int)host_syscall0(__NR_getpid);
}
