/*
 * The few x86-64 instructions that glue templates together: moves between registers and the state, jumps, cells.
 * Everything that means something to the guest comes from templates instead.
 */
#ifndef XLATE_EMIT_H
#define XLATE_EMIT_H

#include "code_cache.h"
#include "guest.h"
#include "unit.h"

enum host_reg { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };

/* What in a unit's code depends on where it stands, or its guest's code does. */
enum fix_kind {
	FIX_EXIT,     /* jump through a cell; the n-th exit of a unit has the n-th stub */
	FIX_STUB,     /* what such a cell begins at: lea of the cell, jump to be linked */
	FIX_PREDICT,  /* begin of a prediction, which a look-up follows */
	FIX_CONSTANT, /* 32-bit displacement to the segment's constants */
	FIX_PLUS,     /* 32-bit guest address in it, added */
	FIX_MINUS,    /* subtracted */
};

/* Where: offset from the unit's start. */
struct fix {
	u16 at, kind;
};

/* Most that one unit is expected to have; one with more is not kept. */
#define UNIT_FIXES 512u

struct emitter {
	u8 *base;      /* start of the unit, writable view */
	u64 run;       /* its address when executed */
	u32 at;	       /* offset of the next byte */
	struct room *room;
	u32 cells;     /* cells used */
	struct fix *fix; /* place for UNIT_FIXES */
	u32 fixes;     /* how many there are; more than UNIT_FIXES: not all are known */
};

static inline void put8(struct emitter *e, u8 b)
{
	e->base[e->at++] = b;
}

static inline void put32(struct emitter *e, u32 v)
{
	__builtin_memcpy(e->base + e->at, &v, 4);
	e->at += 4;
}

/* Moves of a guest word: mov dst, src */
void emit_mov(struct emitter *e, u8 dst, u8 src);
/* mov dst, [state + offset] and back */
void emit_load_state(struct emitter *e, u8 dst, u32 offset);
void emit_store_state(struct emitter *e, u32 offset, u8 src);
/* mov dst32, imm */
void emit_const(struct emitter *e, u8 dst, u32 value);
/* mov dst, a guest address */
void emit_word(struct emitter *e, u8 dst, gword address);
/* mov word [state + offset], a guest address, through rax where a word is wider than an immediate; a byte */
void emit_state_word(struct emitter *e, u32 offset, gword address);
void emit_state_const8(struct emitter *e, u32 offset, u8 value);
/* jmp [state + offset] */
void emit_jump_state(struct emitter *e, u32 offset);
/* jmp rel32; returns where the displacement stands. emit_bind makes it land at the next byte. */
u32 emit_jump(struct emitter *e);
void emit_bind(struct emitter *e, u32 displacement_at);
/* jmp rel32 to an offset of the unit */
void emit_jump_to(struct emitter *e, u32 offset);
/* cmp dword [state.pending], 0; jne rel32: returns where the displacement stands */
u32 emit_poll(struct emitter *e);
/* sub dword [state + offset], 1; js rel32: returns where the displacement stands */
u32 emit_count(struct emitter *e, u32 offset);
/* jmp [rip -> cell], lea rdx, [rip -> cell] */
void emit_jump_cell(struct emitter *e, const struct cell *cell);
void emit_lea_cell(struct emitter *e, const struct cell *cell);
/* Look rdx (the key) up and jump: predicted first when a cell is given. */
void emit_predict(struct emitter *e, const struct cell *cell);
/* Bytes of what emit_predict() writes. */
#define PREDICT_SIZE 27u
void emit_lookup(struct emitter *e, bool flat);

/*
 * What precedes every entry that optimised code may call: to the nested dispatcher, rax = state. And the entry that
 * stands in the look-up table for a guest address where one may end; ENTRY_PREFIX bytes each.
 */
#define ENTRY_PREFIX 8u
void emit_nest_prefix(u8 *at);
void emit_hook(u8 *at);

/* Copy a template and fill its holes; host[i] is the register of operand i. Returns offsets of its jump holes in jumps[]. */
u32 emit_template(struct emitter *e, const struct tmpl *t, const struct uop *o, const u8 *host, u32 *jumps);

#endif
