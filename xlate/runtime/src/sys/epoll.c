/* epoll: the event structure is aligned on ARM (16 bytes) and packed on x86-64 (12). */
#include "sys/sys.h"

struct host_epoll_event {
	u32 events;
	u64 data;
} __attribute__((packed));

/* More than these do not fit into an address space: EINVAL, as by the kernel. */
#define EVENTS_MAX (0x7fffffff / (s32)sizeof(struct guest_epoll_event))

long sys_epoll_ctl(struct thread *t, s32 epfd, s32 op, s32 fd, gaddr event)
{
	struct guest_epoll_event g;
	struct host_epoll_event h = {0, 0};
	bool has_event = op != 2 /* EPOLL_CTL_DEL */;
	long err = has_event ? copy_in(&g, event, sizeof(g)) : 0;

	if (err)
		return err;
	if (has_event) {
		h.events = g.events;
		h.data = g.data;
	}
	return host_syscall4(__NR_epoll_ctl, (u64)fd_to_host(t, epfd), (u64)op, (u64)fd_to_host(t, fd), (u64)&h);
}

/* The kernel writes into the guest's own array, where a packed event is the shorter one. */
static u64 place_for(gaddr out, s32 n)
{
	return n > 0 ? buf_out(out, (u64)n * sizeof(struct guest_epoll_event)) : ptr_to_host(out);
}

/* Give each of n packed events its place, the last one first: none is written over before it was read. */
static long spread(gaddr out, long n)
{
	struct guest_epoll_event g = {0, 0, 0};
	struct host_epoll_event h;

	for (long i = n; i-- > 0;) {
		if (copy_in(&h, GADDR(out.va + (u64)i * sizeof(h)), sizeof(h)))
			return -EFAULT;
		g.events = h.events;
		g.data = h.data;
		if (copy_out(GADDR(out.va + (u64)i * sizeof(g)), &g, sizeof(g)))
			return -EFAULT;
	}
	return n;
}

static long epoll_pwait(struct thread *t, s32 epfd, gaddr out, s32 n, s32 timeout, const u64 *mask)
{
	if (n > EVENTS_MAX)
		return -EINVAL;
	return spread(out, guest_blocking_syscall(t, __NR_epoll_pwait, (u64)fd_to_host(t, epfd), place_for(out, n),
						  (u64)n, (u64)timeout, (u64)mask, 8));
}

long sys_epoll_wait(struct thread *t, s32 epfd, gaddr out, s32 n, s32 timeout)
{
	return epoll_pwait(t, epfd, out, n, timeout, NULL);
}

long sys_epoll_pwait(struct thread *t, s32 epfd, gaddr out, s32 n, s32 timeout, gaddr set, u32 size)
{
	u64 mask, *mask_host;
	long err = temporary_mask_in(t, set, size, &mask, &mask_host);

	return err ? err : epoll_pwait(t, epfd, out, n, timeout, mask_host);
}

long sys_epoll_pwait2(struct thread *t, s32 epfd, gaddr out, s32 n, gaddr timeout, gaddr set, u32 size)
{
	struct host_timespec ts, *ts_host;
	u64 mask, *mask_host;
	long ret = timespec_in_opt(&ts, &ts_host, timeout, TIME64);

	if (!ret)
		ret = temporary_mask_in(t, set, size, &mask, &mask_host);
	if (!ret && n > EVENTS_MAX)
		ret = -EINVAL;
	if (ret)
		return ret;
	return spread(out, guest_blocking_syscall(t, __NR_epoll_pwait2, (u64)fd_to_host(t, epfd), place_for(out, n),
						  (u64)n, (u64)ts_host, (u64)mask_host, 8));
}
