/* From a decoded unit to host code in a room. */
#ifndef XLATE_TRANSLATE_H
#define XLATE_TRANSLATE_H

#include "code_cache.h"
#include "emit.h"
#include "unit.h"

/* Host code offset where each instruction begins: what a fault's host pc is looked up in. */
struct translated {
	u32 code;  /* bytes */
	u32 cells; /* cells used */
	u32 fixes; /* more than UNIT_FIXES: the code cannot be moved */
	struct fix fix[UNIT_FIXES];
	u16 start[UNIT_INSNS + 1];
	u16 lent[UNIT_INSNS]; /* guest registers whose host register holds an operand instead while it executes */
};

/*
 * The look-up's form; whether polls and accesses to memory are counted (turns.h) instead of the poll word tested; whether
 * scalar arithmetic looks at FPSCR (fp_exact.h).
 */
struct code_form {
	bool flat, counted, modal;
};

/* Write the unit's code and cells. */
void translate(const struct unit *u, struct room *room, struct code_form form, struct translated *out);

#endif
