/* POSIX message queues: attributes are longs, notification and timeouts are converted as elsewhere. */
#include "sys/sys.h"

struct host_mq_attr {
	s64 flags, maxmsg, msgsize, curmsgs;
	s64 reserved[4];
};

static long attr_in(struct host_mq_attr *h, gaddr a)
{
	struct guest_mq_attr g;
	long err = copy_in(&g, a, sizeof(g));

	memset(h, 0, sizeof(*h));
	h->flags = g.flags;
	h->maxmsg = g.maxmsg;
	h->msgsize = g.msgsize;
	h->curmsgs = g.curmsgs;
	return err;
}

static long attr_out(gaddr a, const struct host_mq_attr *h)
{
	struct guest_mq_attr g = {(s32)h->flags, (s32)h->maxmsg, (s32)h->msgsize, (s32)h->curmsgs, {0}};

	return copy_out(a, &g, sizeof(g));
}

long sys_mq_open(struct thread *t, gaddr name, u32 flags, u32 mode, gaddr attr)
{
	struct host_mq_attr h;
	long err = attr.va ? attr_in(&h, attr) : 0;

	(void)t;
	if (err)
		return err;
	return host_syscall4(__NR_mq_open, ptr_to_host(name), open_flags_to_host(flags), mode, attr.va ? (u64)&h : 0);
}

long sys_mq_getsetattr(struct thread *t, s32 fd, gaddr in, gaddr out)
{
	struct host_mq_attr new, old;
	long err = in.va ? attr_in(&new, in) : 0;

	if (!err)
		err = host_syscall3(__NR_mq_getsetattr, (u64)fd_to_host(t, fd), in.va ? (u64)&new : 0, (u64)&old);
	if (err || !out.va)
		return err;
	return attr_out(out, &old);
}

static long timedsend(struct thread *t, s32 fd, gaddr msg, u32 len, u32 prio, gaddr timeout, enum time_width width)
{
	struct host_timespec ts, *ts_host;
	long err = timespec_in_opt(&ts, &ts_host, timeout, width);

	if (err)
		return err;
	return guest_blocking_syscall(t, __NR_mq_timedsend, (u64)fd_to_host(t, fd), buf_in(msg, len), len, prio, (u64)ts_host, 0);
}

static long timedreceive(struct thread *t, s32 fd, gaddr msg, u32 len, gaddr prio, gaddr timeout, enum time_width width)
{
	struct host_timespec ts, *ts_host;
	long err = timespec_in_opt(&ts, &ts_host, timeout, width);

	if (err)
		return err;
	return guest_blocking_syscall(t, __NR_mq_timedreceive, (u64)fd_to_host(t, fd), buf_out(msg, len), len, buf_out(prio, 4),
				      (u64)ts_host, 0);
}

long sys_mq_timedsend(struct thread *t, s32 fd, gaddr msg, u32 len, u32 prio, gaddr timeout)
{
	return timedsend(t, fd, msg, len, prio, timeout, TIME32);
}

long sys_mq_timedsend_time64(struct thread *t, s32 fd, gaddr msg, u32 len, u32 prio, gaddr timeout)
{
	return timedsend(t, fd, msg, len, prio, timeout, TIME64);
}

long sys_mq_timedreceive(struct thread *t, s32 fd, gaddr msg, u32 len, gaddr prio, gaddr timeout)
{
	return timedreceive(t, fd, msg, len, prio, timeout, TIME32);
}

long sys_mq_timedreceive_time64(struct thread *t, s32 fd, gaddr msg, u32 len, gaddr prio, gaddr timeout)
{
	return timedreceive(t, fd, msg, len, prio, timeout, TIME64);
}

long sys_mq_notify(struct thread *t, s32 fd, gaddr event)
{
	struct host_sigevent ev;
	long err = event.va ? sigevent_in(&ev, event) : 0;

	if (err)
		return err;
	return host_syscall2(__NR_mq_notify, (u64)fd_to_host(t, fd), event.va ? (u64)&ev : 0);
}
