/*
 * Socket calls whose arguments hold pointers inside structures: sendmsg, recvmsg and their plural forms. send and recv
 * exist on ARM only; they are sendto and recvfrom without an address.
 */
#include "sys/sys.h"

enum {
	MSG_CTRUNC = 0x8,
	MSG_DONTWAIT = 0x40,
	MSG_WAITFORONE = 0x10000,
};

/* Room for control messages: more than the default limit of a socket's options. Guest messages grow by a third at most. */
#define CONTROL_MAX 32768u
/* Longest address that the kernel reads or writes, whatever length is said. */
#define ADDRESS_MAX 128u
/* Longest array of messages, as in the kernel. */
#define MESSAGES_MAX 1024u

long sys_send(struct thread *t, s32 fd, gaddr buf, u32 len, u32 flags)
{
	return guest_blocking_syscall(t, __NR_sendto, (u64)fd_to_host(t, fd), buf_in(buf, len), len, flags, 0, 0);
}

long sys_recv(struct thread *t, s32 fd, gaddr buf, u32 len, u32 flags)
{
	return guest_blocking_syscall(t, __NR_recvfrom, (u64)fd_to_host(t, fd), buf_out(buf, len), len, flags, 0, 0);
}

/* Header and buffers, without control messages. */
static long message_in(struct host_msghdr *h, struct guest_msghdr *g, gaddr msg, struct host_iovec *iov, enum iov_use use)
{
	long err = copy_in(g, msg, sizeof(*g));

	memset(h, 0, sizeof(*h));
	if (err)
		return err;
	if (g->iovlen > IOV_MAX)
		return -EMSGSIZE;
	if (g->name && g->namelen < 0)
		return -EINVAL;
	if (g->name)
		h->name = use == IOV_READ_BY_KERNEL ? buf_in(GADDR(g->name), at_most((u32)g->namelen, ADDRESS_MAX))
						    : buf_out(GADDR(g->name), at_most((u32)g->namelen, ADDRESS_MAX));
	h->namelen = g->name ? (u32)g->namelen : 0;
	h->iov = (u64)iov;
	h->iovlen = g->iovlen;
	return iov_in(iov, GADDR(g->iov), g->iovlen, use);
}

static long send_message(struct thread *t, s32 fd, gaddr msg, u32 flags)
{
	struct host_iovec iov[IOV_MAX];
	u8 control[CONTROL_MAX] __attribute__((aligned(8)));
	u8 name[SOCKET_NAME_MAX];
	struct guest_msghdr g;
	struct host_msghdr h;
	HOST_PATH(rooted);
	long ret = message_in(&h, &g, msg, iov, IOV_READ_BY_KERNEL);

	if (!ret && rooted_on() && h.name)
		ret = socket_name_in(&rooted, name, h.name, h.namelen, false);
	if (ret < 0)
		return ret;
	if (ret) {
		h.name = (u64)name;
		h.namelen = (u32)ret;
	}
	if (g.control && g.controllen) {
		ret = cmsg_to_host(control, sizeof(control), GADDR(g.control), g.controllen);
		if (ret < 0)
			return ret;
		h.control = (u64)control;
		h.controllen = (u64)ret;
	}
	return guest_blocking_syscall(t, __NR_sendmsg, (u64)fd_to_host(t, fd), (u64)&h, flags, 0, 0, 0);
}

/* A host buffer that holds whatever fits the guest's, headers being longer here. */
static u64 host_control_room(const struct guest_msghdr *g)
{
	u64 room = g->control ? (u64)g->controllen * 2 : 0;

	if (room && room < 64)
		room = 64;
	return room > CONTROL_MAX ? CONTROL_MAX : room;
}

static long receive_message(struct thread *t, s32 fd, gaddr msg, u32 flags)
{
	struct host_iovec iov[IOV_MAX];
	u8 control[CONTROL_MAX] __attribute__((aligned(8)));
	u8 name[SOCKET_NAME_MAX + 1] = {0};
	struct guest_msghdr g;
	struct host_msghdr h;
	bool truncated = false;
	long used = 0, used_name = 0;
	long ret = message_in(&h, &g, msg, iov, IOV_WRITTEN_BY_KERNEL);

	if (ret)
		return ret;
	if (rooted_on() && h.name) {
		h.name = (u64)name;
		h.namelen = SOCKET_NAME_MAX;
	}
	h.controllen = host_control_room(&g);
	h.control = h.controllen ? (u64)control : 0;
	ret = guest_blocking_syscall(t, __NR_recvmsg, (u64)fd_to_host(t, fd), (u64)&h, flags, 0, 0, 0);
	if (ret < 0)
		return ret;
	if (h.control)
		used = cmsg_to_guest(GADDR(g.control), g.controllen, control, h.controllen, &truncated);
	if (used < 0)
		return used;
	if (h.name == (u64)name)
		used_name = socket_name_give(name, h.namelen, GADDR(g.name), (u32)g.namelen, GADDR(0));
	if (used_name < 0)
		return used_name;
	g.namelen = h.name == (u64)name ? (s32)used_name : (s32)h.namelen;
	g.controllen = (u32)used;
	g.flags = h.flags | (truncated ? MSG_CTRUNC : 0);
	/* The pointers are the guest's own; writing them back with the rest changes nothing. */
	return copy_out(msg, &g, sizeof(g)) ? -EFAULT : ret;
}

long sys_sendmsg(struct thread *t, s32 fd, gaddr msg, u32 flags)
{
	return send_message(t, fd, msg, flags);
}

long sys_recvmsg(struct thread *t, s32 fd, gaddr msg, u32 flags)
{
	return receive_message(t, fd, msg, flags);
}

static gaddr message_at(gaddr array, u32 i)
{
	return GADDR(array.va + (u64)i * sizeof(struct guest_mmsghdr));
}

static long put_length(gaddr message, long len)
{
	u32 word = (u32)len;

	return copy_out(GADDR(message.va + offsetof(struct guest_mmsghdr, len)), &word, sizeof(word));
}

long sys_sendmmsg(struct thread *t, s32 fd, gaddr array, u32 n, u32 flags)
{
	u32 i = 0;
	long ret = 0;

	if (n > MESSAGES_MAX)
		n = MESSAGES_MAX;
	for (; i < n && ret >= 0; i++) {
		ret = send_message(t, fd, message_at(array, i), flags);
		if (ret >= 0)
			ret = put_length(message_at(array, i), ret);
		if (ret < 0)
			break;
	}
	return i ? (long)i : ret;
}

static s64 monotonic_ns(void)
{
	struct host_timespec now;

	host_syscall2(__NR_clock_gettime, 1, (u64)&now);
	return now.sec * 1000000000 + now.nsec;
}

/* As in the kernel, the time is looked at only after a message has come. */
static long receive_messages(struct thread *t, s32 fd, gaddr array, u32 n, u32 flags, s64 deadline)
{
	u32 i = 0;
	long ret = 0;

	for (; i < n; i++) {
		ret = receive_message(t, fd, message_at(array, i), flags & ~(u32)MSG_WAITFORONE);
		if (ret >= 0)
			ret = put_length(message_at(array, i), ret);
		if (ret < 0)
			break;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		if (deadline && monotonic_ns() >= deadline)
			return i + 1;
	}
	return i ? (long)i : ret;
}

static long recvmmsg(struct thread *t, s32 fd, gaddr array, u32 n, u32 flags, gaddr timeout, enum time_width width)
{
	struct host_timespec ts;
	s64 deadline, left;
	long ret;

	if (n > MESSAGES_MAX)
		n = MESSAGES_MAX;
	if (!timeout.va)
		return receive_messages(t, fd, array, n, flags, 0);
	if (timespec_in(&ts, timeout, width))
		return -EFAULT;
	if (ts.sec < 0 || ts.nsec < 0 || ts.nsec >= 1000000000)
		return -EINVAL;
	deadline = monotonic_ns() + ts.sec * 1000000000 + ts.nsec;
	ret = receive_messages(t, fd, array, n, flags, deadline);
	if (ret <= 0)
		return ret;
	left = deadline - monotonic_ns();
	ts = left > 0 ? (struct host_timespec){left / 1000000000, left % 1000000000} : (struct host_timespec){0, 0};
	return timespec_out(timeout, &ts, width) ? -EFAULT : ret;
}

long sys_recvmmsg(struct thread *t, s32 fd, gaddr array, u32 n, u32 flags, gaddr timeout)
{
	return recvmmsg(t, fd, array, n, flags, timeout, TIME32);
}

long sys_recvmmsg_time64(struct thread *t, s32 fd, gaddr array, u32 n, u32 flags, gaddr timeout)
{
	return recvmmsg(t, fd, array, n, flags, timeout, TIME64);
}
