/* Writes glue instructions and copies templates into a unit's room. */
#include "emit.h"

#include "string.h"

static void note_fix(struct emitter *e, u32 at, enum fix_kind kind)
{
	if (e->fixes < UNIT_FIXES)
		e->fix[e->fixes] = (struct fix){(u16)at, (u16)kind};
	e->fixes++;
}

static void cannot_move(struct emitter *e)
{
	e->fixes = UNIT_FIXES + 1;
}

static void rex(struct emitter *e, bool wide, u8 reg, u8 rm)
{
	u8 b = 0x40 | (u8)(wide << 3) | (u8)((reg >> 3) << 2) | (rm >> 3);

	if (b != 0x40)
		put8(e, b);
}

/* ModRM and SIB of [r12 + offset] */
static void state_operand(struct emitter *e, u8 reg, u32 offset)
{
	bool near = offset < 128;

	put8(e, (near ? 0x44 : 0x84) | (u8)((reg & 7) << 3));
	put8(e, 0x24);
	if (near)
		put8(e, (u8)offset);
	else
		put32(e, offset);
}

void emit_mov(struct emitter *e, u8 dst, u8 src)
{
	rex(e, GUEST_WIDE, src, dst);
	put8(e, 0x89);
	put8(e, 0xc0 | (u8)((src & 7) << 3) | (dst & 7));
}

void emit_load_state(struct emitter *e, u8 dst, u32 offset)
{
	rex(e, GUEST_WIDE, dst, R12);
	put8(e, 0x8b);
	state_operand(e, dst, offset);
}

void emit_store_state(struct emitter *e, u32 offset, u8 src)
{
	rex(e, GUEST_WIDE, src, R12);
	put8(e, 0x89);
	state_operand(e, src, offset);
}

void emit_const(struct emitter *e, u8 dst, u32 value)
{
	rex(e, false, 0, dst);
	put8(e, 0xb8 | (dst & 7));
	put32(e, value);
}

void emit_word(struct emitter *e, u8 dst, gword address)
{
	rex(e, GUEST_WIDE, 0, dst);
	put8(e, 0xb8 | (dst & 7));
	note_fix(e, e->at, FIX_PLUS);
	__builtin_memcpy(e->base + e->at, &address, sizeof(address));
	e->at += sizeof(address);
}

void emit_state_word(struct emitter *e, u32 offset, gword address)
{
	if (GUEST_WIDE) {
		emit_word(e, RAX, address);
		emit_store_state(e, offset, RAX);
		return;
	}
	rex(e, false, 0, R12);
	put8(e, 0xc7);
	state_operand(e, 0, offset);
	note_fix(e, e->at, FIX_PLUS);
	put32(e, (u32)address);
}

void emit_state_const8(struct emitter *e, u32 offset, u8 value)
{
	rex(e, false, 0, R12);
	put8(e, 0xc6);
	state_operand(e, 0, offset);
	put8(e, value);
}

void emit_jump_state(struct emitter *e, u32 offset)
{
	rex(e, false, 0, R12);
	put8(e, 0xff);
	state_operand(e, 4, offset);
}

u32 emit_jump(struct emitter *e)
{
	put8(e, 0xe9);
	put32(e, 0);
	return e->at - 4;
}

void emit_bind(struct emitter *e, u32 displacement_at)
{
	u32 distance = e->at - (displacement_at + 4);

	__builtin_memcpy(e->base + displacement_at, &distance, 4);
}

void emit_jump_to(struct emitter *e, u32 offset)
{
	put8(e, 0xe9);
	put32(e, offset - (e->at + 4));
}

/* Returns where its distance stands, to be filled in. */
static u32 jump_if(struct emitter *e, u8 condition)
{
	put8(e, 0x0f);
	put8(e, condition);
	put32(e, 0);
	return e->at - 4;
}

u32 emit_poll(struct emitter *e)
{
	rex(e, false, 0, R12);
	put8(e, 0x83); /* cmp dword [r12 + pending], 0 */
	state_operand(e, 7, STATE_PENDING);
	put8(e, 0);
	return jump_if(e, 0x85); /* jne */
}

u32 emit_count(struct emitter *e, u32 offset)
{
	rex(e, false, 0, R12);
	put8(e, 0x83);
	state_operand(e, 5, offset);
	put8(e, 1);
	return jump_if(e, 0x88); /* js */
}

static void rip_operand(struct emitter *e, u8 reg, const void *target)
{
	put8(e, 0x05 | (u8)((reg & 7) << 3));
	put32(e, (u32)((u64)target - (e->run + e->at + 4)));
}

void emit_jump_cell(struct emitter *e, const struct cell *cell)
{
	note_fix(e, e->at, FIX_EXIT);
	put8(e, 0xff);
	rip_operand(e, 4, &cell->host);
}

void emit_lea_cell(struct emitter *e, const struct cell *cell)
{
	note_fix(e, e->at, FIX_STUB);
	put8(e, 0x48);
	put8(e, 0x8d);
	rip_operand(e, RDX, cell);
}

#ifdef GUEST_ARM64
#include "guest/arm64/look_up_code.h"
#else
#include "guest/arm32/look_up_code.h"
#endif
_Static_assert(STATE_MISS < 128 && STATE_TABLE < 128 && STATE_ARENA < 128, "8-bit displacements");
_Static_assert(offsetof(struct landing, host) == 8, "where a prediction finds the way");
_Static_assert(GUEST_WIDE || 7 + sizeof(predict_compare) + 7 + 6 == PREDICT_SIZE, "the look-up behind a prediction");

/*
 * The cell's host is a landing: when its key is the target, go where it says. `stub` of the cell is where a
 * mismatch goes: first to the runtime, which then makes this target the prediction, afterwards to the look-up behind.
 */
void emit_predict(struct emitter *e, const struct cell *cell)
{
	note_fix(e, e->at, FIX_PREDICT);
	put8(e, 0x48); /* mov rax, [rip -> cell.host] */
	put8(e, 0x8b);
	rip_operand(e, RAX, &cell->host);
	memcpy(e->base + e->at, predict_compare, sizeof(predict_compare));
	e->at += sizeof(predict_compare);
	put8(e, 0x48); /* lea rcx, [rip -> cell]: who asks */
	put8(e, 0x8d);
	rip_operand(e, RCX, cell);
	put8(e, 0xff); /* jmp [rip -> cell.stub] */
	rip_operand(e, 4, &cell->stub);
}

void emit_lookup(struct emitter *e, bool flat)
{
	const u8 *code = flat ? lookup_flat : lookup_hash;
	u32 size = flat ? sizeof(lookup_flat) : sizeof(lookup_hash);

	memcpy(e->base + e->at, code, size);
	e->at += size;
}

#ifdef STATE_NEST
static void jump_far(u8 *at, const u8 *opcode, u32 size, u32 offset)
{
	memcpy(at, opcode, size);
	memcpy(at + size, &offset, sizeof(offset));
	for (u32 i = size + 4; i < ENTRY_PREFIX; i++)
		at[i] = 0xcc;
}

void emit_nest_prefix(u8 *at)
{
	static const u8 jump[] = {0xff, 0xa0}; /* jmp [rax + disp32] */

	jump_far(at, jump, sizeof(jump), STATE_NEST);
}

void emit_hook(u8 *at)
{
	static const u8 jump[] = {0x41, 0xff, 0xa4, 0x24}; /* jmp [r12 + disp32] */

	jump_far(at, jump, sizeof(jump), STATE_HAND_BACK);
}
#else
/* No optimised code calls units or may be returned into. */
void emit_nest_prefix(u8 *at)
{
	for (u32 i = 0; i < ENTRY_PREFIX; i++)
		at[i] = 0xcc;
}

void emit_hook(u8 *at)
{
	emit_nest_prefix(at);
}
#endif

/* Layouts written by backends/stencil/writer.py */
struct reg_hole {
	u8 what; /* operand 0-3, rex bit << 2, shift << 4 */
	u8 rex_at, field_at;
};

struct imm_hole {
	u8 what; /* bit 0: state offset; bit 1: negated; bit 2: pc-relative to the segment's constants; index << 4 */
	u8 size;
	u16 at;
	s32 addend;
} __attribute__((packed));

_Static_assert(sizeof(struct reg_hole) == 3 && sizeof(struct imm_hole) == 8, "hole layouts");

static void note_immediate(struct emitter *e, u32 at, const struct imm_hole *hole, const struct uop *o)
{
	bool address = o->address && !(hole->what >> 4) && !(hole->what & 1);

	if (hole->what & 4)
		note_fix(e, at, FIX_CONSTANT);
	else if (address && hole->size == 4)
		note_fix(e, at, hole->what & 2 ? FIX_MINUS : FIX_PLUS);
	else if (address)
		cannot_move(e);
}

static void fill_immediate(struct emitter *e, u8 *code, const struct imm_hole *hole, const struct uop *o)
{
	u32 index = hole->what >> 4;
	u64 value = hole->what & 1 ? o->off[index] : o->imm[index];

	note_immediate(e, (u32)(code - e->base) + hole->at, hole, o);
	if (hole->what & 4)
		value = e->room->constants - (e->run + (u64)(code - e->base) + hole->at);
	if (hole->what & 2)
		value = -value;
	value += (u64)(s64)hole->addend;
	__builtin_memcpy(code + hole->at, &value, hole->size == 8 ? 8 : hole->size == 4 ? 4 : 1);
}

u32 emit_template(struct emitter *e, const struct tmpl *t, const struct uop *o, const u8 *host, u32 *jumps)
{
	u8 *code = e->base + e->at;
	const struct reg_hole *reg = (const void *)(template_holes + t->holes);
	const struct imm_hole *imm = (const void *)(reg + t->regs);
	const u8 *jump = (const u8 *)(imm + t->imms);

	for (u32 i = 0; i < t->length; i += 8) /* rooms and tables have slack behind */
		__builtin_memcpy(code + i, template_code + t->code + i, 8);
	for (u32 i = 0; i < t->regs; i++) {
		u8 number = host[reg[i].what & 3];

		code[reg[i].rex_at] |= (u8)((number >> 3) << (reg[i].what >> 2 & 3));
		code[reg[i].field_at] |= (u8)((number & 7) << (reg[i].what >> 4));
	}
	for (u32 i = 0; i < t->imms; i++)
		fill_immediate(e, code, &imm[i], o);
	for (u32 i = 0; i < t->jumps; i++)
		jumps[i] = e->at + (u32)(jump[2 * i] | jump[2 * i + 1] << 8);
	e->at += t->length;
	return t->jumps;
}
