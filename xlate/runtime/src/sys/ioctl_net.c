/* Network interface requests: a name and a union of 16 bytes on ARM, 24 here; lists of them; routes. */
#include "sys/ioctl.h"

#include "sys/sys.h"

#define HOST_IFREQ_SIZE 40
/* Interfaces in one list. */
#define IFCONF_MAX 256

struct host_ifconf {
	s32 len;
	u64 buf;
};

long ioctl_ifreq(s64 fd, u32 request, gaddr arg)
{
	u8 h[HOST_IFREQ_SIZE] = {0};
	long ret = copy_in(h, arg, GUEST_IFREQ_SIZE);

	if (ret)
		return ret;
	ret = host_syscall3(__NR_ioctl, (u64)fd, request, (u64)h);
	if (ret < 0)
		return ret;
	return copy_out(arg, h, GUEST_IFREQ_SIZE) ? -EFAULT : ret;
}

long ioctl_ifconf(s64 fd, gaddr arg)
{
	u8 list[IFCONF_MAX][HOST_IFREQ_SIZE];
	struct guest_ifconf g;
	struct host_ifconf h = {0, 0};
	s32 count;
	long ret = copy_in(&g, arg, sizeof(g));

	if (ret)
		return ret;
	count = g.len < 0 ? 0 : g.len / GUEST_IFREQ_SIZE;
	if (count > IFCONF_MAX)
		count = IFCONF_MAX;
	h.len = count * HOST_IFREQ_SIZE;
	h.buf = g.buf ? (u64)list : 0; /* without a buffer the kernel says how long one would be */
	ret = host_syscall3(__NR_ioctl, (u64)fd, SIOCGIFCONF, (u64)&h);
	if (ret < 0)
		return ret;
	count = h.len / HOST_IFREQ_SIZE;
	for (s32 i = 0; g.buf && i < count; i++)
		if (copy_out(GADDR(g.buf + (u64)i * GUEST_IFREQ_SIZE), list[i], GUEST_IFREQ_SIZE))
			return -EFAULT;
	g.len = count * GUEST_IFREQ_SIZE;
	return copy_out(arg, &g, sizeof(g));
}

struct guest_route {
	u32 pad1;
	u8 addresses[3][16];
	u16 flags;
	s16 pad2;
	u32 pad3, pad4;
	s16 metric;
	u32 dev;
	u32 mtu, window;
	u16 irtt;
};

struct host_route {
	u64 pad1;
	u8 addresses[3][16];
	u16 flags;
	s16 pad2;
	u64 pad3, pad4;
	s16 metric;
	u64 dev;
	u64 mtu, window;
	u16 irtt;
};

long ioctl_route(s64 fd, u32 request, gaddr arg)
{
	struct guest_route g;
	struct host_route h = {0};
	long err = copy_in(&g, arg, sizeof(g));

	if (err)
		return err;
	memcpy(h.addresses, g.addresses, sizeof(h.addresses));
	h.flags = g.flags;
	h.metric = g.metric;
	h.dev = ptr_to_host(GADDR(g.dev));
	h.mtu = g.mtu;
	h.window = g.window;
	h.irtt = g.irtt;
	return host_syscall3(__NR_ioctl, (u64)fd, request, (u64)&h);
}
