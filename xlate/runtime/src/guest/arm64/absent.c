/*
 * What AArch64 does not have yet, as the dispatcher asks for it: packages, optimised and kept code, --record, profiles,
 * modes of floating point, exclusives, turns, statistics that anybody prints. Each answers as it does for 32-bit ARM
 * where there is nothing.
 */
#include "cpu.h"
#include "monitor.h"
#include "optimised.h"
#include "package.h"
#include "profile.h"
#include "record.h"
#include "stats.h"
#include "stock.h"
#include "thread.h"
#include "turns.h"

struct stats stats_own;
const char entry_end_nest[1]; /* nothing is nested, so nothing goes there */

void guest_attach(struct thread *t)
{
	(void)t;
}

void optimised_init(struct thread *t)
{
	(void)t;
}

bool optimised_ends_nest(struct thread *t, gword target)
{
	(void)t, (void)target;
	return false;
}

bool package_owns(u64 host_pc)
{
	(void)host_pc;
	return false;
}

bool stock_is_on(void)
{
	return false;
}

u64 stock_find(gword key)
{
	(void)key;
	return 0;
}

bool stock_owns(u64 host_pc)
{
	(void)host_pc;
	return false;
}

bool stock_place(u64 host_pc, struct stock_place *p)
{
	(void)host_pc, (void)p;
	return false;
}

bool fpscr_is_modal(void)
{
	return false;
}

u32 fpscr_stop_at(u64 host_pc)
{
	(void)host_pc;
	return STOP_FAULT;
}

void profile_record(gword key)
{
	(void)key;
}

bool record_wants(gword key)
{
	(void)key;
	return false;
}

bool record_arrive(struct thread *t, gword key)
{
	(void)t, (void)key;
	return false;
}

void record_begin(struct thread *t)
{
	(void)t;
}

u64 stats_clock(void)
{
	return 0;
}

void monitor_after_fork(void)
{
}

bool turns_on(void)
{
	return false;
}
