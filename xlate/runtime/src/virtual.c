/*
 * Time and randomness of --deterministic: both come from the seed and from what the guest did. The clock begins at a
 * fixed date; counted places and system calls move it, and sleeps to where they end.
 */
#include "host.h"
#include "string.h"
#include "thread.h"
#include "turns.h"

/* 2024-01-01 00:00 UTC, and a machine that runs for an hour. */
#define EPOCH_SECONDS 1704067200ull
#define UPTIME_SECONDS 3600ull
#define SECOND 1000000000ull

enum { CLOCK_REALTIME = 0, CLOCK_REALTIME_COARSE = 5, CLOCK_REALTIME_ALARM = 8, CLOCK_TAI = 11, CLOCKS = 12 };

static u64 clock_ns; /* at the beginning of the turn under way */
static u64 bytes_state;
static bool bytes_begun;

/* SplitMix64. */
u64 virtual_mix(u64 *state)
{
	u64 x = *state += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

u64 virtual_base(void)
{
	return clock_ns + process.opt.virtual_start;
}

u64 virtual_now(const struct thread *t)
{
	return virtual_base() + (u64)(t->turn.length - t->turn.left) * PLACE_NS;
}

void virtual_add(u64 ns)
{
	clock_ns += ns;
}

void virtual_reach(u64 ns)
{
	if (ns > virtual_base())
		clock_ns = ns - process.opt.virtual_start;
}

/* What has to be added to virtual time. Processor time is all the time there is. */
static u64 beginning(s32 clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_TAI:
		return EPOCH_SECONDS * SECOND;
	case 2: /* CLOCK_PROCESS_CPUTIME_ID */
	case 3: /* CLOCK_THREAD_CPUTIME_ID */
		return 0;
	default:
		return UPTIME_SECONDS * SECOND;
	}
}

long virtual_clock(const struct thread *t, s32 clock, s64 *sec, s64 *nsec)
{
	u64 now = virtual_now(t);

	if (clock >= CLOCKS || clock == 10)
		return -EINVAL;
	now += clock < 0 ? 0 : beginning(clock); /* below 0: the processor time of a process or thread */
	*sec = (s64)(now / SECOND);
	*nsec = (s64)(now % SECOND);
	return 0;
}

u64 virtual_until(const struct thread *t, s32 clock, bool absolute, s64 sec, s64 nsec)
{
	u64 ns = (u64)sec * SECOND + (u64)nsec, from = beginning(clock);

	if (sec < 0)
		return 0;
	if ((u64)sec > TURNS_NEVER / SECOND / 2)
		return TURNS_NEVER;
	if (!absolute)
		return virtual_now(t) + ns;
	return ns > from ? ns - from : 0;
}

void virtual_random(void *bytes, u64 size)
{
	u8 *to = bytes;

	if (!bytes_begun)
		bytes_state = ~process.opt.seed_of_turns;
	bytes_begun = true;
	for (u64 i = 0; i < size; i += sizeof(u64)) {
		u64 x = virtual_mix(&bytes_state);

		memcpy(to + i, &x, size - i < sizeof(x) ? size - i : sizeof(x));
	}
}

void virtual_after_fork(void)
{
	bytes_begun = false;
}
