/* Records of translated units and where they are found: by key, by page, by number. */
#include "units.h"

#include "fatal.h"
#include "host.h"
#include "memory.h"

/* Memory for tables of units; its end is cut up, its beginning links the chunks. */
struct meta_chunk {
	struct meta_chunk *next;
};

u32 units_unsaved;

static struct unit_rec *unit_chunks[UNIT_CHUNKS];
static u32 unit_count;
static u32 page_heads[PAGE_HEADS];
static u32 *map_heads;
static u32 map_size; /* buckets, a power of two */
static u8 *meta_at, *meta_end;
static struct meta_chunk *meta_chunks, *meta_spare; /* in use, and left from before everything was forgotten */
static u32 dead_count; /* units forgotten one by one; their code and records stay */

static void *pages(u64 size)
{
	long at = host_mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (host_is_error(at))
		fatal("no memory for translations");
	return (void *)at;
}

void units_init(void)
{
	map_size = MAP_BUCKETS;
	map_heads = pages(map_size * sizeof(u32));
}

u32 units_count(void)
{
	return unit_count;
}

struct unit_rec *unit_at(u32 index)
{
	return &unit_chunks[index / UNITS_IN_CHUNK][index % UNITS_IN_CHUNK];
}

struct unit_rec *unit_new(u32 *index)
{
	u32 chunk = unit_count / UNITS_IN_CHUNK;

	if (!unit_chunks[chunk])
		unit_chunks[chunk] = pages(UNITS_IN_CHUNK * sizeof(struct unit_rec));
	*index = unit_count++;
	return unit_at(*index);
}

bool units_are_full(void)
{
	return unit_count == UNITS_IN_CHUNK * UNIT_CHUNKS;
}

bool units_have_place(void)
{
	return !units_are_full() && (dead_count < DEAD_UNITS || dead_count < unit_count / 2);
}

void units_lost_one(void)
{
	dead_count++;
}

void units_forget(void)
{
	__builtin_memset(map_heads, 0, map_size * sizeof(u32));
	__builtin_memset(page_heads, 0, sizeof(page_heads));
	unit_count = dead_count = units_unsaved = 0;
	meta_at = meta_end = NULL;
	while (meta_chunks) {
		struct meta_chunk *c = meta_chunks;

		meta_chunks = c->next;
		c->next = meta_spare;
		meta_spare = c;
	}
}

/* --- tables of a unit ------------------------------------------------------------------------------- */

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

static void keep_offsets(struct unit_rec *r, const struct unit *u, const struct translated *tr)
{
	u32 n = u->insns;

	r->insns = u->insns;
	r->offset = meta_new(4 * n + 1);
	for (u32 i = 0; i <= n; i++)
		r->offset[i] = tr->start[i];
	for (u32 i = 0; i < n; i++) {
		u16 *row = r->offset + n + 1 + 3 * i;

		row[0] = (u16)(u->insn[i].pc - u->start);
		row[1] = u->insn[i].it;
		row[2] = tr->lent[i];
	}
}

void unit_keep_tables(struct unit_rec *r, const struct unit *u, const struct translated *tr, bool fixes)
{
	keep_offsets(r, u, tr);
	r->fixes = FIXES_NONE;
	if (!fixes || tr->fixes > UNIT_FIXES)
		return;
	r->fixes = (u16)tr->fixes;
	r->fix = (struct fix *)meta_new(2 * tr->fixes);
	__builtin_memcpy(r->fix, tr->fix, tr->fixes * sizeof(struct fix));
}

/* --- by key ----------------------------------------------------------------------------------------- */

static u32 *bucket(gword key)
{
	return &map_heads[(u32)key * 0x9e3779b9u >> 12 & (map_size - 1)];
}

struct unit_rec *map_find(gword key)
{
	u32 i = *bucket(key);

	while (i && unit_at(i - 1)->landing.key != key)
		i = unit_at(i - 1)->next_key;
	return i ? unit_at(i - 1) : NULL;
}

void map_insert(u32 index)
{
	struct unit_rec *r = unit_at(index);
	u32 *head = bucket(r->landing.key);

	r->next_key = *head;
	*head = index + 1;
}

void map_remove(u32 index)
{
	struct unit_rec *r = unit_at(index);
	u32 *at = bucket(r->landing.key);

	while (*at && *at != index + 1)
		at = &unit_at(*at - 1)->next_key;
	if (*at)
		*at = r->next_key;
}

/* --- by page ---------------------------------------------------------------------------------------- */

u32 *page_head(gword page)
{
	return &page_heads[page % PAGE_HEADS];
}

u32 *page_next(struct unit_rec *r, gword page)
{
	gword first = r->start / PAGE_SIZE;

	return &r->next_page[page != first && page % PAGE_HEADS != first % PAGE_HEADS];
}

void page_insert(u32 index)
{
	struct unit_rec *r = unit_at(index);
	gword first = r->start / PAGE_SIZE, last = (r->end - 1) / PAGE_SIZE;

	for (gword p = first; p <= last; p++) {
		u32 *head = page_head(p);

		r->next_page[p - first] = *head;
		*head = index + 1;
		mem_watch_code(GADDR((u64)p * PAGE_SIZE));
	}
}
