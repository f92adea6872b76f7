/* futex: the fourth argument is a time for operations that wait, a count for those that move waiters. */
#include "sys/sys.h"

enum {
	FUTEX_WAIT = 0,
	FUTEX_LOCK_PI = 6,
	FUTEX_WAIT_BITSET = 9,
	FUTEX_WAIT_REQUEUE_PI = 11,
	FUTEX_LOCK_PI2 = 13,
	FUTEX_COMMAND = 0x7f, /* without the private and clock flags */
};

static bool takes_time(u32 op)
{
	switch (op & FUTEX_COMMAND) {
	case FUTEX_WAIT:
	case FUTEX_LOCK_PI:
	case FUTEX_WAIT_BITSET:
	case FUTEX_WAIT_REQUEUE_PI:
	case FUTEX_LOCK_PI2:
		return true;
	default:
		return false;
	}
}

struct futex_args {
	gaddr word;
	u32 op, val;
	gaddr time_or_count;
	gaddr word2;
	u32 val3;
};

static long futex(struct thread *t, const struct futex_args *f, enum time_width width)
{
	struct host_timespec ts, *ts_host = NULL;
	u64 fourth = f->time_or_count.va;
	long err;

	if (takes_time(f->op)) {
		err = timespec_in_opt(&ts, &ts_host, f->time_or_count, width);
		if (err)
			return err;
		fourth = (u64)ts_host;
	}
	return guest_blocking_syscall(t, __NR_futex, buf_inout(f->word, 4), f->op, f->val, fourth,
				      buf_inout(f->word2, 4), f->val3);
}

long sys_futex(struct thread *t, gaddr word, u32 op, u32 val, gaddr fourth, gaddr word2, u32 val3)
{
	struct futex_args f = {word, op, val, fourth, word2, val3};

	return futex(t, &f, TIME32);
}

long sys_futex_time64(struct thread *t, gaddr word, u32 op, u32 val, gaddr fourth, gaddr word2, u32 val3)
{
	struct futex_args f = {word, op, val, fourth, word2, val3};

	return futex(t, &f, TIME64);
}
