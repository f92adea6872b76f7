/* From a decoded unit to host code in a room. */
#ifndef XLATE_TRANSLATE_H
#define XLATE_TRANSLATE_H

#include "code_cache.h"
#include "unit.h"

/* Host code offset where each instruction begins: what a fault's host pc is looked up in. */
struct translated {
	u32 code;  /* bytes */
	u32 cells; /* cells used */
	u16 start[UNIT_INSNS + 1];
	u16 lent[UNIT_INSNS]; /* guest registers whose host register holds an operand instead while it executes */
};

/* Write the unit's code and cells. `flat` chooses the look-up form. */
void translate(const struct unit *u, struct room *room, bool flat, struct translated *out);

#endif
