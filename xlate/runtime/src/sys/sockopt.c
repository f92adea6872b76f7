/*
 * Socket options. Nearly all values are the same bytes; listed here are those with times, pointers or padding. Packet
 * filter tables (iptables) hold pointers to structures of either width and are refused as a kernel without them would.
 */
#include "sys/sys.h"

enum {
	SOL_SOCKET = 1,
	SO_RCVTIMEO_OLD = 20,
	SO_SNDTIMEO_OLD = 21,
	SO_ATTACH_FILTER = 26,
	SO_PEERCRED = 17,
	SO_ATTACH_REUSEPORT_CBPF = 51,
	IPPROTO_IP = 0,
	IPPROTO_IPV6 = 41,
	MCAST_JOIN_GROUP = 42,
	MCAST_LEAVE_SOURCE_GROUP = 47,
	TABLES_FIRST = 64,
	TABLES_LAST = 69,
	TABLES_LAST_IPV6 = 65, /* above: IPV6_RECVTCLASS and others */
};

struct host_sock_fprog {
	u16 len;
	u64 filter;
};

/* An interface number, then one or two addresses of 128 bytes: aligned on 4 by ARM, on 8 here. */
enum { ADDRESS_SIZE = 128, GROUP_GUEST = 4, GROUP_HOST = 8 };

static bool is_time(s32 level, s32 option)
{
	return level == SOL_SOCKET && (option == SO_RCVTIMEO_OLD || option == SO_SNDTIMEO_OLD);
}

static bool is_filter(s32 level, s32 option)
{
	return level == SOL_SOCKET && (option == SO_ATTACH_FILTER || option == SO_ATTACH_REUSEPORT_CBPF);
}

static bool is_ip(s32 level)
{
	return level == IPPROTO_IP || level == IPPROTO_IPV6;
}

static bool is_group(s32 level, s32 option)
{
	return is_ip(level) && option >= MCAST_JOIN_GROUP && option <= MCAST_LEAVE_SOURCE_GROUP;
}

static bool is_tables(s32 level, s32 option)
{
	return option >= TABLES_FIRST && ((level == IPPROTO_IP && option <= TABLES_LAST) ||
					  (level == IPPROTO_IPV6 && option <= TABLES_LAST_IPV6));
}

static long set_time(s64 fd, s32 option, gaddr value, u32 len)
{
	struct host_timeval tv;

	if ((s32)len < (s32)sizeof(struct guest_timeval))
		return -EINVAL;
	if (timeval32_in(&tv, value))
		return -EFAULT;
	return host_syscall5(__NR_setsockopt, (u64)fd, SOL_SOCKET, (u64)option, (u64)&tv, sizeof(tv));
}

static long set_filter(s64 fd, s32 option, gaddr value, u32 len)
{
	struct guest_sock_fprog g;
	struct host_sock_fprog h = {0, 0};

	if (len != sizeof(g))
		return -EINVAL;
	if (copy_in(&g, value, sizeof(g)))
		return -EFAULT;
	h.len = g.len;
	h.filter = buf_in(GADDR(g.filter), (u64)g.len * 8);
	return host_syscall5(__NR_setsockopt, (u64)fd, SOL_SOCKET, (u64)option, (u64)&h, sizeof(h));
}

static long set_group(s64 fd, s32 level, s32 option, gaddr value, u32 len)
{
	u8 h[GROUP_HOST + 2 * ADDRESS_SIZE] = {0};
	u32 addresses = option <= 45 && option != 43 && option != 44 ? 1 : 2;

	if ((s32)len < (s32)(GROUP_GUEST + addresses * ADDRESS_SIZE))
		return -EINVAL;
	if (copy_in(h, value, 4) || copy_in(h + GROUP_HOST, GADDR(value.va + GROUP_GUEST), addresses * ADDRESS_SIZE))
		return -EFAULT;
	return host_syscall5(__NR_setsockopt, (u64)fd, (u64)level, (u64)option, (u64)h, GROUP_HOST + addresses * ADDRESS_SIZE);
}

long sys_setsockopt(struct thread *t, s32 guest_fd, s32 level, s32 option, gaddr value, u32 len)
{
	s64 fd = fd_to_host(t, guest_fd);

	if (is_time(level, option))
		return set_time(fd, option, value, len);
	if (is_filter(level, option))
		return set_filter(fd, option, value, len);
	if (is_group(level, option))
		return set_group(fd, level, option, value, len);
	if (is_tables(level, option))
		return -ENOPROTOOPT;
	return host_syscall5(__NR_setsockopt, (u64)fd, (u64)level, (u64)option, buf_in(value, len), (u64)(s32)len);
}

static long get_time(s64 fd, s32 option, gaddr value, gaddr len)
{
	struct host_timeval tv;
	struct guest_timeval g;
	s32 host_len = sizeof(tv);
	s32 room;
	long err;

	if (copy_in(&room, len, sizeof(room)))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	err = host_syscall5(__NR_getsockopt, (u64)fd, SOL_SOCKET, (u64)option, (u64)&tv, (u64)&host_len);
	if (err)
		return err;
	g = (struct guest_timeval){(s32)tv.sec, (s32)tv.usec};
	if (room > (s32)sizeof(g))
		room = sizeof(g);
	return copy_out(value, &g, (u64)room) || copy_out(len, &room, sizeof(room)) ? -EFAULT : 0;
}

/* More than any value has, and than may be said by mistake. */
#define VALUE_MAX 65536u

long sys_getsockopt(struct thread *t, s32 guest_fd, s32 level, s32 option, gaddr value, gaddr len)
{
	s64 fd = fd_to_host(t, guest_fd);
	/* SO_GET_FILTER counts instructions of eight bytes. */
	u64 unit = level == SOL_SOCKET && option == SO_ATTACH_FILTER ? 8 : 1;
	u64 room;
	s32 pid;
	long ret;

	if (is_time(level, option))
		return get_time(fd, option, value, len);
	if (is_tables(level, option))
		return -ENOPROTOOPT;
	room = at_most(length_at(len) * unit, VALUE_MAX);
	ret = host_syscall5(__NR_getsockopt, (u64)fd, (u64)level, (u64)option, buf_out(value, room), buf_inout(len, 4));
	if (turns_on() && !ret && level == SOL_SOCKET && option == SO_PEERCRED && !copy_in(&pid, value, sizeof(pid))) {
		pid = (s32)id_out(pid);
		ret = copy_out(value, &pid, sizeof(pid));
	}
	return ret;
}
