/*
 * The emulation manager: from guest addresses to units, made when they are first needed; links, look-up tables,
 * predictions; forgetting units whose bytes changed; from host pc back to guest pc.
 *
 * The map (a hash of all living units) is the truth. The flat table, or where its address space is refused the hash
 * table, is what translated code looks in; an entry there may be missing but never wrong.
 */
#include "dispatch.h"

#include "cpu.h"
#include "emit.h"
#include "fatal.h"
#include "gen/hostregs.h"
#include "memory.h"
#include "stats.h"
#include "thread.h"
#include "translate.h"

#define TABLE_SIZE (1ull << 34)
#define TABLE_CHUNK (64u << 10) /* made writable at a time: 32 KiB of guest code */
#define HASH_ENTRIES (1u << HASH_BITS)

/* A translated unit. Indices are kept as index + 1, 0 for none. */
struct unit_rec {
	struct landing landing; /* key and entry; host is entry_miss once the unit is dead */
	u64 host;
	u32 code;
	u32 start, end; /* guest bytes */
	u32 incoming;	/* first cell linked to it */
	u32 next_key;	/* same bucket of the map */
	u32 next_page[2];
	u8 thumb, it;
	bool dead;
	u16 insns;
	u16 *offset; /* insns + 1 host offsets, then for each instruction: guest offset, ITSTATE, lent registers */
};

/* Memory for fault tables; its end is cut up, its beginning links the chunks. */
struct meta_chunk {
	struct meta_chunk *next;
};

struct hash_entry {
	u32 key, pad;
	u64 host;
};

_Static_assert(STOP_SIGNAL == 4 && STOP_FETCH == 6, "numbers used in enter.S");

/* The key is a legal target all the same (T32 at 0xfffffffe), so the host address must be good. */
const struct landing no_landing = {.key = ~0u, .host = (u64)entry_miss};

static struct unit_rec *unit_chunks[UNIT_CHUNKS];
static u32 unit_count;
static u32 page_heads[PAGE_HEADS];
static u32 *map_heads;
static u32 map_size; /* buckets, a power of two */
static bool flat;
static u8 *table;
static u8 chunk_writable[TABLE_SIZE / TABLE_CHUNK / 8];
static u8 *meta_at, *meta_end;
static struct meta_chunk *meta_chunks, *meta_spare; /* in use, and left from before everything was forgotten */
static u32 generation; /* how often everything was forgotten */
static struct unit *work; /* the unit being made */

static void *pages(u64 size)
{
	long at = host_mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (host_is_error(at))
		fatal("no memory for translations");
	return (void *)at;
}

static struct unit_rec *unit_at(u32 index)
{
	return &unit_chunks[index / UNITS_IN_CHUNK][index % UNITS_IN_CHUNK];
}

static struct unit_rec *unit_new(u32 *index)
{
	u32 chunk = unit_count / UNITS_IN_CHUNK;

	if (!unit_chunks[chunk])
		unit_chunks[chunk] = pages(UNITS_IN_CHUNK * sizeof(struct unit_rec));
	*index = unit_count++;
	return unit_at(*index);
}

static u16 *meta_new(u32 count)
{
	u64 size = (count * sizeof(u16) + 7) & ~7ull;
	u16 *out;

	if (meta_at + size > meta_end) {
		struct meta_chunk *c = meta_spare ? meta_spare : pages(META_CHUNK);

		if (meta_spare)
			meta_spare = c->next;
		c->next = meta_chunks;
		meta_chunks = c;
		meta_at = (u8 *)(c + 1);
		meta_end = (u8 *)c + META_CHUNK;
	}
	out = (u16 *)meta_at;
	meta_at += size;
	return out;
}

/* --- look-up tables --------------------------------------------------------------------------------- */

static u32 hash_key(u32 key)
{
	return (key * 0x9e3779b9u) >> (32 - HASH_BITS);
}

/* An empty entry's key is a legal target all the same (T32 at 0xfffffffe), as in no_landing. */
static const struct hash_entry no_entry = {.key = ~0u, .host = (u64)entry_miss};

static s32 *flat_entry(u32 key)
{
	u64 offset = (u64)(key >> 1 | key << 31) * 4;
	u64 chunk = offset / TABLE_CHUNK;

	if (!(chunk_writable[chunk / 8] >> (chunk % 8) & 1)) {
		if (host_mprotect((u64)table + chunk * TABLE_CHUNK, TABLE_CHUNK, PROT_READ | PROT_WRITE))
			fatal("no memory for the look-up table");
		chunk_writable[chunk / 8] |= 1 << (chunk % 8);
	}
	return (s32 *)(table + offset);
}

static void table_set(u32 key, u64 host)
{
	if (flat) {
		*flat_entry(key) = host ? (s32)(host - (cache_window() + 8ull * key)) : 0;
		return;
	}
	struct hash_entry *e = (struct hash_entry *)table + hash_key(key);

	if (host)
		*e = (struct hash_entry){.key = key, .host = host};
	else if (e->key == key)
		*e = no_entry;
}

static void tables_init(struct thread *t)
{
	long at = host_mmap(0, TABLE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	flat = !host_is_error(at) && cache_reserve_window();
	if (!flat && !host_is_error(at))
		host_munmap((u64)at, TABLE_SIZE);
	if (flat) {
		table = (u8 *)at;
	} else {
		table = pages(HASH_ENTRIES * sizeof(struct hash_entry));
		for (u32 i = 0; i < HASH_ENTRIES; i++)
			((struct hash_entry *)table)[i] = no_entry;
	}
	t->cpu.table = (u64)table;
	t->cpu.arena = cache_window();
}

/* --- the map ---------------------------------------------------------------------------------------- */

static struct unit_rec *map_find(u32 key)
{
	u32 i = map_heads[key * 0x9e3779b9u >> 12 & (map_size - 1)];

	while (i && unit_at(i - 1)->landing.key != key)
		i = unit_at(i - 1)->next_key;
	return i ? unit_at(i - 1) : NULL;
}

static void map_insert(u32 index)
{
	struct unit_rec *r = unit_at(index);
	u32 *head = &map_heads[r->landing.key * 0x9e3779b9u >> 12 & (map_size - 1)];

	r->next_key = *head;
	*head = index + 1;
}

static void map_remove(u32 index)
{
	struct unit_rec *r = unit_at(index);
	u32 *at = &map_heads[r->landing.key * 0x9e3779b9u >> 12 & (map_size - 1)];

	while (*at && *at != index + 1)
		at = &unit_at(*at - 1)->next_key;
	if (*at)
		*at = r->next_key;
}

static void page_insert(u32 index)
{
	struct unit_rec *r = unit_at(index);
	u32 first = r->start / PAGE_SIZE, last = (r->end - 1) / PAGE_SIZE;

	for (u32 p = first; p <= last; p++) {
		u32 *head = &page_heads[p % PAGE_HEADS];

		r->next_page[p - first] = *head;
		*head = index + 1;
		mem_watch_code(GADDR((u64)p * PAGE_SIZE));
	}
}

/* --- making units ----------------------------------------------------------------------------------- */

static void forget_everything(void)
{
	for (u32 i = 0; i < unit_count; i++)
		if (!unit_at(i)->dead)
			table_set(unit_at(i)->landing.key, 0);
	__builtin_memset(map_heads, 0, map_size * sizeof(u32));
	__builtin_memset(page_heads, 0, sizeof(page_heads));
	unit_count = 0;
	meta_at = meta_end = NULL;
	while (meta_chunks) {
		struct meta_chunk *c = meta_chunks;

		meta_chunks = c->next;
		c->next = meta_spare;
		meta_spare = c;
	}
	generation++;
	cache_reset();
}

/* A place for a unit's code; when there is none, or no record for it, everything is forgotten first. */
static void make_room(struct room *room)
{
	if (unit_count < UNITS_IN_CHUNK * UNIT_CHUNKS && cache_room(work->start, room))
		return;
	forget_everything();
	if (!cache_room(work->start, room))
		fatal("no memory for translated code");
}

static void keep_offsets(struct unit_rec *r, const struct translated *tr)
{
	u32 n = work->insns;

	r->insns = n;
	r->offset = meta_new(4 * n + 1);
	for (u32 i = 0; i <= n; i++)
		r->offset[i] = tr->start[i];
	for (u32 i = 0; i < n; i++) {
		u16 *row = r->offset + n + 1 + 3 * i;

		row[0] = work->insn[i].pc - work->start;
		row[1] = work->insn[i].it;
		row[2] = tr->lent[i];
	}
}

/* Translate the unit at key; `it` is the ITSTATE it begins in. NULL when nothing can be fetched. */
static struct unit_rec *make_unit(u32 key, u8 it)
{
	u64 began = stats_clock();
	struct translated tr;
	struct room room;
	struct unit_rec *r;
	u32 index;

	unit_decode(work, key & ~1u, key & 1, it);
	if (!work->insns)
		return NULL;
	unit_analyse(work);
	make_room(&room);
	translate(work, &room, flat, &tr);
	cache_commit(&room, tr.code, tr.cells);
	r = unit_new(&index);
	*r = (struct unit_rec){
		.landing = {.key = key, .unit = index, .host = room.run},
		.host = room.run,
		.code = tr.code,
		.start = work->start,
		.end = work->end,
		.thumb = work->thumb,
		.it = it,
	};
	keep_offsets(r, &tr);
	page_insert(index);
	if (!it) {
		map_insert(index);
		table_set(key, r->host);
	}
	stats_own.runtime_blocks++;
	stats_own.runtime_instructions += work->insns;
	stats_own.code_bytes += tr.code;
	stats_own.translate_ns += stats_clock() - began;
	return r;
}

static struct unit_rec *find_unit(struct thread *t, u32 key)
{
	struct unit_rec *r = map_find(key);

	if (!r)
		r = make_unit(key, 0);
	if (!r) {
		t->cpu.r[15] = key & ~1u;
		t->cpu.thumb = key & 1;
	}
	return r;
}

/* Making a unit can forget everything, the asking cell included: then `generation` has moved on. */
u64 dispatch_link(struct thread *t, struct cell *cell)
{
	u32 before = generation;
	struct unit_rec *r = find_unit(t, cell->target);

	if (!r)
		return 0;
	if (generation == before) {
		cell->host = r->host;
		cell->linked = r->landing.unit + 1;
		cell->next = r->incoming;
		r->incoming = cache_cell_index(cell) + 1;
		stats_own.links++;
	}
	return r->host;
}

u64 dispatch_miss(struct thread *t, u32 target)
{
	struct unit_rec *r = find_unit(t, target);

	stats_own.misses++;
	if (!r)
		return 0;
	table_set(target, r->host);
	return r->host;
}

u64 dispatch_learn(struct thread *t, struct cell *cell, u32 target)
{
	u32 before = generation;
	struct unit_rec *r = find_unit(t, target);

	stats_own.misses++;
	if (!r)
		return 0;
	table_set(target, r->host);
	if (generation == before) {
		cell->host = (u64)&r->landing;
		cell->stub = cell->lookup;
	}
	return r->host;
}

/* --- forgetting units ------------------------------------------------------------------------------- */

static void kill_unit(struct thread *t, u32 index)
{
	struct unit_rec *r = unit_at(index);

	if (r->dead)
		return;
	r->dead = true;
	r->landing.host = (u64)entry_miss;
	for (u32 i = r->incoming; i;) {
		struct cell *c = cache_cell(i - 1);

		i = c->next;
		c->host = c->stub;
		c->linked = 0;
	}
	r->incoming = 0;
	if (!r->it) {
		table_set(r->landing.key, 0);
		map_remove(index);
	}
	r->landing.key = no_landing.key; /* sites that predict it go to their look-up again */
	t->cpu.pending = 1; /* a loop inside the unit must leave it */
	stats_own.invalidations++;
}

static void invalidate_page(struct thread *t, u32 page, u64 start, u64 end)
{
	u32 *at = &page_heads[page % PAGE_HEADS];

	while (*at) {
		u32 index = *at - 1;
		struct unit_rec *r = unit_at(index);
		u32 first = r->start / PAGE_SIZE;
		u32 *next = &r->next_page[page != first && page % PAGE_HEADS != first % PAGE_HEADS];

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

	if (!len)
		return;
	if (len / PAGE_SIZE > PAGE_HEADS) {
		for (u32 i = 0; i < unit_count; i++)
			if (unit_at(i)->start < end && unit_at(i)->end > start.va)
				kill_unit(t, i);
		return;
	}
	for (u64 p = start.va / PAGE_SIZE; p <= (end - 1) / PAGE_SIZE; p++)
		invalidate_page(t, (u32)p, start.va, end);
}

/* --- running ---------------------------------------------------------------------------------------- */

int cpu_init(struct thread *t)
{
	tables_init(t);
	map_size = MAP_BUCKETS;
	map_heads = pages(map_size * sizeof(u32));
	work = pages(sizeof(struct unit));
	t->cpu.link = (u64)entry_link;
	t->cpu.miss = (u64)entry_miss;
	t->cpu.stop = (u64)entry_stop;
	t->cpu.poll = (u64)entry_poll;
	fpscr_write(t, 0);
	return 0;
}

enum stop cpu_run(struct thread *t)
{
	for (;;) {
		u32 key = t->cpu.r[15] | t->cpu.thumb;
		u8 it = t->cpu.itstate;
		struct unit_rec *r = it ? make_unit(key, it) : find_unit(t, key);
		enum stop reason;

		if (!r)
			return STOP_FETCH;
		t->cpu.itstate = 0;
		reason = cpu_enter(t, r->host);
		if (reason != STOP_REFETCH)
			return reason;
	}
}

bool cpu_owns_pc(u64 host_pc)
{
	return cache_owns(host_pc);
}

/* Registers that were lent to a template's operands stand in the state: put them back where entry_stop takes them. */
static void take_back(struct thread *t, struct host_ucontext *uc, u16 lent)
{
	u64 *const places[16] = {
		[RSI] = &uc->mc.rsi, [RDI] = &uc->mc.rdi, [R8] = &uc->mc.r8,   [R9] = &uc->mc.r9,
		[R11] = &uc->mc.r11, [R13] = &uc->mc.r13, [R14] = &uc->mc.r14, [R15] = &uc->mc.r15,
	};

	for (u8 g = 0; g < 15; g++)
		if (lent >> g & 1)
			*places[host_of_guest[g]] = t->cpu.r[g];
}

void cpu_fault(struct thread *t, struct host_ucontext *uc)
{
	u64 pc = uc->mc.rip;

	for (u32 i = unit_count; i-- > 0;) {
		struct unit_rec *r = unit_at(i);
		const u16 *row;
		u32 k = 0;

		if (pc - r->host >= r->code)
			continue;
		while (k + 1 < r->insns && r->host + r->offset[k + 1] <= pc)
			k++;
		row = r->offset + r->insns + 1 + 3 * k;
		t->cpu.r[15] = r->start + row[0];
		t->cpu.thumb = r->thumb;
		t->cpu.itstate = (u8)row[1];
		take_back(t, uc, row[2]);
		uc->mc.rdx = STOP_FAULT;
		uc->mc.rsp = t->cpu.host_sp;
		uc->mc.rip = (u64)entry_stop;
		return;
	}
	fatal_at("a fault in code that belongs to no block", pc, uc->mc.cr2);
}

void cpu_after_fork(struct thread *t)
{
	(void)t;
	cache_freeze();
}
