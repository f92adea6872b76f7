/*
 * Writing and sending under --deterministic. What does not fit at once goes in parts, each when there is room for it,
 * so that other threads have their turns in between: pipes take a part when poll says so, sockets are asked by the form
 * of send that does not wait. The guest's call is told of the parts as the kernel would have told it of the whole.
 */
#include "host.h"
#include "signal.h"
#include "thread.h"
#include "turn_calls.h"
#include "turns.h"

enum { MSG_EOR = 0x80, MSG_NOSIGNAL = 0x4000, MSG_FASTOPEN = 0x20000000 };
enum { SOL_SOCKET = 1, SO_TYPE = 3, SOCK_SEQPACKET = 5 };

/* What a pipe takes at once when it takes anything. */
#define PIPE_BUF 4096u

struct buffers {
	const struct host_iovec *v;
	u64 count;
};

static u64 total(const struct buffers *b)
{
	u64 sum = 0;

	for (u64 i = 0; i < b->count; i++)
		sum += b->v[i].len;
	return sum;
}

/* --- pipes ------------------------------------------------------------------------------------------- */

/* As much at a time as is taken at once: so long a write has never been promised to stay in one piece. */
static long pipe_one(struct thread *t, u64 fd, u64 at, u64 size)
{
	u64 done = 0;

	while (done < size) {
		u64 rest = size - done, part = rest < PIPE_BUF ? rest : PIPE_BUF;
		u64 piece[6] = {fd, at + done, part, 0, 0, 0};
		long ret = turn_call_when_ready(t, __NR_write, piece, POLLOUT);

		if (ret < 0)
			return done ? (long)done : ret;
		done += (u64)ret;
		if ((u64)ret < part)
			break;
	}
	return (long)done;
}

static long pipe_all(struct thread *t, u64 fd, const struct buffers *b)
{
	u64 done = 0;

	for (u64 i = 0; i < b->count; i++) {
		long ret = pipe_one(t, fd, b->v[i].base, b->v[i].len);

		if (ret < 0)
			return done ? (long)done : ret;
		done += (u64)ret;
		if ((u64)ret < b->v[i].len)
			break;
	}
	return (long)done;
}

/* --- sockets ----------------------------------------------------------------------------------------- */

static long send_part(struct thread *t, const u64 *piece, const struct asking *q)
{
	u64 a[6] = {piece[0], piece[1], piece[2], piece[3] | MSG_NOSIGNAL, 0, 0};
	u64 done = 0;

	while (done < piece[2]) {
		long ret;

		a[1] = piece[1] + done;
		a[2] = piece[2] - done;
		ret = turn_call_ask(t, __NR_sendto, a, q);
		if (ret <= 0)
			break;
		done += (u64)ret;
	}
	return (long)done;
}

/*
 * The call itself, and after it what it left of a stream: the errors of that come with the guest's next call, and with
 * that their signal, too. The flags stand in a[flags_at].
 */
static long send_all(struct thread *t, long nr, u64 *a, u32 flags_at, const struct buffers *b)
{
	struct asking q = {.until = descriptor_limit(t, a[0], POLLOUT), .not_yet = -EAGAIN};
	long ret;
	u64 sent, skip;

	q.may_restart = q.until == TURNS_NEVER;
	a[flags_at] |= MSG_DONTWAIT;
	ret = turn_call_ask(t, nr, a, &q);
	if (ret <= 0)
		return ret;
	sent = skip = (u64)ret;
	for (u64 i = 0; i < b->count; i++) {
		u64 gone = skip < b->v[i].len ? skip : b->v[i].len;
		u64 piece[4] = {a[0], b->v[i].base + gone, b->v[i].len - gone, a[flags_at]};
		long n = send_part(t, piece, &q);

		skip -= gone;
		sent += (u64)n;
		if ((u64)n < piece[2])
			break;
	}
	return (long)sent;
}

/* Sockets that keep records take a write for one. */
static u64 record_flag(u64 fd)
{
	s32 type = 0;
	u32 size = sizeof(type);

	host_syscall5(__NR_getsockopt, fd, SOL_SOCKET, SO_TYPE, (u64)&type, (u64)&size);
	return type == SOCK_SEQPACKET ? MSG_EOR : 0;
}

static long write_socket(struct thread *t, u64 fd, const struct buffers *b)
{
	struct host_msghdr h = {.iov = (u64)b->v, .iovlen = b->count};
	u64 a[6] = {fd, (u64)&h, record_flag(fd), 0, 0, 0};

	return send_all(t, __NR_sendmsg, a, 2, b);
}

long turn_call_send(struct thread *t, long nr, const u64 *arguments)
{
	u32 flags_at = nr == __NR_sendto ? 3 : 2;
	u64 a[6] = {arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]};
	struct host_iovec one = {a[1], a[2]};
	struct buffers b = {&one, 1};

	if (a[flags_at] & MSG_FASTOPEN)
		return turn_call_outside(t, nr, a); /* it connects as well */
	if (a[flags_at] & MSG_DONTWAIT || descriptor_never_waits(a[0]))
		return turn_call(t, nr, a);
	if (nr == __NR_sendmsg) {
		const struct host_msghdr *h = (const struct host_msghdr *)a[1];

		b = (struct buffers){(const struct host_iovec *)h->iov, h->iovlen};
	}
	return send_all(t, nr, a, flags_at, &b);
}

/* --- which is which ---------------------------------------------------------------------------------- */

long turn_call_write(struct thread *t, long nr, const u64 *a)
{
	struct host_iovec one = {a[1], a[2]};
	struct buffers b = {&one, 1};
	u32 type = descriptor_type(a[0]);

	if (nr != __NR_write)
		b = (struct buffers){(const struct host_iovec *)a[1], a[2]};
	if (type == FILE_REGULAR || type == FILE_BLOCKS)
		return turn_call(t, nr, a);
	if (type == FILE_SOCKET && nr != __NR_pwritev2)
		return descriptor_never_waits(a[0]) ? turn_call(t, nr, a) : write_socket(t, a[0], &b);
	if (total(&b) <= PIPE_BUF)
		return turn_call_when_ready(t, nr, a, POLLOUT);
	if (type == FILE_FIFO && nr != __NR_pwritev2)
		return pipe_all(t, a[0], &b);
	return type == FILE_CHARACTERS ? turn_call(t, nr, a) : turn_call_outside(t, nr, a);
}
