/* Timers: interval timers, POSIX timers, timer descriptors. */
#include "sys/sys.h"

struct host_itimerval {
	struct host_timeval interval, value;
};

struct host_itimerspec {
	struct host_timespec interval, value;
};

static long itimerval_out(gaddr a, const struct host_itimerval *it)
{
	long err = timeval32_out(a, &it->interval);

	return err ? err : timeval32_out(GADDR(a.va + sizeof(struct guest_timeval)), &it->value);
}

long sys_getitimer(struct thread *t, s32 which, gaddr out)
{
	struct host_itimerval it;
	long err = host_syscall2(__NR_getitimer, (u64)which, (u64)&it);

	(void)t;
	return err ? err : itimerval_out(out, &it);
}

long sys_setitimer(struct thread *t, s32 which, gaddr in, gaddr out)
{
	struct host_itimerval new = {{0, 0}, {0, 0}}, old;
	long err = 0;

	(void)t;
	if (in.va) {
		err = timeval32_in(&new.interval, in);
		if (!err)
			err = timeval32_in(&new.value, GADDR(in.va + sizeof(struct guest_timeval)));
	}
	if (!err)
		err = host_syscall3(__NR_setitimer, (u64)which, (u64)&new, (u64)&old);
	if (err || !out.va)
		return err;
	return itimerval_out(out, &old);
}

static u64 half_size(enum time_width width)
{
	return width == TIME64 ? 16 : 8;
}

static long itimerspec_in(struct host_itimerspec *it, gaddr a, enum time_width width)
{
	long err = timespec_in(&it->interval, a, width);

	return err ? err : timespec_in(&it->value, GADDR(a.va + half_size(width)), width);
}

static long itimerspec_out(gaddr a, const struct host_itimerspec *it, enum time_width width)
{
	long err = timespec_out(a, &it->interval, width);

	return err ? err : timespec_out(GADDR(a.va + half_size(width)), &it->value, width);
}

/* timer_settime and timerfd_settime, of either width. */
static long settime(long nr, s64 id, u32 flags, gaddr in, gaddr out, enum time_width width)
{
	struct host_itimerspec new, old;
	long err;

	if (!in.va)
		return nr == __NR_timer_settime ? -EINVAL : -EFAULT;
	err = itimerspec_in(&new, in, width);
	if (!err)
		err = host_syscall4(nr, (u64)id, flags, (u64)&new, (u64)&old);
	if (err || !out.va)
		return err;
	return itimerspec_out(out, &old, width);
}

long sys_timer_settime(struct thread *t, s32 id, u32 flags, gaddr in, gaddr out)
{
	(void)t;
	return settime(__NR_timer_settime, id, flags, in, out, TIME32);
}

long sys_timer_settime64(struct thread *t, s32 id, u32 flags, gaddr in, gaddr out)
{
	(void)t;
	return settime(__NR_timer_settime, id, flags, in, out, TIME64);
}

long sys_timerfd_settime(struct thread *t, s32 fd, u32 flags, gaddr in, gaddr out)
{
	return settime(__NR_timerfd_settime, fd_to_host(t, fd), flags, in, out, TIME32);
}

long sys_timerfd_settime64(struct thread *t, s32 fd, u32 flags, gaddr in, gaddr out)
{
	return settime(__NR_timerfd_settime, fd_to_host(t, fd), flags, in, out, TIME64);
}

long sys_timer_gettime(struct thread *t, s32 id, gaddr out)
{
	struct host_itimerspec it;
	long err = host_syscall2(__NR_timer_gettime, (u64)id, (u64)&it);

	(void)t;
	return err ? err : itimerspec_out(out, &it, TIME32);
}

long sys_timerfd_gettime(struct thread *t, s32 fd, gaddr out)
{
	struct host_itimerspec it;
	long err = host_syscall2(__NR_timerfd_gettime, (u64)fd_to_host(t, fd), (u64)&it);

	return err ? err : itimerspec_out(out, &it, TIME32);
}

long sys_timer_create(struct thread *t, s32 clock, gaddr event, gaddr id)
{
	struct host_sigevent ev;
	long err = event.va ? sigevent_in(&ev, event) : 0;

	(void)t;
	if (err)
		return err;
	return host_syscall3(__NR_timer_create, (u64)clock, event.va ? (u64)&ev : 0, buf_out(id, 4));
}
