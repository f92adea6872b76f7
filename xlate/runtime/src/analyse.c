/*
 * Which flags are alive where, and which predicated instructions share one test.
 *
 * Flags count as alive wherever the unit is left; only for a loop to its own start it is known which are read there.
 * A fault, or a signal at a loop's poll, may so find flags in the state that nobody can read before they are written
 * again (docs/decisions/0003).
 */
#include "unit.h"

static const u8 cond_flags[7] = {
	FLAG_Z, FLAG_C, FLAG_N, FLAG_V, FLAG_C | FLAG_Z, FLAG_N | FLAG_V, FLAG_N | FLAG_V | FLAG_Z,
};

static u8 flags_written(const struct unit *u, const struct insn *in)
{
	u8 all = 0;

	for (int i = 0; i < in->count; i++) {
		u16 family = u->uop[in->first + i].family;

		if (family != NO_FAMILY)
			all |= families[family].flags_written;
	}
	return all;
}

/* Consecutive instructions under one condition are one region, as long as none of them changes the flags. */
static void find_regions(struct unit *u)
{
	u8 open = COND_AL; /* condition of the region that reaches here */
	bool opposite = false;

	for (int i = 0; i < u->insns; i++) {
		struct insn *in = &u->insn[i];

		in->test = TEST_NONE;
		if (in->cond == COND_AL) {
			open = COND_AL;
			continue;
		}
		if (open == COND_AL) {
			in->test = TEST_OPEN;
			opposite = false;
		} else if (in->cond == (open ^ 1) && !opposite) {
			in->test = TEST_ELSE;
			opposite = true;
		} else if (in->cond != open) {
			in->test = TEST_OPEN;
			opposite = false;
		}
		open = flags_written(u, in) ? COND_AL : in->cond;
	}
}

static bool loops(const struct unit *u, const struct uop *o)
{
	return (o->exit == EXIT_JUMP || o->exit == EXIT_BRANCH) && o->target == (u->start | u->thumb) && !u->start_it;
}

/* One pass backwards; `at_start` are the flags alive where a loop to the unit's own start arrives. */
static u8 live_flags(struct unit *u, u8 at_start, bool *looped)
{
	u8 live = FLAGS_ALL;

	for (int i = u->insns - 1; i >= 0; i--) {
		struct insn *in = &u->insn[i];

		for (int k = in->count - 1; k >= 0; k--) {
			struct uop *o = &u->uop[in->first + k];
			const struct family *f = &families[o->family];
			u8 on_exit = o->exit == EXIT_NONE && !o->writes_pc ? 0 : FLAGS_ALL;

			if (loops(u, o)) {
				on_exit = at_start;
				*looped = true;
			}
			/* what always goes elsewhere does not care for what follows here */
			live = o->exit == EXIT_JUMP && in->cond == COND_AL ? on_exit : live | on_exit;
			if (o->family == NO_FAMILY)
				continue;
			o->live = live;
			if (in->cond == COND_AL)
				live &= ~f->flags_written;
			live |= f->flags_read;
		}
		in->live_skipped = live;
		if (in->test == TEST_OPEN)
			live |= cond_flags[in->cond >> 1];
	}
	return live;
}

void unit_analyse(struct unit *u)
{
	bool looped = false;
	u8 at_start = 0, live;

	find_regions(u);
	/* the least fixed point: it grows by at least one of four flags a round */
	while ((live = live_flags(u, at_start, &looped)) != at_start && looped)
		at_start = live;
}
