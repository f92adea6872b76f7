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

#define FUTEX_CLOCK_REALTIME 256u

/* With --deterministic threads wait in the order of their turns, not in the kernel (turn_futex.c). */
static long futex_in_turn(struct thread *t, const struct futex_args *f, const struct host_timespec *ts)
{
	u32 op = f->op & FUTEX_COMMAND;
	bool absolute = op != FUTEX_WAIT, real = f->op & FUTEX_CLOCK_REALTIME || op == FUTEX_LOCK_PI;
	struct turn_futex call = {
		.word = f->word,
		.word2 = f->word2,
		.op = f->op,
		.val = f->val,
		.val2 = (u32)f->time_or_count.va,
		.val3 = f->val3,
		.until = TURNS_NEVER,
		.timed = ts,
	};

	if (ts && (ts->sec < 0 || (u64)ts->nsec >= 1000000000))
		return -EINVAL;
	if (ts)
		call.until = virtual_until(t, real ? 0 : 1, absolute, ts->sec, ts->nsec);
	return turns_futex(t, &call);
}

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
	if (turns_on())
		return futex_in_turn(t, f, ts_host);
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

/* --- the calls of futex2: a word, flags, and masks or times by themselves ----------------------------- */

struct host_waitv {
	u64 val;
	u64 word;
	u32 flags;
	u32 reserved;
};

#define WAITV_MAX 128u /* FUTEX_WAITV_MAX */

/* The structure has 64-bit members on every architecture; only its addresses are the guest's. */
static long waiters_in(struct host_waitv *w, gaddr waiters, u32 count)
{
	if (copy_in(w, waiters, count * sizeof(*w)))
		return -EFAULT;
	for (u32 i = 0; i < count; i++) {
		if (w[i].word >> 32)
			return -EFAULT;
		w[i].word = buf_inout(GADDR(w[i].word), 4);
	}
	return 0;
}

long sys_futex_waitv(struct thread *t, gaddr waiters, u32 count, u32 flags, gaddr timeout, s32 clock)
{
	struct host_waitv w[WAITV_MAX];
	struct host_timespec ts, *ts_host = NULL;
	long err;

	if (flags || !count || count > WAITV_MAX || !waiters.va)
		return -EINVAL;
	err = timespec_in_opt(&ts, &ts_host, timeout, TIME64);
	if (!err)
		err = waiters_in(w, waiters, count);
	if (err)
		return err;
	return guest_blocking_syscall(t, __NR_futex_waitv, (u64)w, count, 0, (u64)ts_host, (u64)clock, 0);
}

/* Newer than the headers of many hosts; a kernel without them says ENOSYS itself. */
enum { HOST_FUTEX_WAKE = 454, HOST_FUTEX_WAIT = 455, HOST_FUTEX_REQUEUE = 456 };

long sys_futex_wake(struct thread *t, gaddr word, u32 mask, s32 count, u32 flags)
{
	u64 at = buf_inout(word, 4);
	long err;

	(void)t;
	if (!turns_on())
		return host_syscall4(HOST_FUTEX_WAKE, at, mask, (u64)count, flags);
	err = host_syscall4(HOST_FUTEX_WAKE, at, mask, 0, flags); /* wakes nobody, and judges the rest */
	return err || !count ? err : turns_wake(word, count < 1 ? 1 : (u32)count, mask);
}

long sys_futex_wait(struct thread *t, gaddr word, u32 val, u32 mask, u32 flags, gaddr timeout, s32 clock)
{
	struct host_timespec ts, *ts_host = NULL;
	long err = timespec_in_opt(&ts, &ts_host, timeout, TIME64);

	if (err)
		return err;
	return guest_blocking_syscall(t, HOST_FUTEX_WAIT, buf_inout(word, 4), val, mask, flags, (u64)ts_host,
				      (u64)clock);
}

long sys_futex_requeue(struct thread *t, gaddr waiters, u32 flags, s32 wake, s32 requeue)
{
	struct host_waitv w[2];
	long err = waiters_in(w, waiters, 2);

	(void)t;
	return err ? err : host_syscall4(HOST_FUTEX_REQUEUE, (u64)w, flags, (u64)wake, (u64)requeue);
}
