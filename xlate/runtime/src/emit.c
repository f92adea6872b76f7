/* Writes glue instructions and copies templates into a unit's room. */
#include "emit.h"

#include "string.h"

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
	rex(e, false, src, dst);
	put8(e, 0x89);
	put8(e, 0xc0 | (u8)((src & 7) << 3) | (dst & 7));
}

void emit_load_state(struct emitter *e, u8 dst, u32 offset)
{
	rex(e, false, dst, R12);
	put8(e, 0x8b);
	state_operand(e, dst, offset);
}

void emit_store_state(struct emitter *e, u32 offset, u8 src)
{
	rex(e, false, src, R12);
	put8(e, 0x89);
	state_operand(e, src, offset);
}

void emit_const(struct emitter *e, u8 dst, u32 value)
{
	rex(e, false, 0, dst);
	put8(e, 0xb8 | (dst & 7));
	put32(e, value);
}

void emit_state_const32(struct emitter *e, u32 offset, u32 value)
{
	rex(e, false, 0, R12);
	put8(e, 0xc7);
	state_operand(e, 0, offset);
	put32(e, value);
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
	put8(e, 0xff);
	rip_operand(e, 4, &cell->host);
}

void emit_lea_cell(struct emitter *e, const struct cell *cell)
{
	put8(e, 0x48);
	put8(e, 0x8d);
	rip_operand(e, RDX, cell);
}

/*
 * The cell's host is a landing: when its key is the target, go where it says. `stub` of the cell is where a
 * mismatch goes: first to the runtime, which then makes this target the prediction, afterwards to the look-up behind.
 */
void emit_predict(struct emitter *e, const struct cell *cell)
{
	static const u8 compare[] = {0x39, 0x10, 0x75, 0x03, 0xff, 0x60, 0x08}; /* cmp [rax], edx; jne +3; jmp [rax+8] */

	put8(e, 0x48); /* mov rax, [rip -> cell.host] */
	put8(e, 0x8b);
	rip_operand(e, RAX, &cell->host);
	memcpy(e->base + e->at, compare, sizeof(compare));
	e->at += sizeof(compare);
	put8(e, 0x48); /* lea rcx, [rip -> cell]: who asks */
	put8(e, 0x8d);
	rip_operand(e, RCX, cell);
	put8(e, 0xff); /* jmp [rip -> cell.stub] */
	rip_operand(e, 4, &cell->stub);
}

/* Flat: entry = signed 32-bit distance from window + 8 * target. Hash: 16-byte entries {key, pad, host}. */
static const u8 lookup_flat[] = {
	0x89, 0xd0,				 /* mov eax, edx */
	0xd1, 0xc8,				 /* ror eax, 1 */
	0x49, 0x8b, 0x4c, 0x24, STATE_TABLE,	 /* mov rcx, [r12 + table] */
	0x48, 0x63, 0x04, 0x81,			 /* movsxd rax, [rcx + rax*4] */
	0x85, 0xc0,				 /* test eax, eax */
	0x74, 0x0b,				 /* jz miss */
	0x48, 0x8d, 0x04, 0xd0,			 /* lea rax, [rax + rdx*8] */
	0x49, 0x03, 0x44, 0x24, STATE_ARENA,	 /* add rax, [r12 + arena] */
	0xff, 0xe0,				 /* jmp rax */
	0x41, 0xff, 0x64, 0x24, STATE_MISS,	 /* miss: jmp [r12 + miss] */
};

static const u8 lookup_hash[] = {
	0x89, 0xd0,				 /* mov eax, edx */
	0x69, 0xc0, 0xb9, 0x79, 0x37, 0x9e,	 /* imul eax, eax, 0x9e3779b9 */
	0xc1, 0xe8, 32 - HASH_BITS,		 /* shr eax */
	0x48, 0xc1, 0xe0, 0x04,			 /* shl rax, 4 */
	0x49, 0x03, 0x44, 0x24, STATE_TABLE,	 /* add rax, [r12 + table] */
	0x39, 0x10,				 /* cmp [rax], edx */
	0x75, 0x03,				 /* jne miss */
	0xff, 0x60, 0x08,			 /* jmp [rax + 8] */
	0x41, 0xff, 0x64, 0x24, STATE_MISS,	 /* miss: jmp [r12 + miss] */
};
_Static_assert(STATE_MISS < 128 && STATE_TABLE < 128 && STATE_ARENA < 128, "8-bit displacements");

void emit_lookup(struct emitter *e, bool flat)
{
	const u8 *code = flat ? lookup_flat : lookup_hash;
	u32 size = flat ? sizeof(lookup_flat) : sizeof(lookup_hash);

	memcpy(e->base + e->at, code, size);
	e->at += size;
}

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

static void fill_immediate(struct emitter *e, u8 *code, const struct imm_hole *hole, const struct uop *o)
{
	u32 index = hole->what >> 4;
	u64 value = hole->what & 1 ? o->off[index] : o->imm[index];

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
