/*
 * Usage, process times, priorities, and limits in their old form (limits.c keeps them). ARM counts in 32 bits; what does
 * not fit is clamped as a 32-bit kernel does.
 */
#include "sys/sys.h"

#define GUEST_INFINITY 0xffffffffu
#define HOST_INFINITY (~0ull)

static u32 limit_to_guest(u64 v)
{
	return v > GUEST_INFINITY ? GUEST_INFINITY : (u32)v;
}

static u64 limit_to_host(u32 v)
{
	return v == GUEST_INFINITY ? HOST_INFINITY : v;
}

long sys_ugetrlimit(struct thread *t, s32 which, gaddr out)
{
	struct host_rlimit h;
	struct guest_rlimit g;
	long err = limit_get(which, &h);

	(void)t;
	if (err)
		return err;
	g.cur = limit_to_guest(h.cur);
	g.max = limit_to_guest(h.max);
	return copy_out(out, &g, sizeof(g));
}

long sys_setrlimit(struct thread *t, s32 which, gaddr in)
{
	struct guest_rlimit g;
	struct host_rlimit h;
	long err = copy_in(&g, in, sizeof(g));

	(void)t;
	if (err)
		return err;
	h.cur = limit_to_host(g.cur);
	h.max = limit_to_host(g.max);
	return limit_set(which, &h);
}

long rusage_out(gaddr a, const struct host_rusage *ru)
{
	struct guest_rusage g;

	g.utime.sec = (s32)ru->utime.sec;
	g.utime.usec = (s32)ru->utime.usec;
	g.stime.sec = (s32)ru->stime.sec;
	g.stime.usec = (s32)ru->stime.usec;
	for (u32 i = 0; i < ARRAY_LEN(g.counts); i++)
		g.counts[i] = (u32)ru->counts[i];
	return copy_out(a, &g, sizeof(g));
}

/* With --deterministic: one's own virtual time; other processes have none here. */
static struct host_rusage repeatable(const struct thread *t, s32 who)
{
	struct host_rusage ru = {0};
	s64 nsec = 0;

	if (who != -1 /* RUSAGE_CHILDREN */)
		virtual_clock(t, 2 /* CLOCK_PROCESS_CPUTIME_ID */, &ru.utime.sec, &nsec);
	ru.utime.usec = nsec / 1000;
	return ru;
}

long sys_getrusage(struct thread *t, s32 who, gaddr out)
{
	struct host_rusage ru;
	long err = host_syscall2(__NR_getrusage, (u64)who, (u64)&ru);

	if (!err && turns_on())
		ru = repeatable(t, who);
	return err ? err : rusage_out(out, &ru);
}

#define TICK_NS 10000000 /* clock_t counts hundredths */
#define TICKS_PER_SECOND 100

/* Only what ran is processor time; the result counts all. */
static long repeatable_times(const struct thread *t, gaddr out)
{
	struct host_rusage ru = repeatable(t, 0);
	struct guest_tms g = {.utime = (u32)(ru.utime.sec * TICKS_PER_SECOND + ru.utime.usec / (TICK_NS / 1000))};

	if (out.va && copy_out(out, &g, sizeof(g)))
		return -EFAULT;
	return (long)(u32)(virtual_now(t) / TICK_NS);
}

long sys_times(struct thread *t, gaddr out)
{
	u64 h[4];
	struct guest_tms g;
	long ticks;

	if (turns_on())
		return repeatable_times(t, out);
	ticks = host_syscall1(__NR_times, (u64)h);
	if (host_is_error(ticks))
		return ticks;
	g.utime = (u32)h[0];
	g.stime = (u32)h[1];
	g.cutime = (u32)h[2];
	g.cstime = (u32)h[3];
	if (out.va && copy_out(out, &g, sizeof(g)))
		return -EFAULT;
	return (long)(u32)ticks; /* wraps, as a 32-bit clock_t does */
}

/* x86-64 has no nice; the kernel's own is this, with getpriority counting 20 - nice. */
long sys_nice(struct thread *t, s32 increment)
{
	long now = 20 - host_syscall2(__NR_getpriority, 0, 0);
	long err;

	(void)t;
	if (increment < -40)
		increment = -40;
	if (increment > 40)
		increment = 40;
	now += increment;
	if (now < -20)
		now = -20;
	if (now > 19)
		now = 19;
	err = host_syscall3(__NR_setpriority, 0, 0, (u64)now);
	return err == -EACCES ? -EPERM : err;
}
