/*
 * From guest bytes to a unit: fetches instructions, finds their rows, lets the generated row functions append
 * micro-operations, keeps ITSTATE. Where a unit ends is decided here.
 */
#include "cpu.h"
#include "guest.h"
#include "memory.h"
#include "thread.h"
#include "unit.h"

static inline const struct row *find_row(const struct row *rows, const u16 *candidate, u32 w)
{
	for (; *candidate != 0xffff; candidate++)
		if ((w & rows[*candidate].mask) == rows[*candidate].value)
			return &rows[*candidate];
	return NULL;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-variable"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wtype-limits"
#ifdef GUEST_ARM64
#include "guest/arm64/decode_imm.h"
#include "gen/decode_arm64.inc"
#else
#include "guest/arm32/decode_imm.h"
#include "gen/decode_arm32.inc"
#endif
#pragma GCC diagnostic pop

#ifdef GUEST_ARM64
#include "guest/arm64/fetch.h"
#else
#include "guest/arm32/fetch.h"
#endif

static u8 it_advance(u8 it)
{
	return it & 7 ? (u8)((it & 0xe0) | (it << 1 & 0x1f)) : 0;
}

/* Appends an exit that stops with an undefined instruction at pc. */
static void append_undefined(struct unit *u)
{
	struct uop *o = uop_new(u, NO_FAMILY);

	o->exit = EXIT_STOP;
	o->detail = DETAIL_UNDEFINED;
	o->target = u->pc;
}

static bool writes_pc(const struct uop *o)
{
	const struct family *f = &families[o->family];

	for (int i = 0; i < f->operands; i++)
		if (o->reg[i] == GUEST_PC_OPERAND && f->writes >> i & 1)
			return true;
	return false;
}

static void decode_one(struct unit *u, u32 word, u8 size)
{
	struct insn *in = &u->insn[u->insns++];
	const struct row *row = decode_find(u->thumb, word, size);
	u16 first = u->uops;

	in->pc = u->pc;
	in->size = size;
	in->it = u->it;
	in->first = first;
	in->cond = u->it ? u->it >> 4 : COND_AL;
	if (row && row->cond_at != NO_COND)
		in->cond = word >> row->cond_at & 15;
	if (in->cond == 15)
		in->cond = COND_AL;
	u->refused = !row;
	if (row && u->it && (row->cond_at != NO_COND || row->kind == ROW_IT)) {
		row = NULL; /* a conditional branch or IT inside an IT block is unpredictable: refused */
		in->cond = COND_AL;
	}
	if (row && row->kind == ROW_ALWAYS)
		in->cond = COND_AL;
	u->refused = !row;
	if (row)
		row->decode(u, word);
	if (row && row->kind == ROW_IT && !u->refused) {
		u->it = word & 0xff;
		in->cond = COND_AL;
		in->count = 0;
		return;
	}
	if (u->refused) {
		u->uops = first;
		append_undefined(u);
	}
	in->count = u->uops - first;
	for (u16 i = first; i < u->uops; i++)
		if (u->uop[i].family != NO_FAMILY)
			u->uop[i].writes_pc = writes_pc(&u->uop[i]);
	u->it = it_advance(u->it);
}

/* The instruction always goes somewhere else. */
static bool ends(const struct unit *u, const struct insn *in)
{
	const struct uop *last = &u->uop[in->first + in->count - 1];

	if (!in->count || in->cond != COND_AL)
		return false;
	return last->exit == EXIT_JUMP || last->exit == EXIT_INDIRECT || last->exit == EXIT_STOP || last->writes_pc;
}

static bool leaves(const struct unit *u, const struct insn *in)
{
	const struct uop *last = &u->uop[in->first + in->count - 1];

	return in->count && (last->exit != EXIT_NONE || last->writes_pc);
}

/* Bytes from pc that can be fetched, as far as a unit can reach: mapped, and not behind the end of their file. */
static u64 fetchable_bytes(gword pc)
{
	u64 have = mem_fetchable(GADDR(pc), UNIT_SPAN + 4 * UNIT_INSNS);
	u8 byte;

	for (u64 at = pc; at < pc + have; at = page_floor(at) + PAGE_SIZE)
		if (copy_in(&byte, GADDR(at), 1))
			return at - pc;
	return have;
}

void unit_decode(struct unit *u, gword pc, bool thumb, u8 it)
{
	u64 fetchable = fetchable_bytes(pc);
	u32 side_exits = 0;

	u->pc = u->start = pc;
	u->thumb = thumb;
	u->it = u->start_it = it;
	u->insns = u->uops = 0;
	for (;;) {
		u32 word;
		u8 size = fetch(u->pc, thumb, fetchable - (u->pc - pc), &word);
		const struct insn *in = &u->insn[u->insns];

		if (!size)
			break;
		decode_one(u, word, size);
		u->pc += size;
		if (ends(u, in))
			break;
		side_exits += leaves(u, in);
		if (u->it && u->insns < UNIT_INSNS)
			continue; /* an IT block is not cut */
		if (process.opt.singlestep)
			break;
		if (side_exits >= UNIT_SIDE_EXITS || u->insns > UNIT_INSNS - 5 || u->uops > UNIT_UOPS - UNIT_UOPS_ROOM)
			break;
		if (u->pc - u->start >= UNIT_SPAN)
			break;
	}
	u->end = u->pc;
}

bool unit_closed(const struct unit *u)
{
	return u->insns && ends(u, &u->insn[u->insns - 1]);
}
