/* The table of guest regions: sorted, without overlap, neighbours of equal kind merged. See memory_table.h. */
#include "memory_table.h"

#include "host.h"
#include "memory.h"
#include "string.h"
#include "tunables.h"
#include "world.h"

static struct region first_room[MEM_REGIONS_STATIC];
static struct region *table = first_room;
static u32 count, room = MEM_REGIONS_STATIC;

/* One change splits at most two regions and adds one. */
#define MOST_ADDED 3

long table_make_room(void)
{
	struct region *old = table;
	u32 old_room = room;
	long ret;

	if (count + MOST_ADDED <= room)
		return 0;
	ret = host_mmap(0, 2ull * room * sizeof(*table), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (host_is_error(ret))
		return -ENOMEM;
	memcpy((void *)ret, old, count * sizeof(*table));
	table = (struct region *)ret;
	room = 2 * old_room;
	if (old != first_room)
		host_munmap((u64)old, old_room * sizeof(*table));
	return 0;
}

/* Index of the first region that ends above addr. */
static u32 index_above(u64 addr)
{
	u32 low = 0, high = count;

	while (low < high) {
		u32 mid = (low + high) / 2;

		if (table[mid].end > addr)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

struct region *table_find(u64 addr)
{
	u32 i = index_above(addr);

	return i < count ? &table[i] : NULL;
}

bool table_overlaps(u64 start, u64 end)
{
	struct region *r = table_find(start);

	return r && r->start < end;
}

/* Where the room below a region ends. */
static u64 low_edge(const struct region *r)
{
	u64 guard = r->kind & REGION_STACK ? GUEST_STACK_GUARD : 0;

	return r->start > guard ? r->start - guard : 0;
}

bool table_is_free(u64 start, u64 end)
{
	struct region *r = table_find(start);

	return !r || low_edge(r) >= end;
}

bool table_is_covered(u64 start, u64 end)
{
	for (u32 i = index_above(start); start < end; i++) {
		if (i == count || table[i].start > start)
			return false;
		start = table[i].end;
	}
	return true;
}

static void insert_at(u32 i, struct region r)
{
	memmove(&table[i + 1], &table[i], (count - i) * sizeof(*table));
	table[i] = r;
	count++;
}

static void remove_at(u32 i)
{
	memmove(&table[i], &table[i + 1], (count - i - 1) * sizeof(*table));
	count--;
}

void table_clear(u64 start, u64 end)
{
	u32 i = index_above(start);

	while (i < count && table[i].start < end) {
		struct region r = table[i];

		if (r.start < start && r.end > end) {
			table[i].end = start;
			r.start = end;
			insert_at(i + 1, r);
			return;
		}
		if (r.start < start) {
			table[i++].end = start;
		} else if (r.end > end) {
			table[i].start = end;
			return;
		} else {
			remove_at(i);
		}
	}
}

static bool can_merge(const struct region *low, const struct region *high)
{
	return low->end == high->start && low->prot == high->prot && low->kind == high->kind &&
	       !(low->kind & REGION_SHM);
}

void table_set(u64 start, u64 end, int prot, u8 kind)
{
	struct region r = {.start = start, .end = end, .prot = (u8)prot, .kind = kind};
	u32 i;

	table_clear(start, end);
	i = index_above(start);
	insert_at(i, r);
	if (i + 1 < count && can_merge(&table[i], &table[i + 1])) {
		table[i].end = table[i + 1].end;
		remove_at(i + 1);
	}
	if (i > 0 && can_merge(&table[i - 1], &table[i])) {
		table[i - 1].end = table[i].end;
		remove_at(i);
	}
}

u64 table_find_free(u64 len, u64 limit, u64 end)
{
	u32 i = index_above(limit - 1);
	u64 high = limit, low;

	for (;; i--) { /* the hole below table[i] */
		if (i < count && low_edge(&table[i]) < high)
			high = low_edge(&table[i]);
		low = i ? table[i - 1].end : GUEST_SEARCH_MIN;
		if (low < GUEST_SEARCH_MIN)
			low = GUEST_SEARCH_MIN;
		if (high >= low + len)
			return high - len;
		if (!i || low == GUEST_SEARCH_MIN)
			break;
	}
	for (low = limit, i = index_above(limit); low + len <= end; low = table[i++].end) { /* upwards */
		if (i == count || low_edge(&table[i]) >= low + len)
			return low;
	}
	return 0;
}

int mem_prot(gaddr a)
{
	struct region *r;
	HOLD_LOCK;

	r = table_find(a.va);
	return r && r->start <= a.va ? r->prot : -1;
}

u64 mem_fetchable(gaddr a, u64 max)
{
	u64 at = a.va, end = a.va + max;
	HOLD_LOCK;

	for (u32 i = index_above(at); i < count && at < end; i++) {
		if (table[i].start > at || !(table[i].prot & PROT_EXEC))
			break;
		at = table[i].end;
	}
	return (at < end ? at : end) - a.va;
}

bool mem_next_region(u64 *cursor, struct mem_region *out)
{
	struct region *r;
	HOLD_LOCK;

	r = table_find(*cursor);
	if (!r)
		return false;
	*out = (struct mem_region){
		.start = r->start, .end = r->end, .prot = r->prot, .shared = r->kind & REGION_SHARED};
	*cursor = r->end;
	return true;
}

bool mem_is_writable(u64 start, u64 end)
{
	struct mem_region r;

	for (u64 at = start; mem_next_region(&at, &r) && r.start < end;)
		if (r.prot & PROT_WRITE)
			return true;
	return false;
}
