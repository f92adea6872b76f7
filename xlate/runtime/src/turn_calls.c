/*
 * Blocking calls under --deterministic (turns.h). What can be asked without waiting is asked, again after others ran:
 * descriptors by poll, the rest by the call's own form that does not wait. So calls that guest threads end for each
 * other end in the order of turns. Sleeps are virtual. Calls that have no such form are made outside the order.
 */
#include <asm/stat.h>

#include "host.h"
#include "memory.h"
#include "signal.h"
#include "string.h"
#include "thread.h"
#include "turns.h"
#include "world.h"

enum { POLLIN = 1, POLLOUT = 4, O_NONBLOCK = 04000, F_GETFL = 3, F_SETLK = 6, F_SETLKW = 7 };
enum { F_OFD_SETLK = 37, F_OFD_SETLKW = 38, LOCK_NB = 4, LOCK_UN = 8, WNOHANG = 1, IPC_NOWAIT = 04000 };
enum { MSG_DONTWAIT = 0x40, MSG_WAITALL = 0x100, SOL_SOCKET = 1, SO_RCVTIMEO = 20, SO_SNDTIMEO = 21 };
enum { RWF_NOWAIT = 8, TIMER_ABSTIME = 1, CLOCK_MONOTONIC = 1, CLOCK_THREAD_CPUTIME = 3, CLOCK_MONOTONIC_COARSE = 6 };

/* What a pipe takes at once when it takes anything. */
#define PIPE_BUF 4096
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
static long call(struct thread *t, long nr, const u64 *a)
{
	long ret = host_blocking_syscall(&t->cpu.pending, nr, a[0], a[1], a[2], a[3], a[4], a[5]);

	return ret == -RESTART_NOINTR && t->sig.has_temporary && signal_is_due(t) ? -EINTR : ret;
}

static long call_outside(struct thread *t, long nr, const u64 *a)
{
	long ret;

	if (!world_is_threaded())
		return call(t, nr, a);
	turns_go_out(t);
	ret = call(t, nr, a);
	turns_come_in(t);
	return ret;
}

/* --- descriptors ------------------------------------------------------------------------------------- */

static bool is_ready(u64 fd, s16 events)
{
	struct {
		s32 fd;
		s16 events, revents;
	} p = {(s32)fd, events, 0};
	u64 none[2] = {0, 0};

	return host_syscall5(__NR_ppoll, (u64)&p, 1, (u64)none, 0, 0) != 0;
}

static u64 socket_limit(struct thread *t, u64 fd, s16 events)
{
	u64 tv[2] = {0, 0};
	u32 size = sizeof(tv);
	int which = events == POLLIN ? SO_RCVTIMEO : SO_SNDTIMEO;

	if (host_syscall5(__NR_getsockopt, fd, SOL_SOCKET, (u64)which, (u64)tv, (u64)&size) || (!tv[0] && !tv[1]))
		return TURNS_NEVER;
	return virtual_until(t, CLOCK_MONOTONIC, false, (s64)tv[0], (s64)tv[1] * 1000);
}

/* Nobody else is there to run meanwhile. Where a socket's own limit ended the call, that time has passed. */
static long call_alone(struct thread *t, long nr, const u64 *a)
{
	long ret = call(t, nr, a);
	bool sends = nr == __NR_sendto || nr == __NR_sendmsg || nr == __NR_write || nr == __NR_writev;
	u64 until;

	if (ret != -EAGAIN || host_syscall2(__NR_fcntl, a[0], F_GETFL) & O_NONBLOCK)
		return ret;
	until = socket_limit(t, a[0], sends ? POLLOUT : POLLIN);
	if (until != TURNS_NEVER)
		virtual_reach(until);
	return ret;
}

/* Wait until the descriptor is ready, then make the call, which then does not wait. */
static long when_ready(struct thread *t, long nr, const u64 *a, s16 events)
{
	u64 until = 0;

	while (!is_ready(a[0], events)) {
		long flags = until ? 0 : host_syscall2(__NR_fcntl, a[0], F_GETFL);

		if (flags < 0 || (flags & O_NONBLOCK))
			break;
		if (!until)
			until = socket_limit(t, a[0], events);
		switch (turns_wait(t, TURN_PROBES, until)) {
		case TURN_TIME:
			return -EAGAIN;
		case TURN_SIGNAL:
			return turns_interrupted(t, until == TURNS_NEVER);
		default:
			break;
		}
	}
	return call(t, nr, a);
}

enum { FILE_FIFO = 0010000, FILE_CHARACTERS = 0020000, FILE_BLOCKS = 0060000, FILE_REGULAR = 0100000, FILE_TYPE = 0170000 };

static u32 type_of(u64 fd)
{
	struct stat st;

	return host_syscall2(__NR_fstat, fd, (u64)&st) ? FILE_REGULAR : st.st_mode & FILE_TYPE;
}

/* As long a write as a pipe has never promised to take in one piece. */
static long write_pieces(struct thread *t, const u64 *a)
{
	u64 done = 0;

	while (done < a[2]) {
		u64 rest = a[2] - done, size = rest < PIPE_BUF ? rest : PIPE_BUF;
		u64 piece[6] = {a[0], a[1] + done, size, 0, 0, 0};
		long ret = when_ready(t, __NR_write, piece, POLLOUT);

		if (ret < 0)
			return done ? (long)done : ret;
		done += (u64)ret;
		if ((u64)ret < size)
			break;
	}
	return (long)done;
}

/* More than fits at once: part of it would wait with the turn in hand. */
static long write_all(struct thread *t, long nr, const u64 *a)
{
	if (nr == __NR_write && a[2] <= PIPE_BUF)
		return when_ready(t, nr, a, POLLOUT);
	switch (type_of(a[0])) {
	case FILE_REGULAR:
	case FILE_BLOCKS:
	case FILE_CHARACTERS:
		return call(t, nr, a);
	case FILE_FIFO:
		return nr == __NR_write ? write_pieces(t, a) : call_outside(t, nr, a);
	default:
		return call_outside(t, nr, a);
	}
}

static long transfer(struct thread *t, long nr, const u64 *a, u64 flags, s16 events)
{
	if (flags & MSG_DONTWAIT)
		return call(t, nr, a);
	if (flags & MSG_WAITALL)
		return call_outside(t, nr, a);
	return when_ready(t, nr, a, events);
}

/* --- devices of random bytes ------------------------------------------------------------------------- */

static long random_out(u64 at, u64 size)
{
	u8 bytes[64];

	if (!h_is_guest(at))
		return -EFAULT;
	for (u64 done = 0; done < size; done += sizeof(bytes)) {
		u64 n = size - done < sizeof(bytes) ? size - done : sizeof(bytes);

		virtual_random(bytes, n);
		if (copy_out(h2g(at + done), bytes, n))
			return done ? (long)done : -EFAULT;
	}
	return (long)size;
}

static long random_call(u64 at, u64 size, u64 flags)
{
	u8 one;
	long err = host_syscall3(__NR_getrandom, (u64)&one, sizeof(one), flags);

	return err < 0 ? err : random_out(at, size);
}

/* /dev/random and /dev/urandom, however they were opened. */
static bool is_random(u64 fd)
{
	struct stat st;

	return !host_syscall2(__NR_fstat, fd, (u64)&st) && (st.st_mode & 0170000) == 0020000 &&
	       (st.st_rdev == 0x108 || st.st_rdev == 0x109);
}

/* --- calls with a form that does not wait ------------------------------------------------------------ */

struct asking {
	u64 until;
	long not_yet;	  /* its result then */
	bool may_restart;
};

/* An interrupted wait is answered as the kernel does; the call's own errors are final. */
static long ask(struct thread *t, long nr, const u64 *a, const struct asking *q)
{
	for (;;) {
		long ret = call(t, nr, a);

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
		return call(t, nr, a);
	q.until = l.until;
	ret = ask(t, nr, a, &q);
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
		return call_outside(t, nr, a);
	if (!limit_begin(t, &l, &a[4], scale))
		return call(t, nr, a);
	for (u32 i = 0; i < 3; i++)
		if (a[1 + i])
			memcpy(copies[i], (void *)a[1 + i], bytes);
	for (;;) {
		enum turn_end end;

		ret = call(t, nr, a);
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

/* Milliseconds, -1 for ever. */
static long ask_epoll(struct thread *t, long nr, u64 *a)
{
	s32 ms = (s32)a[3];
	struct asking q = {.until = TURNS_NEVER};

	if (ms >= 0)
		q.until = virtual_until(t, CLOCK_MONOTONIC, false, ms / 1000, ms % 1000 * 1000000l);
	a[3] = 0;
	return ask(t, nr, a, &q);
}

static long ask_poll(struct thread *t, long nr, u64 *a)
{
	s32 ms = (s32)a[2];
	struct asking q = {.until = TURNS_NEVER};

	if (ms >= 0)
		q.until = virtual_until(t, CLOCK_MONOTONIC, false, ms / 1000, ms % 1000 * 1000000l);
	a[2] = 0;
	return ask(t, nr, a, &q);
}

static long ask_child(struct thread *t, long nr, u64 *a)
{
	u32 at = nr == __NR_wait4 ? 2 : 3;
	struct host_siginfo *info = (struct host_siginfo *)a[2];
	struct asking q = {.until = TURNS_NEVER, .may_restart = true};

	if (a[at] & WNOHANG)
		return call(t, nr, a);
	a[at] |= WNOHANG;
	if (nr == __NR_wait4)
		return ask(t, nr, a, &q);
	for (;;) {
		long ret = call(t, nr, a);

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
			return call(t, nr, a);
		a[1] |= LOCK_NB;
	} else {
		if (a[1] != F_SETLKW && a[1] != F_OFD_SETLKW)
			return call(t, nr, a);
		a[1] = a[1] == F_SETLKW ? F_SETLK : F_OFD_SETLK;
	}
	return ask(t, nr, a, &q);
}

static long ask_queue(struct thread *t, long nr, u64 *a)
{
	u32 at = nr == __NR_msgsnd ? 3 : 4;
	struct asking q = {.until = TURNS_NEVER, .not_yet = nr == __NR_msgsnd ? -EAGAIN : -ENOMSG};

	if (a[at] & IPC_NOWAIT)
		return call(t, nr, a);
	a[at] |= IPC_NOWAIT;
	return ask(t, nr, a, &q);
}

/* --- waiting for signals alone ----------------------------------------------------------------------- */

static long await_signal(struct thread *t, const u64 *mask)
{
	u64 none[2] = {0, 0};
	u64 a[6] = {0, 0, (u64)none, (u64)mask, sizeof(*mask), 0};
	struct asking q = {.until = TURNS_NEVER};

	return ask(t, __NR_ppoll, a, &q); /* of no descriptor: only a signal ends it */
}

/* --- sleeping ---------------------------------------------------------------------------------------- */

static long sleep_virtually(struct thread *t, const u64 *a)
{
	const s64 *request = (const s64 *)a[2];
	s64 *rest = (s64 *)a[3];
	bool absolute = a[1] & TIMER_ABSTIME;
	u64 until, left;
	s64 sec, nsec;

	if (a[0] >= CLOCK_THREAD_CPUTIME && a[0] <= CLOCK_MONOTONIC_COARSE)
		return -EOPNOTSUPP;
	if (virtual_clock(t, (s32)a[0], &sec, &nsec) || request[0] < 0 || (u64)request[1] >= 1000000000)
		return -EINVAL;
	until = virtual_until(t, (s32)a[0], absolute, request[0], request[1]);
	if (turns_wait(t, TURN_WAITS, until) != TURN_SIGNAL)
		return 0;
	left = until > virtual_now(t) ? until - virtual_now(t) : 0;
	if (rest && !absolute) {
		rest[0] = (s64)(left / 1000000000);
		rest[1] = (s64)(left % 1000000000);
	}
	return turns_interrupted(t, absolute);
}

/* --- which is which ---------------------------------------------------------------------------------- */

/* The memory of a child that shares it is its parent's again as soon as the call succeeds. */
static long execute(struct thread *t, long nr, const u64 *a)
{
	if (t->start_flags && !(t->start_flags & (CLONE_THREAD | CLONE_VFORK)))
		return call_outside(t, nr, a);
	return call(t, nr, a);
}

/* Positions other than the current one are those of files, which do not wait. */
static bool has_position(long nr, const u64 *a)
{
	return nr == __NR_pread64 || nr == __NR_preadv || nr == __NR_pwrite64 || nr == __NR_pwritev ||
	       ((nr == __NR_preadv2 || nr == __NR_pwritev2) && (a[5] & RWF_NOWAIT || (s32)a[3] != -1));
}

static long descriptor_call(struct thread *t, long nr, const u64 *a)
{
	if (has_position(nr, a))
		return call(t, nr, a);
	switch (nr) {
	case __NR_read:
		return when_ready(t, nr, a, POLLIN);
	case __NR_readv:
	case __NR_preadv2:
	case __NR_accept:
	case __NR_accept4:
		return when_ready(t, nr, a, POLLIN);
	case __NR_write:
	case __NR_writev:
	case __NR_pwritev2:
		return write_all(t, nr, a);
	case __NR_recvfrom:
		return transfer(t, nr, a, a[3], POLLIN);
	case __NR_recvmsg:
		return transfer(t, nr, a, a[2], POLLIN);
	case __NR_sendto:
		return transfer(t, nr, a, a[3], POLLOUT);
	case __NR_sendmsg:
		return transfer(t, nr, a, a[2], POLLOUT);
	default:
		return call_outside(t, nr, a);
	}
}

static long waiting_call(struct thread *t, long nr, u64 *a)
{
	switch (nr) {
	case __NR_poll:
		return ask_poll(t, nr, a);
	case __NR_ppoll:
		return ask_until(t, nr, a, 2, 1, 0);
	case __NR_select:
	case __NR_pselect6:
		return ask_sets(t, nr, a);
	case __NR_epoll_wait:
	case __NR_epoll_pwait:
		return ask_epoll(t, nr, a);
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
		return descriptor_call(t, nr, a);
	}
}

/* Opening a FIFO waits for its other end. */
static long open_one(struct thread *t, long nr, const u64 *a)
{
	struct stat st;
	bool fifo = !host_syscall4(__NR_newfstatat, a[0], a[1], (u64)&st, 0) && (st.st_mode & 0170000) == 0010000;

	return fifo ? call_outside(t, nr, a) : call(t, nr, a);
}

static long any_call(struct thread *t, long nr, u64 *a)
{
	switch (nr) {
	case __NR_clock_nanosleep:
		return sleep_virtually(t, a);
	case __NR_getrandom:
		return random_call(a[0], a[1], a[2]);
	case __NR_read:
		if (is_random(a[0]))
			return random_out(a[1], a[2]);
		break;
	}
	if (!world_is_threaded() && may_just_wait(nr, a))
		return call_alone(t, nr, a);
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
	case __NR_connect:
		return call(t, nr, a);
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
