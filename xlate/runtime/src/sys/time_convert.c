/* Times between the guest's two widths and the host's one. What is read is judged by the host kernel, not here. */
#include "sys/sys.h"

struct timespec64 {
	s64 sec;
	u32 nsec;
	u32 pad;
};

long timespec32_in(struct host_timespec *ts, gaddr a)
{
	struct guest_timespec g;
	long err = copy_in(&g, a, sizeof(g));

	ts->sec = g.sec;
	ts->nsec = g.nsec;
	return err;
}

long timespec64_in(struct host_timespec *ts, gaddr a)
{
	struct timespec64 g;
	long err = copy_in(&g, a, sizeof(g));

	ts->sec = g.sec;
	ts->nsec = (s32)g.nsec;
	return err;
}

long timespec32_out(gaddr a, const struct host_timespec *ts)
{
	struct guest_timespec g = {(s32)ts->sec, (s32)ts->nsec};

	return copy_out(a, &g, sizeof(g));
}

long timespec64_out(gaddr a, const struct host_timespec *ts)
{
	return copy_out(a, ts, sizeof(*ts));
}

long timeval32_in(struct host_timeval *tv, gaddr a)
{
	struct guest_timeval g;
	long err = copy_in(&g, a, sizeof(g));

	tv->sec = g.sec;
	tv->usec = g.usec;
	return err;
}

long timeval32_out(gaddr a, const struct host_timeval *tv)
{
	struct guest_timeval g = {(s32)tv->sec, (s32)tv->usec};

	return copy_out(a, &g, sizeof(g));
}

long timespec_in(struct host_timespec *ts, gaddr a, enum time_width width)
{
	return width == TIME64 ? timespec64_in(ts, a) : timespec32_in(ts, a);
}

long timespec_out(gaddr a, const struct host_timespec *ts, enum time_width width)
{
	return width == TIME64 ? timespec64_out(a, ts) : timespec32_out(a, ts);
}

long timespec_in_opt(struct host_timespec *ts, struct host_timespec **host, gaddr a, enum time_width width)
{
	*host = a.va ? ts : NULL;
	return a.va ? timespec_in(ts, a, width) : 0;
}
