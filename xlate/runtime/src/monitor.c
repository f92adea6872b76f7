/* A version is even, odd while an exclusive store of some thread holds it, and moves on by two with each of them. */
#include "monitor.h"

#include "thread.h"

#define VERSIONS (MONITORS_SIZE / sizeof(u64))

#define LOCK_PREFIX 0xf0
#define PREFIXES 2 /* %gs is the other one */

static u64 versions[VERSIONS];

static u32 index_of(gaddr a)
{
	return (u32)(a.va & (MONITORS_SIZE - 1)) / sizeof(u64);
}

void monitor_attach(struct thread *t)
{
	t->cpu.monitors = (u64)versions;
}

u64 monitor_version(gaddr a)
{
	return versions[index_of(a)];
}

static void move_on(u64 *version)
{
	__atomic_store_n(version, (*version | 1) + 1, __ATOMIC_RELEASE);
}

/* Of translated code's accesses to guest memory only those of exclusive stores are locked. async-signal-safe */
void monitor_release(const u8 *code, u64 addr)
{
	for (u32 i = 0; i < PREFIXES; i++)
		if (code[i] == LOCK_PREFIX)
			move_on(&versions[index_of(GADDR(addr))]);
}

void monitor_after_fork(void)
{
	for (u32 i = 0; i < VERSIONS; i++)
		if (versions[i] & 1)
			move_on(&versions[i]);
}

void monitor_disturb(u64 which)
{
	for (u32 i = 0; i < VERSIONS; i++) {
		u64 seen = __atomic_load_n(&versions[i], __ATOMIC_RELAXED);

		if (!(seen & 1) && which >> (i % 64) & 1)
			__atomic_compare_exchange_n(&versions[i], &seen, seen + 2, false, __ATOMIC_RELAXED,
						    __ATOMIC_RELAXED);
	}
}
