/*
 * Blocking calls under --deterministic (turns.h). What can be asked without waiting is asked, again after others ran:
 * descriptors by poll (turn_descriptors.c), the rest by the call's own form that does not wait. So calls that guest
 * threads end for each other end in the order of turns. Sleeps are virtual. Calls that have no such form are made
 * outside the order.
 */
#include <asm/stat.h>

#include "host.h"
#include "memory.h"
#include "signal.h"
#include "string.h"
#include "thread.h"
#include "turn_calls.h"
#include "turns.h"
#include "world.h"

enum { F_SETLK = 6, F_SETLKW = 7, F_OFD_SETLK = 37, F_OFD_SETLKW = 38, LOCK_NB = 4, LOCK_UN = 8 };
enum { WNOHANG = 1, IPC_NOWAIT = 04000 };
enum { TIMER_ABSTIME = 1, CLOCK_MONOTONIC = 1, CLOCK_PROCESS_CPUTIME = 2, CLOCK_THREAD_CPUTIME = 3,
       CLOCK_MONOTONIC_COARSE = 6 };

/* Descriptors that select is asked about by copies of its sets. */
#define SELECT_MAX 4096u

/* Numbers of the ARM table. */
bool turn_call_sends(u32 nr)
{
	static const u16 SENDS[] = {37, 178, 238, 268, 363, 424}; /* kill and its kin */

	for (u32 i = 0; i < ARRAY_LEN(SENDS); i++)
		if (nr == SENDS[i])
			return true;
	return false;
}

bool turn_call_leads_out(u32 nr)
{
	static const u16 TIMERS[] = {104, 258, 278, 353, 409, 411}; /* they run by the host's clock */

	for (u32 i = 0; i < ARRAY_LEN(TIMERS); i++)
		if (nr == TIMERS[i])
			return true;
	return false;
}

/* A signal that the call's own mask lets through may have come while that mask stood and the call was not under way. */
long turn_call(struct thread *t, long nr, const u64 *a)
{
	long ret = host_blocking_syscall(&t->cpu.pending, nr, a[0], a[1], a[2], a[3], a[4], a[5]);

	return ret == -RESTART_NOINTR && t->sig.has_temporary && signal_is_due(t) ? -EINTR : ret;
}

long turn_call_outside(struct thread *t, long nr, const u64 *a)
{
	long ret;

	if (!world_is_threaded())
		return turn_call(t, nr, a);
	turns_go_out(t);
	ret = turn_call(t, nr, a);
	turns_come_in(t);
	return ret;
}

/* --- calls with a form that does not wait ------------------------------------------------------------ */

long turn_call_ask(struct thread *t, long nr, const u64 *a, const struct asking *q)
{
	for (;;) {
		long ret = turn_call(t, nr, a);

		if (ret != q->not_yet)
			return ret;
		switch (turns_wait(t, TURN_PROBES, q->until)) {
		case TURN_TIME:
			return ret;
		case TURN_SIGNAL:
			return turns_interrupted(t, q->may_restart);
		default:
			break;
		}
	}
}

/* The time at arg (seconds and parts of them) is replaced by none for the asking, and by what is left afterwards. */
struct limit {
	s64 *time, none[2], saved[2];
	u64 until, scale;
};

/* Nobody here could end the call, and it has no limit in virtual time. */
static bool may_just_wait(long nr, const u64 *a)
{
	switch (nr) {
	case __NR_poll:
		return (s32)a[2] <= 0;
	case __NR_epoll_wait:
	case __NR_epoll_pwait:
		return (s32)a[3] <= 0;
	case __NR_ppoll:
	case __NR_rt_sigtimedwait:
		return !a[2];
	case __NR_select:
	case __NR_pselect6:
		return !a[4];
	case __NR_epoll_pwait2:
		return !a[3];
	default:
		return true;
	}
}

static bool limit_begin(struct thread *t, struct limit *l, u64 *arg, u64 scale)
{
	l->time = (s64 *)*arg;
	l->scale = scale;
	l->none[0] = l->none[1] = 0;
	l->until = TURNS_NEVER;
	if (l->time && (l->time[0] < 0 || (u64)l->time[1] >= 1000000000 / scale))
		return false; /* for the kernel to refuse */
	if (l->time)
		l->until = virtual_until(t, CLOCK_MONOTONIC, false, l->time[0], l->time[1] * (s64)scale);
	*arg = (u64)l->none;
	return true;
}

static void limit_end(struct thread *t, struct limit *l)
{
	u64 now, left;

	virtual_add(t, CALL_NS); /* so that what is left is less than all of it */
	now = virtual_now(t);
	left = l->until > now ? l->until - now : 0;
	if (!l->time || l->until == TURNS_NEVER)
		return;
	l->time[0] = (s64)(left / 1000000000);
	l->time[1] = (s64)(left % 1000000000 / l->scale);
}

static long ask_until(struct thread *t, long nr, u64 *a, u32 time_at, u64 scale, long not_yet)
{
	struct asking q = {.not_yet = not_yet};
	struct limit l;
	long ret;

	if (!limit_begin(t, &l, &a[time_at], scale))
		return turn_call(t, nr, a);
	q.until = l.until;
	ret = turn_call_ask(t, nr, a, &q);
	limit_end(t, &l);
	return ret;
}

/* The kernel clears the sets of a select that found nothing: each question needs a copy of them. */
static long ask_sets(struct thread *t, long nr, u64 *a)
{
	u64 bytes = ((u64)a[0] + 63) / 64 * 8, scale = nr == __NR_select ? 1000 : 1;
	u8 copies[3][SELECT_MAX / 8];
	struct limit l;
	long ret;

	if (a[0] > SELECT_MAX)
		return turn_call_outside(t, nr, a);
	if (!limit_begin(t, &l, &a[4], scale))
		return turn_call(t, nr, a);
	for (u32 i = 0; i < 3; i++)
		if (a[1 + i])
			memcpy(copies[i], (void *)a[1 + i], bytes);
	for (;;) {
		enum turn_end end;

		ret = turn_call(t, nr, a);
		if (ret)
			break;
		end = turns_wait(t, TURN_PROBES, l.until);
		if (end == TURN_TIME)
			break;
		if (end == TURN_SIGNAL) {
			ret = -EINTR;
			break;
		}
		for (u32 i = 0; i < 3; i++)
			if (a[1 + i])
				memcpy((void *)a[1 + i], copies[i], bytes);
	}
	limit_end(t, &l);
	return ret;
}

/* Argument number `at` is the time in milliseconds, -1 for ever. */
static long ask_for_ms(struct thread *t, long nr, u64 *a, u32 at)
{
	s32 ms = (s32)a[at];
	struct asking q = {.until = TURNS_NEVER};

	if (ms >= 0)
		q.until = virtual_until(t, CLOCK_MONOTONIC, false, ms / 1000, ms % 1000 * 1000000l);
	a[at] = 0;
	return turn_call_ask(t, nr, a, &q);
}

static long ask_child(struct thread *t, long nr, u64 *a)
{
	u32 at = nr == __NR_wait4 ? 2 : 3;
	struct host_siginfo *info = (struct host_siginfo *)a[2];
	struct asking q = {.until = TURNS_NEVER, .may_restart = true};

	if (a[at] & WNOHANG)
		return turn_call(t, nr, a);
	a[at] |= WNOHANG;
	if (nr == __NR_wait4)
		return turn_call_ask(t, nr, a, &q);
	for (;;) {
		long ret = turn_call(t, nr, a);

		if (ret || info->signo)
			return ret;
		if (turns_wait(t, TURN_PROBES, TURNS_NEVER) == TURN_SIGNAL)
			return turns_interrupted(t, true);
	}
}

static long ask_lock(struct thread *t, long nr, u64 *a)
{
	struct asking q = {.until = TURNS_NEVER, .not_yet = -EAGAIN, .may_restart = true};

	if (nr == __NR_flock) {
		if (a[1] & (LOCK_NB | LOCK_UN))
			return turn_call(t, nr, a);
		a[1] |= LOCK_NB;
	} else {
		if (a[1] != F_SETLKW && a[1] != F_OFD_SETLKW)
			return turn_call(t, nr, a);
		a[1] = a[1] == F_SETLKW ? F_SETLK : F_OFD_SETLK;
	}
	return turn_call_ask(t, nr, a, &q);
}

static long ask_queue(struct thread *t, long nr, u64 *a)
{
	u32 at = nr == __NR_msgsnd ? 3 : 4;
	struct asking q = {.until = TURNS_NEVER, .not_yet = nr == __NR_msgsnd ? -EAGAIN : -ENOMSG};

	if (a[at] & IPC_NOWAIT)
		return turn_call(t, nr, a);
	a[at] |= IPC_NOWAIT;
	return turn_call_ask(t, nr, a, &q);
}

/* --- waiting for signals alone ----------------------------------------------------------------------- */

static long await_signal(struct thread *t, const u64 *mask)
{
	u64 none[2] = {0, 0};
	u64 a[6] = {0, 0, (u64)none, (u64)mask, sizeof(*mask), 0};
	struct asking q = {.until = TURNS_NEVER};

	return turn_call_ask(t, __NR_ppoll, a, &q); /* of no descriptor: only a signal ends it */
}

/* --- sleeping ---------------------------------------------------------------------------------------- */

struct sleep {
	s32 clock;
	bool absolute;
	const s64 *request;
	s64 *rest;
};

static void tell_rest(const struct sleep *s, u64 until, u64 now)
{
	u64 left = until > now ? until - now : 0;

	if (!s->rest || s->absolute)
		return;
	s->rest[0] = (s64)(left / 1000000000);
	s->rest[1] = (s64)(left % 1000000000);
}

static u64 clock_now(const struct thread *t, s32 clock)
{
	s64 sec = 0, nsec = 0;

	virtual_clock(t, clock, &sec, &nsec);
	return (u64)sec * 1000000000 + (u64)nsec;
}

/* Only running makes processor time pass, so no point of virtual time is the end: it is looked at after each turn. */
static long sleep_while_running(struct thread *t, const struct sleep *s)
{
	u64 most = TURNS_NEVER / 1000000000 / 2;
	u64 sec = (u64)s->request[0] < most ? (u64)s->request[0] : most;
	u64 until = sec * 1000000000 + (u64)s->request[1] + (s->absolute ? 0 : clock_now(t, s->clock));

	while (clock_now(t, s->clock) < until) {
		if (turns_wait(t, TURN_PROBES, TURNS_NEVER) != TURN_SIGNAL)
			continue;
		tell_rest(s, until, clock_now(t, s->clock));
		return -EINTR;
	}
	return 0;
}

static bool is_of_processor(s32 clock)
{
	return clock < 0 || clock == CLOCK_PROCESS_CPUTIME;
}

/* A clock that can be slept by? Nobody sleeps by his own thread's processor time. */
static long check_sleep(const struct thread *t, const struct sleep *s)
{
	s64 time[2];

	if (s->clock >= CLOCK_THREAD_CPUTIME && s->clock <= CLOCK_MONOTONIC_COARSE)
		return -EOPNOTSUPP;
	if (s->clock < 0 ? host_syscall2(__NR_clock_gettime, (u64)(s64)id_in_clock(s->clock), (u64)time)
			 : virtual_clock(t, s->clock, &time[0], &time[1]))
		return -EINVAL;
	if (s->clock < 0 && s->clock & 4 && (~(s->clock >> 3) == 0 || ~(s->clock >> 3) == thread_id(t)))
		return -EINVAL;
	return s->request[0] < 0 || (u64)s->request[1] >= 1000000000 ? -EINVAL : 0;
}

/* No sleep is ever restarted once a handler ran. */
static long sleep_virtually(struct thread *t, const u64 *a)
{
	struct sleep s = {(s32)a[0], a[1] & TIMER_ABSTIME, (const s64 *)a[2], (s64 *)a[3]};
	long err = check_sleep(t, &s);
	u64 until;

	if (err)
		return err;
	if (is_of_processor(s.clock))
		return sleep_while_running(t, &s);
	until = virtual_until(t, s.clock, s.absolute, s.request[0], s.request[1]);
	if (turns_wait(t, TURN_WAITS, until) != TURN_SIGNAL)
		return 0;
	tell_rest(&s, until, virtual_now(t));
	return -EINTR;
}

/* --- which is which ---------------------------------------------------------------------------------- */

/* The memory of a child that shares it is its parent's again as soon as the call succeeds. */
static long execute(struct thread *t, long nr, const u64 *a)
{
	if (t->start_flags && !(t->start_flags & (CLONE_THREAD | CLONE_VFORK)))
		return turn_call_outside(t, nr, a);
	return turn_call(t, nr, a);
}

static long waiting_call(struct thread *t, long nr, u64 *a)
{
	switch (nr) {
	case __NR_poll:
		return ask_for_ms(t, nr, a, 2);
	case __NR_ppoll:
		return ask_until(t, nr, a, 2, 1, 0);
	case __NR_select:
	case __NR_pselect6:
		return ask_sets(t, nr, a);
	case __NR_epoll_wait:
	case __NR_epoll_pwait:
		return ask_for_ms(t, nr, a, 3);
	case __NR_epoll_pwait2:
		return ask_until(t, nr, a, 3, 1, 0);
	case __NR_rt_sigtimedwait:
		return ask_until(t, nr, a, 2, 1, -EAGAIN);
	case __NR_wait4:
	case __NR_waitid:
		return ask_child(t, nr, a);
	case __NR_flock:
	case __NR_fcntl:
		return ask_lock(t, nr, a);
	case __NR_msgsnd:
	case __NR_msgrcv:
		return ask_queue(t, nr, a);
	default:
		return turn_call_descriptor(t, nr, a);
	}
}

/* Opening a FIFO waits for its other end. */
static long open_one(struct thread *t, long nr, const u64 *a)
{
	struct stat st;
	bool fifo = !host_syscall4(__NR_newfstatat, a[0], a[1], (u64)&st, 0) && (st.st_mode & FILE_TYPE) == FILE_FIFO;

	return fifo ? turn_call_outside(t, nr, a) : turn_call(t, nr, a);
}

static long any_call(struct thread *t, long nr, u64 *a)
{
	switch (nr) {
	case __NR_clock_nanosleep:
		return sleep_virtually(t, a);
	case __NR_getrandom:
		return turn_call_random(a[0], a[1], a[2]);
	case __NR_read:
	case __NR_readv:
	case __NR_pread64:
	case __NR_preadv:
	case __NR_preadv2:
		if (turn_call_is_random(a[0]))
			return turn_call_read_random(t, nr, a);
		break;
	}
	if (!world_is_threaded() && may_just_wait(nr, a))
		return turn_call_alone(t, nr, a);
	switch (nr) {
	case __NR_pause:
		return await_signal(t, NULL);
	case __NR_rt_sigsuspend:
		return await_signal(t, (const u64 *)a[0]);
	case __NR_execveat:
		return execute(t, nr, a);
	case __NR_openat:
	case __NR_openat2:
		return open_one(t, nr, a);
	case __NR_fsync: /* these may take time, but nobody here can end them */
	case __NR_fdatasync:
	case __NR_sync_file_range:
	case __NR_ioctl:
	case __NR_dup2:
	case __NR_dup3:
		return turn_call(t, nr, a);
	case __NR_connect:
		return turn_call_connect(t, nr, a);
	default:
		return waiting_call(t, nr, a);
	}
}

/* While a call with a mask of its own waits, that mask stands. */
long turns_blocking(struct thread *t, long nr, const u64 *arguments)
{
	bool masked = t->sig.has_temporary;
	u64 a[6], mask = signal_host_mask(t->sig.temporary);
	long ret;

	memcpy(a, arguments, sizeof(a));
	if (masked)
		host_syscall4(__NR_rt_sigprocmask, SIG_SETMASK, (u64)&mask, 0, sizeof(mask));
	ret = any_call(t, nr, a);
	if (masked)
		signal_mask(t, SIG_SETMASK, &t->sig.blocked, NULL);
	return ret;
}
