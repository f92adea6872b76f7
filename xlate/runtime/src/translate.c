/*
 * Lays templates one behind the other: finds a place for each operand, tests conditions once for a region, picks the
 * variant for the flags that are alive, and adds the glue of exits. What cannot be reached by falling through (stubs of
 * exits and polls) stands behind the unit's code.
 */
#include "translate.h"

#include "cpu.h"
#include "dispatch.h"
#include "emit.h"
#include "fatal.h"
#include "gen/hostregs.h"
#include "guest.h"
#include "thread.h"

#define PENDING_SKIPS (UNIT_INSNS * 2)
#define STUBS_MAX (160 + UNIT_INSNS) /* of exits, and of counted accesses */

enum stub_kind { STUB_LINK, STUB_POLL };

/* Cold code to be written behind the unit. */
struct stub {
	u8 kind;
	u32 from;     /* displacement that leads here (poll), else 0 */
	gword target; /* key */
	u32 cell;     /* index in the room (link) */
};

struct layout {
	struct emitter e;
	const struct unit *u;
	bool flat, counted, modal;
	u32 skips[PENDING_SKIPS];
	u32 skip_count;
	struct stub stubs[STUBS_MAX];
	u32 stub_count;
	u16 lent; /* by the instruction being translated */
};

static u32 reg_offset(u8 guest)
{
	return STATE_R + (u32)sizeof(gword) * guest;
}

/* --- exits ------------------------------------------------------------------------------------------ */

static struct stub *new_stub(struct layout *l, enum stub_kind kind, gword target)
{
	if (l->stub_count == STUBS_MAX)
		fatal("a unit has too many exits");
	l->stubs[l->stub_count] = (struct stub){.kind = kind, .target = target};
	return &l->stubs[l->stub_count++];
}

static void poll(struct layout *l, gword target)
{
	struct stub *s = new_stub(l, STUB_POLL, target);

	s->from = l->counted ? emit_count(&l->e, offsetof(struct thread, turn.left)) : emit_poll(&l->e);
}

static struct cell *new_cell(struct layout *l, gword target)
{
	struct cell *c = &l->e.room->cells[l->e.cells++];

	*c = (struct cell){.target = target};
	return c;
}

/* Go on at a known guest address: the unit itself when it is a loop, else through a cell. */
static void exit_jump(struct layout *l, gword target, gword from)
{
	struct stub *s;

	if (key_address(target) <= from)
		poll(l, target);
	if (target == (l->u->start | l->u->thumb) && !l->u->start_it) {
		emit_jump_to(&l->e, 0);
		return;
	}
	s = new_stub(l, STUB_LINK, target);
	s->cell = l->e.cells;
	emit_jump_cell(&l->e, new_cell(l, target));
}

/* Go on at the address in rdx. A return is looked up at once, other jumps are predicted first. */
static void exit_indirect(struct layout *l, u8 detail)
{
	poll(l, NO_KEY);
	if (detail != JUMP_RETURN) {
		struct cell *c = new_cell(l, NO_KEY);

		emit_predict(&l->e, c);
		c->host = (u64)&no_landing;
		c->stub = (u64)entry_learn;
		c->lookup = l->e.run + l->e.at;
	}
	emit_lookup(&l->e, l->flat);
}

static void stop(struct layout *l, enum stop reason, gword pc, u8 it)
{
	struct emitter *e = &l->e;

	emit_state_word(e, reg_offset(GUEST_PC), pc);
#ifdef STATE_THUMB
	emit_state_const8(e, STATE_THUMB, l->u->thumb);
	if (it)
		emit_state_const8(e, STATE_ITSTATE, it);
#else
	(void)it;
#endif
	emit_const(e, RDX, reason);
	emit_jump_state(e, STATE_STOP);
}

static void exit_stop(struct layout *l, const struct insn *in, const struct uop *o)
{
	static const u8 reasons[] = {
		[DETAIL_SVC] = STOP_SVC,
		[DETAIL_UNDEFINED] = STOP_UNDEFINED,
		[DETAIL_BKPT] = STOP_BKPT,
		[DETAIL_REFETCH] = STOP_REFETCH,
	};
	bool after = o->detail == DETAIL_SVC || o->detail == DETAIL_REFETCH;
	u8 it = in->it;

	if (after)
		it = it & 7 ? (u8)((it & 0xe0) | (it << 1 & 0x1f)) : 0;
	stop(l, reasons[o->detail], o->target, it);
}

static void write_stub(struct layout *l, const struct stub *s)
{
	struct emitter *e = &l->e;

	if (s->kind == STUB_LINK) {
		struct cell *c = &e->room->cells[s->cell];

		c->stub = c->host = e->run + e->at;
		emit_lea_cell(e, c);
		emit_jump_state(e, STATE_LINK);
		return;
	}
	emit_bind(e, s->from);
	if (s->target == NO_KEY) { /* rdx = address | T; the stop entry sorts it out */
		emit_jump_state(e, STATE_POLL);
		return;
	}
	emit_word(e, RDX, s->target);
	emit_jump_state(e, STATE_POLL);
}

/* --- operands --------------------------------------------------------------------------------------- */

struct operands {
	u8 host[UOP_OPERANDS];	   /* register of each operand */
	u8 home[UOP_OPERANDS];	   /* guest register to store back to afterwards, NO_PIN: none */
	u8 move_to[UOP_OPERANDS];  /* host register the result moves to afterwards, NO_PIN: none */
	u8 borrowed[UOP_OPERANDS]; /* host registers lent for this template */
	u8 lent_home[UOP_OPERANDS];
	u8 borrowed_count;
	u8 pc_operand; /* operand that is a written pc, or UOP_OPERANDS */
	u16 used;      /* host registers taken */
};

/* A free register: a scratch one, else a pinned one that this micro-operation does not use. */
static u8 take_scratch(struct layout *l, struct operands *p, const struct tmpl *t)
{
	u8 clobbers = t->clobbers;
	u32 count = sizeof(scratch_host) - (p->used & 1u << RDX ? 1 : 0);

	for (u32 i = 0; i < count; i++) {
		u8 r = scratch_host[i];

		if (!(p->used >> r & 1) && !(clobbers >> i & 1)) {
			p->used |= 1u << r;
			return r;
		}
	}
	for (u8 g = 0; g < sizeof(host_of_guest); g++) {
		u8 r = host_of_guest[g];

		if (r == NO_PIN || p->used >> r & 1)
			continue;
		p->used |= 1u << r;
		emit_store_state(&l->e, reg_offset(g), r);
		l->lent |= 1u << g;
		p->lent_home[p->borrowed_count] = g;
		p->borrowed[p->borrowed_count++] = r;
		return r;
	}
	fatal("no register is left for a template's operand");
}

static gword pc_value(const struct unit *u, const struct insn *in)
{
	return in->pc + (u->thumb ? 4 : 8);
}

static void fetch_operand(struct layout *l, const struct insn *in, u8 guest, u8 to)
{
	if (guest == GUEST_PC_OPERAND)
		emit_word(&l->e, to, pc_value(l->u, in));
	else if (host_of_guest[guest] == NO_PIN)
		emit_load_state(&l->e, to, reg_offset(guest));
	else
		emit_mov(&l->e, to, host_of_guest[guest]);
}

/*
 * The partition (PARTITIONS of backends/stencil/family.py) whose template may be used as it is; 0 (all distinct, by
 * copying) otherwise. Three operands: bit 0 says first = second, bit 1 first = third, bit 2 second = third.
 */
static u8 partition_of(const struct family *f, const u8 *reg)
{
	static const u8 of_three[8] = {[1] = 3, [2] = 2, [4] = 1};

	if (f->operands == 2)
		return reg[0] == reg[1] && reg[0] != GUEST_PC_OPERAND;
	if (f->operands != 3 || reg[0] == GUEST_PC_OPERAND || reg[1] == GUEST_PC_OPERAND || reg[2] == GUEST_PC_OPERAND)
		return 0;
	return of_three[(reg[0] == reg[1]) | (reg[0] == reg[2]) << 1 | (reg[1] == reg[2]) << 2];
}

/* Whether an operand with a smaller number names the same register. */
static s32 earlier_twin(const struct uop *o, u8 i)
{
	for (u8 k = 0; k < i; k++)
		if (o->reg[k] == o->reg[i])
			return k;
	return -1;
}

/*
 * Give operand i a register. Pinned guest registers are used in place; the others, second mentions of a register that
 * the template wants distinct, and the pc, are copied to a scratch register (and back when written).
 */
static void place_operand(struct layout *l, const struct insn *in, const struct uop *o, const struct tmpl *t, struct operands *p,
			  u8 i, bool shared)
{
	const struct family *f = &families[o->family];
	u8 guest = o->reg[i], pin = guest == GUEST_PC_OPERAND ? NO_PIN : host_of_guest[guest];
	bool written = f->writes >> i & 1, read = f->reads >> i & 1;
	s32 twin = earlier_twin(o, i);

	if (twin >= 0 && shared) {
		p->host[i] = p->host[twin];
		if (written && p->home[twin] == NO_PIN && pin == NO_PIN)
			p->home[i] = guest;
		return;
	}
	if (pin != NO_PIN && twin < 0) {
		p->host[i] = pin;
		return;
	}
	p->host[i] = take_scratch(l, p, t);
	if (read)
		fetch_operand(l, in, guest, p->host[i]);
	if (!written)
		return;
	if (guest == GUEST_PC_OPERAND)
		p->pc_operand = i;
	else if (pin == NO_PIN)
		p->home[i] = guest;
	else
		p->move_to[i] = pin;
}

static void place_operands(struct layout *l, const struct insn *in, const struct uop *o, const struct tmpl *t, struct operands *p,
			   u8 partition)
{
	const struct family *f = &families[o->family];

	*p = (struct operands){.pc_operand = UOP_OPERANDS};
	__builtin_memset(p->home, NO_PIN, sizeof(p->home));
	__builtin_memset(p->move_to, NO_PIN, sizeof(p->move_to));
	if (f->operands < 4)
		p->used |= 1u << RDX; /* a temporary of templates with up to three operands */
	for (u8 i = 0; i < f->operands; i++)
		if (o->reg[i] != GUEST_PC_OPERAND && host_of_guest[o->reg[i]] != NO_PIN)
			p->used |= 1u << host_of_guest[o->reg[i]];
	for (u8 i = 0; i < f->operands; i++)
		place_operand(l, in, o, t, p, i, partition != 0);
}

/* Every operand is pinned and none is named twice (but where the template says so): nothing has to move. */
static bool place_in_pins(const struct uop *o, const struct family *f, u8 partition, u8 *host)
{
	u16 seen = 0;

	for (u8 i = 0; i < f->operands; i++) {
		u8 pin = o->reg[i] == GUEST_PC_OPERAND ? NO_PIN : host_of_guest[o->reg[i]];

		if (pin == NO_PIN || (!partition && seen >> pin & 1))
			return false;
		seen |= 1u << pin;
		host[i] = pin;
	}
	return true;
}

static void return_operands(struct layout *l, const struct family *f, const struct operands *p)
{
	for (u8 i = 0; i < f->operands; i++) {
		if (p->home[i] != NO_PIN)
			emit_store_state(&l->e, reg_offset(p->home[i]), p->host[i]);
		if (p->move_to[i] != NO_PIN)
			emit_mov(&l->e, p->move_to[i], p->host[i]);
	}
	if (p->pc_operand != UOP_OPERANDS)
		emit_mov(&l->e, RDX, p->host[p->pc_operand]);
	for (u8 i = 0; i < p->borrowed_count; i++)
		emit_load_state(&l->e, p->borrowed[i], reg_offset(p->lent_home[i]));
}

/* --- templates -------------------------------------------------------------------------------------- */

static u16 plain_variant(const struct family *f, u8 live, u8 *partition)
{
	u8 wanted = live & f->flags_written, m = 0;
	u16 number;

	while ((f->masks[m] & wanted) != wanted)
		m++;
	number = variants[f->plain + m * f->partitions + *partition];
	if (number == NO_VARIANT) {
		*partition = 0;
		number = variants[f->plain + m * f->partitions];
	}
	return number;
}

/* Template that also skips unless cond holds; NO_VARIANT when there is none. */
static u16 fused_variant(const struct family *f, u8 live, u8 cond, u8 *partition)
{
	u32 base;
	u16 number;

	if (f->fused == NO_VARIANT)
		return NO_VARIANT;
	base = f->fused + ((live != 0) * FUSED_CONDITIONS + cond) * f->partitions;
	number = variants[base + *partition];
	if (number == NO_VARIANT) {
		*partition = 0;
		number = variants[base];
	}
	return number;
}

/*
 * Operands travel through the state's scratch slots. `shared`: operands that name one register are one operand, the
 * first.
 */
static void emit_boxed(struct layout *l, const struct insn *in, const struct uop *o, const struct tmpl *t, bool shared)
{
	const struct family *f = &families[o->family];
	static const u8 no_hosts[UOP_OPERANDS];
	u32 jumps[4];

	for (u8 i = 0; i < f->operands; i++)
		if (f->reads >> i & 1) {
			fetch_operand(l, in, o->reg[i], RAX);
			emit_store_state(&l->e, STATE_SCRATCH + 8u * i, RAX);
		}
	emit_template(&l->e, t, o, no_hosts, jumps);
	for (u8 i = 0; i < f->operands; i++) {
		u8 guest = o->reg[i];

		if (!(f->writes >> i & 1))
			continue;
		emit_load_state(&l->e, RDX, STATE_SCRATCH + 8u * (shared && earlier_twin(o, i) >= 0 ? (u8)earlier_twin(o, i) : i));
		if (guest != GUEST_PC_OPERAND && host_of_guest[guest] == NO_PIN)
			emit_store_state(&l->e, reg_offset(guest), RDX);
		else if (guest != GUEST_PC_OPERAND)
			emit_mov(&l->e, host_of_guest[guest], RDX);
	}
}

static void add_skips(struct layout *l, const u32 *jumps, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		if (l->skip_count == PENDING_SKIPS)
			fatal("a unit has too many skips");
		l->skips[l->skip_count++] = jumps[i];
	}
}

static void bind_skips(struct layout *l)
{
	for (u32 i = 0; i < l->skip_count; i++)
		emit_bind(&l->e, l->skips[i]);
	l->skip_count = 0;
}

/* The template's only way out is a conditional jump, its last instruction, so moves can be put before it. */
static bool jumps_at_end(const struct tmpl *t)
{
	const u8 *jump = template_holes + t->holes + 3 * t->regs + 8 * t->imms;

	return t->jumps == 1 && !(t->clobbers & TMPL_INNER) && t->length >= 6 && (u32)(jump[0] | jump[1] << 8) + 4 == t->length &&
	       template_code[t->code + t->length - 6] == 0x0f && (template_code[t->code + t->length - 5] & 0xf0) == 0x80;
}

/* Results go home before the conditional jump that ends the template: moves leave the host's flags alone. */
static void return_before_jump(struct layout *l, const struct family *f, const struct operands *p, u32 *jump)
{
	u8 jcc[6];

	l->e.at -= sizeof(jcc);
	__builtin_memcpy(jcc, l->e.base + l->e.at, sizeof(jcc));
	return_operands(l, f, p);
	__builtin_memcpy(l->e.base + l->e.at, jcc, sizeof(jcc));
	l->e.at += sizeof(jcc);
	*jump = l->e.at - 4;
}

/* Template that tests `fuse` as well; NO_VARIANT where results could not go home on both ways. */
static u16 choose_fused(const struct uop *o, u8 fuse, u8 live_after, u8 *partition)
{
	const struct family *f = &families[o->family];
	u16 number = fuse == COND_AL || o->writes_pc ? NO_VARIANT : fused_variant(f, live_after, fuse, partition);

	if (number == NO_VARIANT || templates[number].clobbers & TMPL_BOXED)
		return NO_VARIANT;
	if (!jumps_at_end(&templates[number]) && (f->writes || f->operands > 2 || templates[number].clobbers & ~TMPL_INNER))
		return NO_VARIANT;
	return number;
}

static void emit_branch_exit(struct layout *l, const struct insn *in, const struct uop *o, const u32 *jumps, u32 count)
{
	u32 past = emit_jump(&l->e);

	for (u32 i = 0; i < count; i++)
		emit_bind(&l->e, jumps[i]);
	exit_jump(l, o->target, in->pc);
	emit_bind(&l->e, past);
}

/*
 * The code of one micro-operation; `fuse` is the condition its flags are tested for next, or COND_AL. Returns whether
 * the template made that test.
 */
static bool emit_uop(struct layout *l, const struct insn *in, const struct uop *o, u8 fuse, u8 live_after)
{
	const struct family *f = &families[o->family];
	u8 partition = partition_of(f, o->reg);
	u16 number = choose_fused(o, fuse, live_after, &partition);
	bool fused = number != NO_VARIANT;
	const struct tmpl *t;
	struct operands p;
	u32 jumps[8], count;
	bool moved;

	if (!fused) {
		partition = partition_of(f, o->reg);
		number = plain_variant(f, o->live, &partition);
	}
	if (l->modal && f->modal != NO_VARIANT)
		number = f->modal;
	t = &templates[number];
	if (t->clobbers & TMPL_BOXED) {
		emit_boxed(l, in, o, t, partition != 0);
		return false;
	}
	moved = !place_in_pins(o, f, partition, p.host);
	if (moved)
		place_operands(l, in, o, t, &p, partition);
	count = emit_template(&l->e, t, o, p.host, jumps);
	if (moved && fused && jumps_at_end(t))
		return_before_jump(l, f, &p, &jumps[0]);
	else if (moved)
		return_operands(l, f, &p);
	if (fused)
		add_skips(l, jumps, count);
	if (o->exit == EXIT_BRANCH)
		emit_branch_exit(l, in, o, jumps, count);
	return fused;
}

/* Exits that follow the micro-operation's own code. */
static void emit_exit(struct layout *l, const struct insn *in, const struct uop *o)
{
	if (o->exit == EXIT_JUMP)
		exit_jump(l, o->target, in->pc);
	else if (o->exit == EXIT_INDIRECT)
		exit_indirect(l, o->detail);
	else if (o->exit == EXIT_STOP)
		exit_stop(l, in, o);
	else if (o->writes_pc)
		exit_indirect(l, JUMP_PLAIN);
}

/* Begin the region that instruction i opens, unless its predecessor's template already made the test. */
static void open_region(struct layout *l, const struct insn *in, bool tested)
{
	if (in->test == TEST_ELSE) {
		u32 past = emit_jump(&l->e);

		bind_skips(l);
		add_skips(l, &past, 1);
		return;
	}
	if (!tested) {
		struct uop o = {.family = skip_family[in->cond], .live = FLAGS_ALL};
		const struct family *f = &families[o.family];
		u32 jumps[8];
		u32 count = emit_template(&l->e, &templates[variants[f->plain]], &o, NULL, jumps);

		add_skips(l, jumps, count);
	}
}

/* The condition that the instruction after i tests, when i's last micro-operation may be fused with it. */
static u8 fuse_condition(const struct unit *u, u32 i)
{
	const struct insn *in = &u->insn[i], *next = in + 1;

	if (i + 1 >= u->insns || in->cond != COND_AL || next->test != TEST_OPEN)
		return COND_AL;
	return next->cond;
}

/*
 * Where a turn may end before the access: the state is whole where no condition of a region has been tested. What is
 * inside regions is not counted.
 */
static bool touches_memory(const struct unit *u, const struct insn *in)
{
	if (in->cond != COND_AL || in->it)
		return false;
	for (u32 k = 0; k < in->count; k++) {
		u16 family = u->uop[in->first + k].family;

		if (family != NO_FAMILY && families[family].memory)
			return true;
	}
	return false;
}

static void translate_insn(struct layout *l, u32 i, bool *tested)
{
	const struct unit *u = l->u;
	const struct insn *in = &u->insn[i];
	u8 fuse = fuse_condition(u, i);
	bool done = false;

	if (in->cond == COND_AL || (in->test == TEST_OPEN && !*tested))
		bind_skips(l); /* a fused test's own skips belong to the region that begins here */
	if (l->counted && touches_memory(u, in))
		poll(l, in->pc | u->thumb);
	if (in->test != TEST_NONE)
		open_region(l, in, *tested);
	for (u32 k = 0; k < in->count; k++) {
		const struct uop *o = &u->uop[in->first + k];
		bool last = k + 1 == in->count;

		if (o->family != NO_FAMILY)
			done = emit_uop(l, in, o, last ? fuse : COND_AL, last && fuse != COND_AL ? in[1].live_skipped : 0);
		emit_exit(l, in, o);
	}
	*tested = done;
}

void translate(const struct unit *u, struct room *room, struct code_form form, struct translated *out)
{
	static struct layout l; /* large, and only counters need a beginning */
	bool tested = false;

	l.e = (struct emitter){.base = room->write, .run = room->run, .room = room, .fix = out->fix};
	l.u = u;
	l.flat = form.flat;
	l.counted = form.counted;
	l.modal = form.modal;
	l.skip_count = l.stub_count = 0;

	for (u32 i = 0; i < u->insns; i++) {
		out->start[i] = (u16)l.e.at;
		l.lent = 0;
		translate_insn(&l, i, &tested);
		out->lent[i] = l.lent;
	}
	out->start[u->insns] = (u16)l.e.at;
	bind_skips(&l);
	if (!unit_closed(u)) {
		if (u->it) /* what follows in the IT block cannot be fetched now: a cell would forget ITSTATE */
			stop(&l, STOP_REFETCH, u->end, u->it);
		else
			exit_jump(&l, u->end | u->thumb, 0);
	}
	for (u32 i = 0; i < l.stub_count; i++)
		write_stub(&l, &l.stubs[i]);
	if (l.e.at > room->size || l.e.cells > room->cell_count)
		fatal("a unit outgrew its room");
	out->code = l.e.at;
	out->cells = l.e.cells;
	out->fixes = l.e.fixes;
}
