/*
 * Futexes under --deterministic (turns.h): who waits at which word is kept in struct turn, so waking makes a thread due
 * and the order of turns decides when it goes on. Waiters of a word are woken in the order they came, as by the kernel.
 * Words in memory that is shared with other processes are left to the kernel, outside the order; locks there that hand
 * over are looked at again and again.
 * Priority inheritance hands a lock over, and needs no priorities where one thread runs at a time.
 */
#include "host.h"
#include "memory.h"
#include "signal.h"
#include "thread.h"
#include "turns.h"
#include "world.h"

enum {
	FUTEX_WAIT, FUTEX_WAKE, FUTEX_FD, FUTEX_REQUEUE, FUTEX_CMP_REQUEUE, FUTEX_WAKE_OP, FUTEX_LOCK_PI,
	FUTEX_UNLOCK_PI, FUTEX_TRYLOCK_PI, FUTEX_WAIT_BITSET, FUTEX_WAKE_BITSET, FUTEX_WAIT_REQUEUE_PI,
	FUTEX_CMP_REQUEUE_PI, FUTEX_LOCK_PI2,
};
#define FUTEX_COMMAND 0x7fu
#define FUTEX_PRIVATE 128u
#define FUTEX_WAITERS 0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK 0x3fffffffu
#define ANY ~0u

static u64 arrivals;

static long read_word(gaddr at, u32 *value)
{
	if (at.va % 4)
		return -EINVAL;
	return copy_in(value, at, sizeof(*value));
}

/* Change a word from what was read; another process may have been first. */
static bool exchange(gaddr at, u32 *seen, u32 value)
{
	mem_will_write(at, sizeof(value));
	return __atomic_compare_exchange_n((u32 *)g2h(at), seen, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static bool may_write(gaddr at)
{
	int prot = mem_prot(at);

	return prot >= 0 && prot & PROT_WRITE;
}

/* With the lock: the waiter that came first. */
static struct turn *first_waiter(gaddr word, u32 mask)
{
	struct turn *first = NULL;

	for (struct thread *t = world_next(NULL); t; t = world_next(t)) {
		struct turn *n = &t->turn;

		if (n->arrival && !n->woken && n->word.va == word.va && n->mask & mask &&
		    (!first || n->arrival < first->arrival))
			first = n;
	}
	return first;
}

static u32 wake(gaddr word, u32 n, u32 mask)
{
	struct turn *w;
	u32 woken = 0;
	HOLD_LOCK;

	while (woken < n && (w = first_waiter(word, mask))) {
		w->woken = true;
		w->arrival = 0;
		woken++;
	}
	return woken;
}

static bool is_shared(gaddr word)
{
	struct mem_region r;
	u64 cursor = word.va;
	HOLD_LOCK;

	return mem_next_region(&cursor, &r) && r.start <= word.va && r.shared;
}

/* Waiters that stand in the host's kernel: of other processes, and of calls made outside the order. */
static long wake_outside(gaddr word, u32 n, u32 mask)
{
	u32 op = FUTEX_WAKE_BITSET | (is_shared(word) ? 0 : FUTEX_PRIVATE);
	long ret = host_syscall6(__NR_futex, (u64)g2h(word), op, n, 0, 0, mask);

	return ret > 0 ? ret : 0;
}

long turns_wake(gaddr word, u32 n, u32 mask)
{
	u32 woken = wake(word, n, mask);

	return woken < n ? woken + wake_outside(word, n - woken, mask) : woken;
}

/* futex(2) looks at the count after it woke one, and takes it for a signed one. */
static long wake_some(gaddr word, u32 n, u32 mask)
{
	return turns_wake(word, (s32)n < 1 ? 1 : n, mask);
}

/* Instead of the kernel, which would do it a moment after the next turn began. */
void turns_clear_tid(struct thread *t)
{
	static const u32 none;

	host_syscall1(__NR_set_tid_address, 0);
	if (!t->clear_child_tid.va || !world_is_threaded())
		return;
	copy_out(t->clear_child_tid, &none, sizeof(none));
	turns_wake(t->clear_child_tid, 1, ANY);
}

/* --- waiting ----------------------------------------------------------------------------------------- */

static enum turn_end wait_at(struct thread *t, const struct turn_futex *f, enum turn_state state, u32 mask)
{
	struct turn *n = &t->turn;
	enum turn_end end;

	n->word = f->word;
	n->mask = mask;
	n->arrival = ++arrivals;
	end = turns_wait(t, state, f->until);
	n->arrival = 0;
	return end;
}

/* Whoever wakes it may be another process, which looks for waiters in the kernel. */
static long wait_outside(struct thread *t, const struct turn_futex *f, u32 mask)
{
	u64 time[2], left = f->until > virtual_now(t) ? f->until - virtual_now(t) : 0;
	long ret;

	host_syscall2(__NR_clock_gettime, 1 /* CLOCK_MONOTONIC */, (u64)time);
	time[0] += (time[1] + left) / 1000000000;
	time[1] = (time[1] + left) % 1000000000;
	turns_go_out(t);
	ret = host_blocking_syscall(&t->cpu.pending, __NR_futex, (u64)g2h(f->word), FUTEX_WAIT_BITSET, f->val,
				    f->until == TURNS_NEVER ? 0 : (u64)time, 0, mask);
	turns_come_in(t);
	if (ret == -ETIMEDOUT)
		virtual_reach(f->until);
	return ret;
}

static long wait(struct thread *t, const struct turn_futex *f, u32 mask)
{
	u32 now;
	long err = read_word(f->word, &now);

	if (err || !mask)
		return err ? err : -EINVAL;
	if (now != f->val)
		return -EAGAIN;
	if (!(f->op & FUTEX_PRIVATE) && is_shared(f->word))
		return wait_outside(t, f, mask);
	switch (wait_at(t, f, TURN_WAITS, mask)) {
	case TURN_TIME:
		return -ETIMEDOUT;
	case TURN_SIGNAL:
		return turns_interrupted(t, !f->timed);
	default:
		return 0;
	}
}

/* --- moving waiters ---------------------------------------------------------------------------------- */

/* Whether it compares or not, it returns how many were woken and moved. */
static long requeue(const struct turn_futex *f, bool compare)
{
	u32 now, moved = 0, woken;
	u64 last = arrivals; /* the two words may be one */
	long err = read_word(f->word, &now);
	struct turn *w;

	if (!err)
		err = f->word2.va % 4 ? -EINVAL : 0;
	if (err || (s32)f->val < 0 || (s32)f->val2 < 0)
		return err ? err : -EINVAL;
	if (compare && now != f->val3)
		return -EAGAIN;
	woken = wake(f->word, f->val, ANY);
	{
		HOLD_LOCK;

		while (moved < f->val2 && (w = first_waiter(f->word, ANY)) && w->arrival <= last) {
			w->word = f->word2;
			w->arrival = ++arrivals;
			moved++;
		}
	}
	return woken + moved;
}

/* val3 of FUTEX_WAKE_OP: operation, comparison, their arguments. */
static u32 applied(u32 code, u32 old)
{
	u32 arg = (code >> 12 & 0xfff), op = code >> 28;

	if (arg & 0x800)
		arg |= 0xfffff000;
	if (op & 8)
		arg = 1u << (arg & 31);
	switch (op & 7) {
	case 0:
		return arg;
	case 1:
		return old + arg;
	case 2:
		return old | arg;
	case 3:
		return old & ~arg;
	default:
		return old ^ arg;
	}
}

static bool compares(u32 code, u32 old)
{
	s32 arg = (s32)(code << 20) >> 20, value = (s32)old;

	switch (code >> 24 & 15) {
	case 0:
		return value == arg;
	case 1:
		return value != arg;
	case 2:
		return value < arg;
	case 3:
		return value <= arg;
	case 4:
		return value > arg;
	default:
		return value >= arg;
	}
}

static long wake_op(const struct turn_futex *f)
{
	u32 old, first;
	long err = read_word(f->word, &first), woken;

	if (!err)
		err = read_word(f->word2, &old);
	if (err)
		return err;
	if ((f->val3 >> 28 & 7) > 4 || (f->val3 >> 24 & 15) > 5)
		return -ENOSYS;
	if (!may_write(f->word2))
		return -EFAULT;
	while (!exchange(f->word2, &old, applied(f->val3, old)))
		continue;
	woken = wake_some(f->word, f->val, ANY);
	return compares(f->val3, old) ? woken + wake_some(f->word2, f->val2, ANY) : woken;
}

/* --- locks that are handed over ---------------------------------------------------------------------- */

static bool owner_lives(u32 tid)
{
	HOLD_LOCK;

	for (struct thread *t = world_next(NULL); t; t = world_next(t))
		if ((u32)thread_id(t) == tid)
			return true;
	return host_syscall2(__NR_kill, (u64)id_in((s32)tid), 0) != -ESRCH;
}

/* 0: it is t's now; 1: wait for it. */
static long try_lock(const struct thread *t, const struct turn_futex *f, bool wait)
{
	u32 now, me = (u32)thread_id(t);
	long err = read_word(f->word, &now);

	if (err || !may_write(f->word))
		return err ? err : -EFAULT;
	for (;;) {
		u32 owner = now & FUTEX_TID_MASK;

		if (owner == me)
			return -EDEADLK;
		if (owner && !owner_lives(owner))
			return -ESRCH;
		if (owner && (!wait || now & FUTEX_WAITERS))
			return wait ? 1 : -EAGAIN;
		if (exchange(f->word, &now, owner ? now | FUTEX_WAITERS : me | (now & ~FUTEX_TID_MASK)))
			return owner ? 1 : 0;
	}
}

static long lock_pi(struct thread *t, const struct turn_futex *f)
{
	for (;;) {
		long ret = try_lock(t, f, true);
		u32 now = 0;

		if (ret != 1)
			return ret;
		switch (wait_at(t, f, is_shared(f->word) ? TURN_PROBES : TURN_WAITS, ANY)) {
		case TURN_TIME:
			return -ETIMEDOUT;
		case TURN_SIGNAL:
			return -RESTART_NOINTR;
		default:
			break;
		}
		if (!copy_in(&now, f->word, sizeof(now)) && (now & FUTEX_TID_MASK) == (u32)thread_id(t))
			return 0; /* handed over */
	}
}

static struct turn *pop_waiter(gaddr word, u32 *tid, bool *more)
{
	struct turn *n = first_waiter(word, ANY);

	*tid = 0;
	if (!n)
		return NULL;
	n->arrival = 0;
	for (struct thread *t = world_next(NULL); t; t = world_next(t))
		if (&t->turn == n)
			*tid = (u32)thread_id(t);
	*more = first_waiter(word, ANY);
	return n;
}

static long unlock_pi(struct thread *t, const struct turn_futex *f)
{
	u32 now, tid;
	bool more = false;
	struct turn *next;
	long err = read_word(f->word, &now);
	HOLD_LOCK;

	if (err)
		return err;
	if ((now & FUTEX_TID_MASK) != (u32)thread_id(t))
		return -EPERM;
	if (!may_write(f->word))
		return -EFAULT;
	next = pop_waiter(f->word, &tid, &more);
	while (!exchange(f->word, &now, tid | (more ? FUTEX_WAITERS : 0)))
		continue;
	if (next)
		next->woken = true;
	return 0;
}

long turns_futex(struct thread *t, const struct turn_futex *f)
{
	u32 now;
	long err;

	switch (f->op & FUTEX_COMMAND) {
	case FUTEX_WAIT:
		return wait(t, f, ANY);
	case FUTEX_WAIT_BITSET:
		return wait(t, f, f->val3);
	case FUTEX_WAKE:
	case FUTEX_WAKE_BITSET:
		err = f->word.va % 4 ? -EINVAL : 0;
		if (!err && (f->op & FUTEX_COMMAND) == FUTEX_WAKE_BITSET && !f->val3)
			err = -EINVAL;
		if (!err && !(f->op & FUTEX_PRIVATE))
			err = read_word(f->word, &now);
		if (err)
			return err;
		return wake_some(f->word, f->val, (f->op & FUTEX_COMMAND) == FUTEX_WAKE ? ANY : f->val3);
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
		return requeue(f, (f->op & FUTEX_COMMAND) == FUTEX_CMP_REQUEUE);
	case FUTEX_WAKE_OP:
		return wake_op(f);
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return lock_pi(t, f);
	case FUTEX_TRYLOCK_PI:
		return try_lock(t, f, false);
	case FUTEX_UNLOCK_PI:
		return unlock_pi(t, f);
	default:
		return -ENOSYS; /* with condition variables of the kernel's own, which no library uses */
	}
}
