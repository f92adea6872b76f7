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
enum { CLOCK_PROCESS_CPUTIME = 2, CLOCK_THREAD_CPUTIME = 3 };

static u64 clock_ns; /* at the beginning of the turn under way */
static u64 spent_ns; /* of it, what threads did */
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

/* Since the beginning of the turn under way. */
static u64 of_this_turn(const struct thread *t)
{
	return (u64)(t->turn.length - t->turn.left) * PLACE_NS;
}

u64 virtual_now(const struct thread *t)
{
	return virtual_base() + of_this_turn(t);
}

void virtual_add(struct thread *t, u64 ns)
{
	clock_ns += ns;
	spent_ns += ns;
	t->turn.spent += ns;
}

void virtual_reach(u64 ns)
{
	if (ns > virtual_base())
		clock_ns = ns - process.opt.virtual_start;
}

/* What has to be added to virtual time. */
static u64 beginning(s32 clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_TAI:
		return EPOCH_SECONDS * SECOND;
	default:
		return UPTIME_SECONDS * SECOND;
	}
}

/* Below 0 a clock is of the process or (bit 2) thread whose number stands in it, inverted; others' stand still here. */
static u64 processor_time(const struct thread *t, s32 clock)
{
	bool of_thread = clock == CLOCK_THREAD_CPUTIME || (clock < 0 && clock & 4);
	s32 id = clock < 0 ? ~(clock >> 3) : 0;
	u64 now = 0;
	HOLD_LOCK;

	if (!of_thread)
		return !id || id_in(id) == t->group->pid ? spent_ns + of_this_turn(t) : 0;
	for (const struct thread *u = world_next(NULL); u; u = world_next(u))
		if (id ? thread_id(u) == id : u == t)
			now = u->turn.spent + (u == t ? of_this_turn(t) : 0);
	return now;
}

long virtual_clock(const struct thread *t, s32 clock, s64 *sec, s64 *nsec)
{
	u64 now;

	if (clock >= CLOCKS || clock == 10)
		return -EINVAL;
	if (clock < 0 || clock == CLOCK_PROCESS_CPUTIME || clock == CLOCK_THREAD_CPUTIME)
		now = processor_time(t, clock);
	else
		now = virtual_now(t) + beginning(clock);
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
		bytes_state = ~process.opt.order_seed;
	bytes_begun = true;
	for (u64 i = 0; i < size; i += sizeof(u64)) {
		u64 x = virtual_mix(&bytes_state);

		memcpy(to + i, &x, size - i < sizeof(x) ? size - i : sizeof(x));
	}
}

void virtual_after_fork(void)
{
	bytes_begun = false;
	spent_ns = 0;
}
