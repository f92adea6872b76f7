/* Clocks, sleeps, file times. Calls that exist for 32-bit and 64-bit times share one function that takes the width. */
#include <linux/timex.h>

#include "sys/sys.h"

#include "vdso.h"

static long read_clock(struct thread *t, s32 clock, struct host_timespec *ts)
{
	long err = turns_on() && clock >= 0 ? 0 : vdso_clock_gettime(id_in_clock(clock), ts); /* is there such a clock? */

	return turns_on() && !err ? virtual_clock(t, clock, &ts->sec, &ts->nsec) : err;
}

long sys_clock_gettime(struct thread *t, s32 clock, gaddr out)
{
	struct host_timespec ts;
	long err = read_clock(t, clock, &ts);

	return err ? err : timespec32_out(out, &ts);
}

long sys_clock_gettime64(struct thread *t, s32 clock, gaddr out)
{
	struct host_timespec ts;
	long err = read_clock(t, clock, &ts);

	return err ? err : timespec64_out(out, &ts);
}

long sys_clock_getres(struct thread *t, s32 clock, gaddr out)
{
	struct host_timespec ts;
	long err = host_syscall2(__NR_clock_getres, (u64)(s64)id_in_clock(clock), (u64)&ts);

	(void)t;
	if (err || !out.va)
		return err;
	return timespec32_out(out, &ts);
}

static long set_clock(s32 clock, gaddr in, enum time_width width)
{
	struct host_timespec ts;
	long err = timespec_in(&ts, in, width);

	return err ? err : host_syscall2(__NR_clock_settime, (u64)clock, (u64)&ts);
}

long sys_clock_settime(struct thread *t, s32 clock, gaddr in)
{
	(void)t;
	return set_clock(clock, in, TIME32);
}

long sys_clock_settime64(struct thread *t, s32 clock, gaddr in)
{
	(void)t;
	return set_clock(clock, in, TIME64);
}

/* The rest of an interrupted relative sleep goes to the guest, which may ask for it in its handler's wake. */
static long sleep_on_clock(struct thread *t, s32 clock, u32 flags, gaddr in, gaddr out, enum time_width width)
{
	struct host_timespec request, rest = {0, 0};
	long ret = timespec_in(&request, in, width);

	if (ret)
		return ret;
	ret = guest_blocking_syscall(t, __NR_clock_nanosleep, (u64)clock, flags, (u64)&request, (u64)&rest, 0, 0);
	if (ret == -EINTR && out.va && !(flags & TIMER_ABSTIME) && timespec_out(out, &rest, width))
		return -EFAULT;
	return ret;
}

long sys_nanosleep(struct thread *t, gaddr in, gaddr out)
{
	return sleep_on_clock(t, 1 /* CLOCK_MONOTONIC, as the kernel's nanosleep */, 0, in, out, TIME32);
}

long sys_clock_nanosleep(struct thread *t, s32 clock, u32 flags, gaddr in, gaddr out)
{
	return sleep_on_clock(t, clock, flags, in, out, TIME32);
}

long sys_clock_nanosleep_time64(struct thread *t, s32 clock, u32 flags, gaddr in, gaddr out)
{
	return sleep_on_clock(t, clock, flags, in, out, TIME64);
}

long sys_gettimeofday(struct thread *t, gaddr tv, gaddr tz)
{
	struct host_timespec ts;
	struct host_timeval now;
	long err = tz.va ? host_syscall2(__NR_gettimeofday, 0, buf_out(tz, 8)) : 0;

	if (!err)
		err = read_clock(t, 0 /* CLOCK_REALTIME */, &ts);
	if (err || !tv.va)
		return err;
	now = (struct host_timeval){ts.sec, ts.nsec / 1000};
	return timeval32_out(tv, &now);
}

long sys_settimeofday(struct thread *t, gaddr tv, gaddr tz)
{
	struct host_timeval now;
	long err = tv.va ? timeval32_in(&now, tv) : 0;

	(void)t;
	if (err)
		return err;
	return host_syscall2(__NR_settimeofday, tv.va ? (u64)&now : 0, buf_in(tz, 8));
}

static long set_file_times(struct thread *t, s32 dirfd, gaddr path, const struct host_timespec *times, u32 flags)
{
	GUEST_PATH(p);
	long err = path_in(&p, fd_to_host(t, dirfd), path, PATH_WRITTEN | (flags & AT_SYMLINK_NOFOLLOW ? PATH_NOFOLLOW : PATH_FOLLOW));

	if (err)
		return err;
	return host_syscall4(__NR_utimensat, (u64)fd_to_host(t, dirfd), (u64)p.host, (u64)times, flags);
}

static long set_file_timespecs(struct thread *t, s32 dirfd, gaddr path, gaddr in, u32 flags, enum time_width width)
{
	struct host_timespec times[2];
	u64 size = width == TIME64 ? 16 : 8;
	long err;

	if (!in.va)
		return set_file_times(t, dirfd, path, NULL, flags);
	err = timespec_in(&times[0], in, width);
	if (!err)
		err = timespec_in(&times[1], GADDR(in.va + size), width);
	return err ? err : set_file_times(t, dirfd, path, times, flags);
}

long sys_utimensat(struct thread *t, s32 dirfd, gaddr path, gaddr in, u32 flags)
{
	return set_file_timespecs(t, dirfd, path, in, flags, TIME32);
}

long sys_utimensat_time64(struct thread *t, s32 dirfd, gaddr path, gaddr in, u32 flags)
{
	return set_file_timespecs(t, dirfd, path, in, flags, TIME64);
}

/* Microseconds must be whole seconds' parts: their nanoseconds could mean UTIME_NOW otherwise. */
long sys_futimesat(struct thread *t, s32 dirfd, gaddr path, gaddr in)
{
	struct host_timespec times[2];
	struct host_timeval tv;
	long err;

	if (!in.va)
		return set_file_times(t, dirfd, path, NULL, 0);
	for (u32 i = 0; i < 2; i++) {
		err = timeval32_in(&tv, GADDR(in.va + i * sizeof(struct guest_timeval)));
		if (err)
			return err;
		if (tv.usec < 0 || tv.usec >= 1000000)
			return -EINVAL;
		times[i].sec = tv.sec;
		times[i].nsec = tv.usec * 1000;
	}
	return set_file_times(t, dirfd, path, times, 0);
}

long sys_utimes(struct thread *t, gaddr path, gaddr in)
{
	return sys_futimesat(t, AT_FDCWD, path, in);
}

static void timex_to_host(struct __kernel_timex *h, const struct guest_timex *g)
{
	memset(h, 0, sizeof(*h));
	h->modes = g->modes;
	h->offset = g->offset;
	h->freq = g->freq;
	h->maxerror = g->maxerror;
	h->esterror = g->esterror;
	h->status = g->status;
	h->constant = g->constant;
	h->precision = g->precision;
	h->tolerance = g->tolerance;
	h->time.tv_sec = g->time.sec;
	h->time.tv_usec = g->time.usec;
	h->tick = g->tick;
}

static void timex_to_guest(struct guest_timex *g, const struct __kernel_timex *h)
{
	memset(g, 0, sizeof(*g));
	g->modes = h->modes;
	g->offset = (s32)h->offset;
	g->freq = (s32)h->freq;
	g->maxerror = (s32)h->maxerror;
	g->esterror = (s32)h->esterror;
	g->status = h->status;
	g->constant = (s32)h->constant;
	g->precision = (s32)h->precision;
	g->tolerance = (s32)h->tolerance;
	g->time.sec = (s32)h->time.tv_sec;
	g->time.usec = (s32)h->time.tv_usec;
	g->tick = (s32)h->tick;
	g->ppsfreq = (s32)h->ppsfreq;
	g->jitter = (s32)h->jitter;
	g->shift = h->shift;
	g->stabil = (s32)h->stabil;
	g->jitcnt = (s32)h->jitcnt;
	g->calcnt = (s32)h->calcnt;
	g->errcnt = (s32)h->errcnt;
	g->stbcnt = (s32)h->stbcnt;
	g->tai = h->tai;
}

long sys_clock_adjtime(struct thread *t, s32 clock, gaddr timex)
{
	struct guest_timex g;
	struct __kernel_timex h;
	long err = copy_in(&g, timex, sizeof(g));
	long ret;

	(void)t;
	if (err)
		return err;
	timex_to_host(&h, &g);
	ret = host_syscall2(__NR_clock_adjtime, (u64)clock, (u64)&h);
	if (ret < 0)
		return ret;
	timex_to_guest(&g, &h);
	err = copy_out(timex, &g, sizeof(g));
	return err ? err : ret;
}

long sys_adjtimex(struct thread *t, gaddr timex)
{
	return sys_clock_adjtime(t, 0 /* CLOCK_REALTIME */, timex);
}
