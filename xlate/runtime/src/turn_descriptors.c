/*
 * Reading and writing under --deterministic: a descriptor is asked by poll whether it is ready, again after other
 * threads ran, and the call is made when it will not wait. Devices of random bytes give those of the seed.
 */
#include <asm/stat.h>

#include "host.h"
#include "memory.h"
#include "signal.h"
#include "thread.h"
#include "turn_calls.h"
#include "turns.h"
#include "world.h"

enum { POLLIN = 1, POLLOUT = 4, O_NONBLOCK = 04000, F_GETFL = 3, RWF_NOWAIT = 8, CLOCK_MONOTONIC = 1 };
enum { MSG_DONTWAIT = 0x40, MSG_WAITALL = 0x100, SOL_SOCKET = 1, SO_RCVTIMEO = 20, SO_SNDTIMEO = 21 };
enum { FILE_FIFO = 0010000, FILE_CHARACTERS = 0020000, FILE_BLOCKS = 0060000, FILE_REGULAR = 0100000 };
#define FILE_TYPE 0170000

/* What a pipe takes at once when it takes anything. */
#define PIPE_BUF 4096

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
long turn_call_alone(struct thread *t, long nr, const u64 *a)
{
	long ret = turn_call(t, nr, a);
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
	return turn_call(t, nr, a);
}

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
		return turn_call(t, nr, a);
	case FILE_FIFO:
		return nr == __NR_write ? write_pieces(t, a) : turn_call_outside(t, nr, a);
	default:
		return turn_call_outside(t, nr, a);
	}
}

static long transfer(struct thread *t, long nr, const u64 *a, u64 flags, s16 events)
{
	if (flags & MSG_DONTWAIT)
		return turn_call(t, nr, a);
	if (flags & MSG_WAITALL)
		return turn_call_outside(t, nr, a);
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

long turn_call_random(u64 at, u64 size, u64 flags)
{
	u8 one;
	long err = host_syscall3(__NR_getrandom, (u64)&one, sizeof(one), flags);

	return err < 0 ? err : random_out(at, size);
}

/* /dev/random and /dev/urandom, however they were opened. */
bool turn_call_is_random(u64 fd)
{
	struct stat st;

	return !host_syscall2(__NR_fstat, fd, (u64)&st) && (st.st_mode & FILE_TYPE) == FILE_CHARACTERS &&
	       (st.st_rdev == 0x108 || st.st_rdev == 0x109);
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
		return turn_call_outside(t, nr, a);
	}
}
