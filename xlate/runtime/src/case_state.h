/*
 * The state of a case as xlate-insn reads and writes it and as --record writes it down: what a program can see of its
 * processor. The layout is described in xlate/verify/stencil_engine.py.
 */
#ifndef XLATE_CASE_STATE_H
#define XLATE_CASE_STATE_H

#include "types.h"

struct thread;

struct insn_state {
	u32 r[16];
	u8 nf, zf, cf, vf, qf, thumb, itstate, excl_valid;
	u32 ge, svc_imm, excl_addr, fpscr;
	u64 excl_value;
	u64 d[32];
	u32 tpidruro, tpidrurw;
	u32 reserved[8];
};

_Static_assert(sizeof(struct insn_state) == 392, "record layout");

void case_load_state(struct thread *t, const struct insn_state *s);
void case_save_state(struct thread *t, struct insn_state *s);

#endif
