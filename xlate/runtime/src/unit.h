/* A unit of translation while it is being made: decoded instructions and their micro-operations. */
#ifndef XLATE_UNIT_H
#define XLATE_UNIT_H

#include "stencil.h"
#include "tunables.h"

/* How an instruction's condition is tested. */
enum test {
	TEST_NONE,  /* always executed, or inside the region its predecessor opened */
	TEST_OPEN,  /* opens a region: skip to its end unless the condition holds */
	TEST_ELSE,  /* opens the opposite of the region that ends here */
};

struct insn {
	gword pc;
	u16 first; /* its micro-operations: first..first+count */
	u16 count;
	u8 size;   /* bytes */
	u8 cond;   /* COND_AL: always */
	u8 it;	   /* ITSTATE of this instruction, 0 outside IT blocks */
	u8 test;   /* enum test */
	u8 live_skipped; /* flags live at its test, without what the test itself reads */
};

struct unit {
	/* what the generated row functions read and write */
	gword pc; /* of the instruction being decoded */
	u8 it;	/* its ITSTATE */
	bool thumb;
	bool refused; /* the row refused */

	gword start;
	gword end; /* behind the last instruction */
	u8 start_it;
	u16 insns, uops;
	struct insn insn[UNIT_INSNS];
	struct uop uop[UNIT_UOPS];
};

static inline struct uop *uop_new(struct unit *u, u16 family)
{
	struct uop *o = &u->uop[u->uops++];

	o->family = family;
	o->exit = EXIT_NONE;
	o->writes_pc = false;
	o->address = false;
	return o;
}

static inline void uop_refuse(struct unit *u)
{
	u->refused = true;
}

typedef void row_fn(struct unit *u, u32 word);

struct row {
	u32 mask, value;
	row_fn *decode;
	u8 cond_at; /* lowest bit of its condition field, 0xff: none */
	u8 kind;    /* enum row_kind */
};

enum row_kind {
	ROW_PLAIN,
	ROW_IT,	    /* begins an IT block */
	ROW_ALWAYS, /* executes in an IT block whatever its condition */
};

#define NO_COND 0xff

/* The narrowest row that matches w, or NULL for a gap. */
const struct row *decode_find(bool thumb, u32 w, u8 size);

extern const struct family families[];
extern const struct tmpl templates[];
extern const u8 template_code[], template_holes[], template_constants[];
extern const u32 template_constants_size;
extern const u16 variants[];
extern const u16 skip_family[FUSED_CONDITIONS];

/* Decode from pc until something ends the unit; 0 instructions: the first byte cannot be fetched. */
void unit_decode(struct unit *u, gword pc, bool thumb, u8 it);
/* Regions of predicated instructions, then live flags backwards. */
void unit_analyse(struct unit *u);
/* True when control never falls out of the unit's last instruction. */
bool unit_closed(const struct unit *u);

#endif
