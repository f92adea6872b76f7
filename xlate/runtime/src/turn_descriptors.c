/*
 * Descriptors under --deterministic: one is asked by poll whether it is ready, again after other threads ran, and the
 * call is made when it will not wait. Sockets are connected by asking again. How much is written at a time is
 * turn_writes.c's. Devices of random bytes give those of the seed.
 */
#include <asm/stat.h>

#include "host.h"
#include "memory.h"
#include "signal.h"
#include "thread.h"
#include "turn_calls.h"
#include "turns.h"
#include "world.h"

enum { O_NONBLOCK = 04000, F_GETFL = 3, F_SETFL = 4, RWF_NOWAIT = 8, CLOCK_MONOTONIC = 1 };
enum { SOL_SOCKET = 1, SO_TYPE = 3, SO_RCVTIMEO = 20, SO_SNDTIMEO = 21, SOCK_STREAM = 1 };

static bool is_ready(u64 fd, s16 events)
{
	struct {
		s32 fd;
		s16 events, revents;
	} p = {(s32)fd, events, 0};
	u64 none[2] = {0, 0};

	return host_syscall5(__NR_ppoll, (u64)&p, 1, (u64)none, 0, 0) != 0;
}

bool descriptor_never_waits(u64 fd)
{
	long flags = host_syscall2(__NR_fcntl, fd, F_GETFL);

	return flags < 0 || flags & O_NONBLOCK;
}

u32 descriptor_type(u64 fd)
{
	struct stat st;

	return host_syscall2(__NR_fstat, fd, (u64)&st) ? FILE_REGULAR : st.st_mode & FILE_TYPE;
}

u64 descriptor_limit(struct thread *t, u64 fd, s16 events)
{
	u64 tv[2] = {0, 0};
	u32 size = sizeof(tv);
	int which = events == POLLIN ? SO_RCVTIMEO : SO_SNDTIMEO;

	if (host_syscall5(__NR_getsockopt, fd, SOL_SOCKET, (u64)which, (u64)tv, (u64)&size) || (!tv[0] && !tv[1]))
		return TURNS_NEVER;
	return virtual_until(t, CLOCK_MONOTONIC, false, (s64)tv[0], (s64)tv[1] * 1000);
}

/* The event that a socket's limit of time is about; 0: the call has none, or does not wait. */
static s16 awaited(long nr, const u64 *a)
{
	u64 at_once = MSG_DONTWAIT | MSG_OOB | MSG_ERRQUEUE;

	switch (nr) {
	case __NR_read:
	case __NR_readv:
	case __NR_accept:
	case __NR_accept4:
		return POLLIN;
	case __NR_recvfrom:
		return a[3] & at_once ? 0 : POLLIN;
	case __NR_recvmsg:
		return a[2] & at_once ? 0 : POLLIN;
	case __NR_write:
	case __NR_writev:
	case __NR_connect:
		return POLLOUT;
	case __NR_sendto:
		return a[3] & MSG_DONTWAIT ? 0 : POLLOUT;
	case __NR_sendmsg:
		return a[2] & MSG_DONTWAIT ? 0 : POLLOUT;
	default:
		return 0;
	}
}

/* Nobody else is there to run meanwhile. Where a socket's own limit ended the call, that time has passed. */
long turn_call_alone(struct thread *t, long nr, const u64 *a)
{
	long ret = turn_call(t, nr, a);
	s16 events = awaited(nr, a);
	u64 until;

	if ((ret != -EAGAIN && (ret != -EINPROGRESS || nr != __NR_connect)) || !events || descriptor_never_waits(a[0]))
		return ret;
	until = descriptor_limit(t, a[0], events);
	if (until != TURNS_NEVER)
		virtual_reach(until);
	return ret;
}

long turn_call_when_ready(struct thread *t, long nr, const u64 *a, s16 events)
{
	u64 until = 0;

	while (!is_ready(a[0], events)) {
		if (!until && descriptor_never_waits(a[0]))
			break;
		if (!until)
			until = descriptor_limit(t, a[0], events);
		switch (turns_wait(t, TURN_PROBES, until)) {
		case TURN_TIME:
			return -EAGAIN;
		case TURN_SIGNAL:
			return turns_interrupted(t, until == TURNS_NEVER);
		default:
			break;
		}
	}
	return turn_call(t, nr, a);
}

/* MSG_WAITALL of a stream: what has come, again and again until it is all. */
static long receive_all(struct thread *t, const u64 *arguments)
{
	struct asking q = {.until = descriptor_limit(t, arguments[0], POLLIN), .not_yet = -EAGAIN};
	u64 a[6] = {arguments[0], arguments[1], arguments[2], arguments[3] | MSG_DONTWAIT, arguments[4], arguments[5]};
	u64 done = 0;
	long ret;

	q.may_restart = q.until == TURNS_NEVER;
	do {
		a[1] = arguments[1] + done;
		a[2] = arguments[2] - done;
		ret = turn_call_ask(t, __NR_recvfrom, a, &q);
		done += ret > 0 ? (u64)ret : 0;
	} while (ret > 0 && done < arguments[2]);
	return done ? (long)done : ret;
}

static bool is_stream(u64 fd)
{
	s32 type = 0;
	u32 size = sizeof(type);

	return !host_syscall5(__NR_getsockopt, fd, SOL_SOCKET, SO_TYPE, (u64)&type, (u64)&size) && type == SOCK_STREAM;
}

static long receive(struct thread *t, long nr, const u64 *a, u64 flags)
{
	if (flags & (MSG_DONTWAIT | MSG_OOB | MSG_ERRQUEUE) || descriptor_never_waits(a[0]))
		return turn_call(t, nr, a);
	if (flags & MSG_WAITALL && is_stream(a[0]))
		return nr == __NR_recvfrom && !(flags & MSG_PEEK) ? receive_all(t, a) : turn_call_outside(t, nr, a);
	return turn_call_when_ready(t, nr, a, POLLIN);
}

/* --- connecting -------------------------------------------------------------------------------------- */

/* The call has no flag for it, so the descriptor has, while nobody else runs. */
static long connect_without_waiting(struct thread *t, const u64 *a)
{
	u64 flags = (u64)host_syscall2(__NR_fcntl, a[0], F_GETFL);
	long ret;

	host_syscall3(__NR_fcntl, a[0], F_SETFL, flags | O_NONBLOCK);
	ret = turn_call(t, __NR_connect, a);
	host_syscall3(__NR_fcntl, a[0], F_SETFL, flags);
	return ret;
}

/* Asked again until it is done: a socket that is under way says so, and in the end how it went. */
long turn_call_connect(struct thread *t, long nr, const u64 *a)
{
	long not_yet = 0;
	u64 until;

	if (descriptor_never_waits(a[0]))
		return turn_call(t, nr, a);
	until = descriptor_limit(t, a[0], POLLOUT);
	for (;;) {
		long ret = connect_without_waiting(t, a);

		if (ret != -EAGAIN && ret != -EINPROGRESS && ret != -EALREADY)
			return ret;
		if (!not_yet)
			not_yet = ret;
		switch (turns_wait(t, TURN_PROBES, until)) {
		case TURN_TIME:
			return not_yet;
		case TURN_SIGNAL:
			return turns_interrupted(t, until == TURNS_NEVER);
		default:
			break;
		}
	}
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

long turn_call_random(u64 at, u64 size, u64 flags)
{
	u8 one;
	long err = host_syscall3(__NR_getrandom, (u64)&one, sizeof(one), flags);

	return err < 0 ? err : random_out(at, size);
}

bool turn_call_is_random(u64 fd)
{
	struct stat st;

	return !host_syscall2(__NR_fstat, fd, (u64)&st) && (st.st_mode & FILE_TYPE) == FILE_CHARACTERS &&
	       (st.st_rdev == 0x108 || st.st_rdev == 0x109);
}

/* The call decides how much is read, and whether it may be; its bytes are then replaced. */
long turn_call_read_random(struct thread *t, long nr, const u64 *a)
{
	struct host_iovec one = {a[1], a[2]};
	const struct host_iovec *v = nr == __NR_read || nr == __NR_pread64 ? &one : (const struct host_iovec *)a[1];
	long ret = turn_call(t, nr, a);

	for (u64 left = ret > 0 ? (u64)ret : 0; left; v++) {
		u64 size = v->len < left ? v->len : left;

		random_out(v->base, size);
		left -= size;
	}
	return ret;
}

/* Positions other than the current one are those of files, which do not wait. */
static bool has_position(long nr, const u64 *a)
{
	return nr == __NR_pread64 || nr == __NR_preadv || nr == __NR_pwrite64 || nr == __NR_pwritev ||
	       ((nr == __NR_preadv2 || nr == __NR_pwritev2) && (a[5] & RWF_NOWAIT || (s32)a[3] != -1));
}

long turn_call_descriptor(struct thread *t, long nr, const u64 *a)
{
	if (has_position(nr, a))
		return turn_call(t, nr, a);
	switch (nr) {
	case __NR_read:
	case __NR_readv:
	case __NR_preadv2:
	case __NR_accept:
	case __NR_accept4:
		return turn_call_when_ready(t, nr, a, POLLIN);
	case __NR_write:
	case __NR_writev:
	case __NR_pwritev2:
		return turn_call_write(t, nr, a);
	case __NR_recvfrom:
		return receive(t, nr, a, a[3]);
	case __NR_recvmsg:
		return receive(t, nr, a, a[2]);
	case __NR_sendto:
	case __NR_sendmsg:
		return turn_call_send(t, nr, a);
	default:
		return turn_call_outside(t, nr, a);
	}
}
