/*
 * The emulation manager: from guest addresses to units, made when they are first needed; links, predictions; forgetting
 * units whose bytes changed; from host pc back to guest pc.
 *
 * The map (a hash of all living units) is the truth about units. What translated code looks in is look_up.c's table,
 * where entries of packages stand as well and come first. How code of packages is run is optimised.c's.
 */
#include "dispatch.h"

#include "cpu.h"
#include "fatal.h"
#include "gen/hostregs.h"
#include "look_up.h"
#include "memory.h"
#include "monitor.h"
#include "optimised.h"
#include "package.h"
#include "profile.h"
#include "record.h"
#include "stats.h"
#include "stock.h"
#include "thread.h"
#include "units.h"
#include "world.h"

/* Other threads may use up what was made free before it is our turn. */
#define START_OVER_TRIES 8

/* Where to go for a guest address. */
struct place {
	u64 host;
	struct unit_rec *unit; /* NULL: an entry of a package, or of the stock */
};

_Static_assert(STOP_SIGNAL == 4 && STOP_FETCH == 6, "numbers used in enter.S");

/* The key is a legal target all the same (T32 at 0xfffffffe), so the host address must be good. */
const struct landing no_landing = {.key = NO_KEY, .host = (u64)entry_miss};

static u32 slices; /* packages whose slices are mapped */
static u32 generation; /* how often everything was forgotten */
static struct unit *work; /* the unit being made */

static void *pages(u64 size)
{
	long at = host_mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (host_is_error(at))
		fatal("no memory for translations");
	return (void *)at;
}

/* --- making units ----------------------------------------------------------------------------------- */

static void forget_everything(void)
{
	for (u32 i = 0; i < units_count(); i++)
		if (!unit_at(i)->dead && !unit_at(i)->it && !unit_at(i)->of_package)
			look_up_clear(unit_at(i)->landing.key, unit_at(i)->host);
	look_up_unhook_all(); /* hooks lie in the segments that go away */
	units_forget();
	generation++;
	cache_reset();
}

/* No place is left for code or records: forget everything, for which all other threads leave translated code. */
void dispatch_start_over(struct thread *t)
{
	world_stop(t);
	forget_everything();
	world_start(t);
}

/* Bytes that another thread may change are watched before they are read. */
static void decode_watched(gword key, u8 it)
{
	bool changed;

	do {
		unit_decode(work, key_address(key), key_thumb(key), it);
		changed = false;
		for (u64 p = page_floor(work->start); work->insns && p < work->end; p += PAGE_SIZE)
			changed |= mem_watch_code(GADDR(p));
	} while (changed && world_is_threaded());
}

/* Translate the unit at key; `it` is the ITSTATE it begins in. NULL when nothing can be fetched. */
static struct unit_rec *make_unit(struct thread *t, gword key, u8 it)
{
	u64 began = stats_clock();
	struct translated tr;
	struct room room;
	struct unit_rec *r;
	u32 index;

	for (u32 tries = 0;; tries++) {
		decode_watched(key, it);
		if (!work->insns)
			return NULL;
		if (units_have_place() && cache_room(work->start, &room))
			break;
		if (tries == START_OVER_TRIES)
			fatal("no memory for translated code");
		dispatch_start_over(t); /* lets the lock go, so somebody else may have made it meanwhile */
		r = it ? NULL : map_find(key);
		if (r)
			return r;
	}
	unit_analyse(work);
	translate(work, &room, (struct code_form){look_up_is_flat(), turns_on(), fpscr_is_modal()}, &tr);
	cache_commit(&room, tr.code, tr.cells);
	r = unit_new(&index);
	*r = (struct unit_rec){
		.landing = {.key = key, .host = room.run},
		.index = index,
		.host = room.run,
		.code = tr.code,
		.start = work->start,
		.end = work->end,
		.thumb = work->thumb,
		.it = it,
	};
	unit_keep_tables(r, work, &tr, stock_is_on());
	page_insert(index);
	if (!it) {
		map_insert(index);
		if (!record_wants(key)) /* else every arrival is to be seen */
			look_up_set(key, r->host);
		profile_record(key);
	}
	stats_own.runtime_blocks++;
	stats_own.runtime_instructions += work->insns;
	stats_own.code_bytes += tr.code;
	stats_own.translate_ns += stats_clock() - began;
	return r;
}

static struct unit_rec *find_unit(struct thread *t, gword key)
{
	struct unit_rec *r = map_find(key);

	if (!r)
		r = make_unit(t, key, 0);
	if (!r)
		guest_set_key(&t->cpu, key);
	return r;
}

/* The package's entry for a key, else its unit, kept or made. False: nothing can be fetched there. */
static bool find_place(struct thread *t, gword key, struct place *p)
{
	u64 entry = slices ? look_up(key) : 0;

	if (entry && package_owns(entry)) {
		*p = (struct place){.host = entry};
		return true;
	}
	p->unit = map_find(key);
	entry = p->unit || record_wants(key) ? 0 : stock_find(key);
	if (entry) {
		*p = (struct place){.host = entry};
		return true;
	}
	if (!p->unit)
		p->unit = find_unit(t, key);
	p->host = p->unit ? p->unit->host : 0;
	return p->host;
}

/* What cells are linked to. An entry of a package gets a record too, so that they can be unlinked; NULL: no room. */
static struct unit_rec *record_of(gword key, const struct place *p)
{
	struct unit_rec *r = p->unit ? p->unit : map_find(key);
	u32 index;

	if (r && r->host == p->host)
		return r;
	if (units_are_full())
		return NULL;
	r = unit_new(&index);
	*r = (struct unit_rec){
		.landing = {.key = key, .host = p->host},
		.index = index,
		.host = p->host,
		.start = key_address(key),
		.end = key_address(key),
		.of_package = true,
	};
	map_insert(index);
	return r;
}

/* For --record: nothing is linked to where this is a function's entry, and a child that runs on has nothing of before. */
static u64 arrive(struct thread *t, gword target)
{
	struct place p;

	if (record_arrive(t, target))
		cpu_after_fork(t), forget_everything(), record_begin(t);
	return find_place(t, target, &p) ? p.host : 0;
}

/* Making a unit can forget everything, the asking cell included: then `generation` has moved on. */
u64 dispatch_link(struct thread *t, struct cell *cell)
{
	u32 before = generation;
	struct unit_rec *r;
	struct place p;
	HOLD_LOCK;

	if (record_wants(cell->target))
		return arrive(t, cell->target);
	if (cell->linked) /* by another thread, a moment ago */
		return cell->host;
	if (!find_place(t, cell->target, &p))
		return 0;
	r = generation == before ? record_of(cell->target, &p) : NULL;
	if (r) {
		cell->host = r->host;
		cell->linked = r->index + 1;
		cell->next = r->incoming;
		r->incoming = cache_cell_index(cell) + 1;
		stats_own.links++;
	}
	return p.host;
}

/* A look-up failed or met a hook. While nothing is nested the hook is of no use. */
u64 dispatch_miss(struct thread *t, gword target)
{
	struct place p;
	HOLD_LOCK;

	if (record_wants(target))
		return arrive(t, target);
	if (optimised_ends_nest(t, target))
		return (u64)entry_end_nest;
	stats_own.misses++;
	if (!optimised_is_nested(t) && !world_is_threaded())
		look_up_unhook(target);
	if (!find_place(t, target, &p))
		return 0;
	look_up_set(target, p.host);
	return p.host;
}

u64 dispatch_learn(struct thread *t, struct cell *cell, gword target)
{
	u32 before = generation;
	struct unit_rec *r;
	struct place p;
	HOLD_LOCK;

	if (record_wants(target))
		return arrive(t, target);
	if (optimised_ends_nest(t, target))
		return (u64)entry_end_nest;
	stats_own.misses++;
	if (!find_place(t, target, &p))
		return 0;
	look_up_set(target, p.host);
	r = generation == before ? record_of(target, &p) : NULL;
	if (r) {
		if (!look_up_is_hooked(target)) /* a prediction would pass the hook by */
			cell->host = (u64)&r->landing;
		cell->stub = cell->lookup;
	}
	return p.host;
}

/* --- slices of packages ----------------------------------------------------------------------------- */

bool dispatch_map_slices(struct thread *t, u64 low, u64 high, int fd, u64 a32_at, u64 t32_at)
{
	(void)t;
	if (!look_up_map(low, high, fd, a32_at, t32_at))
		return false;
	slices++;
	for (u32 i = 0; i < units_count(); i++) { /* none, unless code there ran before it was mapped as a file */
		const struct unit_rec *r = unit_at(i);

		if (!r->dead && !r->it && r->start >= low && r->start < high && !look_up(r->landing.key))
			look_up_set(r->landing.key, r->host);
	}
	return true;
}

/* --- forgetting units ------------------------------------------------------------------------------- */

static void kill_unit(struct thread *t, u32 index)
{
	struct unit_rec *r = unit_at(index);

	if (r->dead)
		return;
	r->dead = true;
	units_lost_one();
	r->landing.host = (u64)entry_miss;
	for (u32 i = r->incoming; i;) {
		struct cell *c = cache_cell(i - 1);

		i = c->next;
		c->host = c->stub;
		c->linked = 0;
	}
	r->incoming = 0;
	if (!r->it) {
		look_up_clear(r->landing.key, r->host);
		map_remove(index);
	}
	r->landing.key = no_landing.key; /* sites that predict it go to their look-up again */
	(void)t;
	world_poll(); /* a loop inside the unit must leave it */
	stats_own.invalidations++;
}

static void invalidate_page(struct thread *t, gword page, u64 start, u64 end)
{
	u32 *at = page_head(page);

	while (*at) {
		u32 index = *at - 1;
		struct unit_rec *r = unit_at(index);
		u32 *next = page_next(r, page);

		if (!r->dead && r->start < end && r->end > start)
			kill_unit(t, index);
		if (r->dead)
			*at = *next; /* unhook here; the other page's chain drops it when it is walked */
		else
			at = next;
	}
}

void cpu_invalidate(struct thread *t, gaddr start, u64 len)
{
	u64 end = start.va + len;
	HOLD_LOCK;

	if (!len)
		return;
	if (len / PAGE_SIZE > PAGE_HEADS) {
		for (u32 i = 0; i < units_count(); i++)
			if (unit_at(i)->start < end && unit_at(i)->end > start.va)
				kill_unit(t, i);
		return;
	}
	for (u64 p = start.va / PAGE_SIZE; p <= (end - 1) / PAGE_SIZE; p++)
		invalidate_page(t, (gword)p, start.va, end);
}

void dispatch_drop_slices(struct thread *t, u64 low, u64 high)
{
	for (u32 i = 0; i < units_count(); i++)
		if (unit_at(i)->start >= low && unit_at(i)->start < high)
			kill_unit(t, i);
	look_up_unmap(low, high);
	slices--;
}

void dispatch_forget_range(struct thread *t, u64 low, u64 high)
{
	for (u32 i = 0; i < units_count(); i++)
		if (unit_at(i)->start >= low && unit_at(i)->start < high)
			kill_unit(t, i);
	look_up_unmap(low, high);
}

/* --- running ---------------------------------------------------------------------------------------- */

int cpu_init(struct thread *t)
{
	look_up_init(t);
	units_init();
	work = pages(sizeof(struct unit));
	t->cpu.link = (u64)entry_link;
	t->cpu.miss = (u64)entry_miss;
	t->cpu.stop = (u64)entry_stop;
	t->cpu.poll = (u64)entry_poll;
	optimised_init(t);
	guest_attach(t);
	return 0;
}

/* Host code for a guest address, in the middle of an IT block too; 0: nothing can be fetched. */
static u64 place_at(struct thread *t, gword key, u8 it)
{
	struct place p;
	HOLD_LOCK;

	if (!it)
		return find_place(t, key, &p) ? p.host : 0;
	p.unit = make_unit(t, key, it);
	return p.unit ? p.unit->host : 0;
}

enum stop cpu_run(struct thread *t)
{
	for (;;) {
		gword key = guest_key(&t->cpu);
		enum stop reason = STOP_FETCH;
		u64 host;

		if (!guest_it(&t->cpu) && optimised_ends(t, key))
			return STOP_LEAVE;
		world_enter(t); /* before looking, so that what is found stays */
		host = place_at(t, key, guest_it(&t->cpu));
		if (host) {
			guest_set_it(&t->cpu, 0);
			reason = cpu_enter(t, host);
		}
		world_leave(t);
		if (reason != STOP_REFETCH)
			return reason;
	}
}

bool cpu_owns_pc(u64 host_pc)
{
	return cache_owns(host_pc) || stock_owns(host_pc);
}

/* Registers that were lent to a template's operands stand in the state: put them back where entry_stop takes them. */
static void take_back(struct thread *t, struct host_ucontext *uc, u16 lent)
{
	u64 *const places[16] = {
		[RSI] = &uc->mc.rsi, [RDI] = &uc->mc.rdi, [R8] = &uc->mc.r8,   [R9] = &uc->mc.r9,
		[R11] = &uc->mc.r11, [R13] = &uc->mc.r13, [R14] = &uc->mc.r14, [R15] = &uc->mc.r15,
	};

	for (u8 g = 0; g < 16; g++) /* pins have numbers below 16 */
		if (lent >> g & 1)
			*places[host_of_guest[g]] = t->cpu.r[g];
}

static bool unit_place(u64 pc, struct stock_place *p)
{
	for (u32 i = units_count(); i-- > 0;) {
		const struct unit_rec *r = unit_at(i);

		if (r->of_package || pc - r->host >= r->code)
			continue;
		*p = (struct stock_place){r->host, r->start, r->thumb, r->insns, r->offset};
		return true;
	}
	return false;
}

void cpu_fault(struct thread *t, struct host_ucontext *uc)
{
	u64 pc = uc->mc.rip;
	struct stock_place p;
	const u16 *row;
	u32 k = 0;
	HOLD_LOCK;

	if (!unit_place(pc, &p) && !stock_place(pc, &p))
		fatal_at("a fault in code that belongs to no block", pc, uc->mc.cr2);
	while (k + 1 < p.insns && p.host + p.offset[k + 1] <= pc)
		k++;
	row = p.offset + p.insns + 1 + 3 * k;
	guest_set_key(&t->cpu, (p.start + row[0]) | (gword)p.thumb);
	guest_set_it(&t->cpu, (u8)row[1]);
	take_back(t, uc, row[2]);
	uc->mc.rdx = fpscr_stop_at(pc);
	uc->mc.rsp = t->cpu.host_sp;
	uc->mc.rip = (u64)entry_stop;
}

void cpu_after_fork(struct thread *t)
{
	(void)t;
	cache_freeze();
	monitor_after_fork();
}
