/* epoll: the event structure is aligned on ARM (16 bytes) and packed on x86-64 (12). */
#include "sys/sys.h"

struct host_epoll_event {
	u32 events;
	u64 data;
} __attribute__((packed));

/* Events fetched at a time; a guest that asks for more gets the rest with its next call. */
#define EVENTS_MAX 512

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

static s32 clamp_events(s32 n)
{
	return n > EVENTS_MAX ? EVENTS_MAX : n;
}

static long events_out(gaddr out, const struct host_epoll_event *events, long n)
{
	struct guest_epoll_event g = {0, 0, 0};

	for (long i = 0; i < n; i++) {
		g.events = events[i].events;
		g.data = events[i].data;
		if (copy_out(GADDR(out.va + (u64)i * sizeof(g)), &g, sizeof(g)))
			return i ? i : -EFAULT;
	}
	return n;
}

static long epoll_pwait(struct thread *t, s32 epfd, gaddr out, s32 n, s32 timeout, const u64 *mask)
{
	struct host_epoll_event events[EVENTS_MAX];
	long ret = guest_blocking_syscall(t, __NR_epoll_pwait, (u64)fd_to_host(t, epfd), (u64)events, (u64)clamp_events(n),
					  (u64)timeout, (u64)mask, 8);

	return events_out(out, events, ret);
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
	struct host_epoll_event events[EVENTS_MAX];
	struct host_timespec ts, *ts_host;
	u64 mask, *mask_host;
	long ret = timespec_in_opt(&ts, &ts_host, timeout, TIME64);

	if (!ret)
		ret = temporary_mask_in(t, set, size, &mask, &mask_host);
	if (ret)
		return ret;
	ret = guest_blocking_syscall(t, __NR_epoll_pwait2, (u64)fd_to_host(t, epfd), (u64)events, (u64)clamp_events(n),
				     (u64)ts_host, (u64)mask_host, 8);
	return events_out(out, events, ret);
}
