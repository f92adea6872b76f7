/*
 * A host thread of the runtime's own that makes exclusive stores fail and guest threads leave translated code at random
 * instants, where they give their turn away. All of it is legal for the guest at any time, so a program that does not
 * stand it is wrong, or xlate is. A child of fork is left in peace.
 */
#include "chaos.h"

#include "host.h"
#include "monitor.h"
#include "thread.h"
#include "world.h"

/* Between two disturbances: some hundred exclusive accesses, or a few translations. */
#define PAUSE_NS 50000

static u64 state; /* of a xorshift generator; 0: off */

static u64 draw(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void disturb(void *arg)
{
	u64 pause[2] = {0, PAUSE_NS};

	(void)arg;
	for (;;) {
		u64 which = draw();

		monitor_disturb(which & draw());
		if (which & 1) {
			HOLD_LOCK;

			world_poll();
		}
		host_syscall2(__NR_nanosleep, (u64)pause, 0);
	}
}

void chaos_start(void)
{
	u64 flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD, all = ~0ull, mask;
	struct thread *t;

	if (!process.opt.chaos || process.opt.deterministic) /* then turns.c disturbs */
		return;
	state = process.opt.chaos;
	t = thread_create();
	host_syscall4(__NR_rt_sigprocmask, SIG_SETMASK, (u64)&all, (u64)&mask, sizeof(mask));
	if (!t || host_clone(flags, thread_stack_top(t), 0, 0, disturb, NULL) < 0)
		state = 0;
	host_syscall4(__NR_rt_sigprocmask, SIG_SETMASK, (u64)&mask, 0, sizeof(mask));
}

void chaos_yield(void)
{
	if (state && world_is_threaded())
		host_syscall0(__NR_sched_yield);
}
