/*
 * Segments of run-time code: a memfd mapped twice where the host has it, else one private mapping whose protection is
 * turned while it is written. Segments are append-only and lie inside the window of the flat table when there is one,
 * each in the 2 GiB slice that belongs to 256 MiB of guest addresses, so that 32-bit offsets reach.
 */
#include "code_cache.h"

#include "emit.h"
#include "fatal.h"
#include "host.h"
#include "string.h"
#include "thread.h"
#include "tunables.h"
#include "unit.h"

#define WINDOW_SIZE (8ull << 32)
#define WINDOW_GUARD (1ull << 31)
#define SLICE_SIZE (8ull << 28)
#define SEGMENT_SIZE ((u64)SEGMENT_CODE + SEGMENT_CELLS)
#define SEGMENT_CONSTANTS 8192u /* at the end of the cells */
#define CELLS_IN_SEGMENT ((SEGMENT_CELLS - SEGMENT_CONSTANTS) / sizeof(struct cell))
#define MFD_EXEC 16u
/* Places for code that may stand anywhere are tried so far apart. */
#define PLACE_STEP (64ull << 10)
/* A segment begins with the hook entry, 16 bytes; a unit's prefix stands so that the unit itself is aligned to 16. */
#define UNITS_BEGIN (16u + ENTRY_PREFIX)

struct segment {
	u64 run;
	u8 *write; /* NULL: written in place */
	u32 code_used, cells_used;
	bool frozen;
	u8 slice;
};

/* A part of the window that belongs to the image of a module. */
struct claim {
	u64 start, end;
};

static struct segment segments[SEGMENTS_MAX];
static struct claim claims[CLAIMS_MAX];
static u32 claim_count;
static u32 segment_count;
static u64 window; /* 0: none */

bool cache_reserve_window(void)
{
	u64 size = WINDOW_SIZE + 2 * WINDOW_GUARD;
	long at = host_mmap(0, size, 0, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (host_is_error(at))
		return false;
	window = ((u64)at + WINDOW_GUARD) & ~(SLICE_SIZE - 1);
	return true;
}

u64 cache_window(void)
{
	return window;
}

static bool is_claimed(u64 start, u64 size)
{
	for (u32 i = 0; i < claim_count; i++)
		if (start < claims[i].end && claims[i].start < start + size)
			return true;
	return false;
}

static bool has_segment(u64 start, u64 size)
{
	for (u32 i = 0; i < segment_count; i++)
		if (start < segments[i].run + SEGMENT_SIZE && segments[i].run < start + size)
			return true;
	return false;
}

bool cache_claim(u64 address, u64 size)
{
	bool inside = window && address >= window && size <= WINDOW_SIZE && address + size <= window + WINDOW_SIZE;

	if (!inside || claim_count == CLAIMS_MAX || is_claimed(address, size) || has_segment(address, size))
		return false;
	claims[claim_count++] = (struct claim){address, address + size};
	return true;
}

/* Its place in the window stays reserved. */
static void reserve(u64 address, u64 size)
{
	host_mmap(address, size, 0, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

void cache_unclaim(u64 address, u64 size)
{
	for (u32 i = 0; i < claim_count; i++) {
		if (claims[i].start != address || claims[i].end != address + size)
			continue;
		claims[i] = claims[--claim_count];
		reserve(address, size);
		return;
	}
}

/* Where the next segment of a slice goes; slices fill from their end, images of modules stand where their guest is. */
static u64 segment_address(u8 slice)
{
	u64 start = window + (u64)slice * SLICE_SIZE;

	for (u64 at = start + SLICE_SIZE - SEGMENT_SIZE; at >= start; at -= SEGMENT_SIZE)
		if (!is_claimed(at, SEGMENT_SIZE) && !has_segment(at, SEGMENT_SIZE))
			return at;
	return 0;
}

u64 cache_place(gword pc, u64 size)
{
	u64 start = window + (u64)(pc >> 28) * SLICE_SIZE;

	size = page_ceil(size);
	for (u64 at = start + SLICE_SIZE - size; window && at >= start + PLACE_STEP; at -= PLACE_STEP)
		if (cache_claim(at, size))
			return at;
	return 0;
}

/* Two views of the code part; false when the host refuses, then one private view is used. */
static bool map_twice(struct segment *s)
{
	long fd = memory_file("xlate-code", SEGMENT_CODE, MFD_EXEC);
	long run, view;

	if (fd == -EINVAL) /* kernels before 6.3 know no MFD_EXEC */
		fd = memory_file("xlate-code", SEGMENT_CODE, 0);
	if (fd < 0)
		return false;
	run = host_mmap(s->run, SEGMENT_CODE, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, (int)fd, 0);
	view = host_is_error(run) ? run : host_mmap(0, SEGMENT_CODE, PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, 0);
	host_syscall1(__NR_close, (u64)fd);
	if (host_is_error(view)) {
		/* no shared mapping may stay behind: one that fork shares must not be written in place */
		host_mmap(s->run, SEGMENT_CODE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		return false;
	}
	s->write = (u8 *)view;
	return true;
}

static u64 constants_of(const struct segment *s)
{
	return s->run + SEGMENT_SIZE - SEGMENT_CONSTANTS;
}

u64 cache_constants(u64 host_pc)
{
	for (u32 i = 0; i < segment_count; i++)
		if (host_pc - segments[i].run < SEGMENT_CODE)
			return constants_of(&segments[i]);
	fatal("code outside every segment");
}

static void write_hook(u8 *at)
{
	emit_nest_prefix(at);
	emit_hook(at + ENTRY_PREFIX);
}

static bool open_segment(u8 slice)
{
	struct segment *s = &segments[segment_count];
	int fixed = window ? MAP_FIXED : 0;
	u64 address = 0;
	long base;

	if (template_constants_size > SEGMENT_CONSTANTS)
		fatal("the templates' constants outgrew their place");
	if (segment_count == SEGMENTS_MAX)
		return false;
	if (window) {
		address = segment_address(slice);
		if (!address)
			return false;
	}
	base = host_mmap(address, SEGMENT_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | fixed, -1, 0);
	if (host_is_error(base))
		return false;
	*s = (struct segment){.run = (u64)base, .code_used = UNITS_BEGIN, .slice = slice};
	if (!map_twice(s))
		s->write = NULL;
	write_hook(s->write ? s->write : (u8 *)s->run);
	memcpy((void *)constants_of(s), template_constants, template_constants_size);
	segment_count++;
	return true;
}

static bool has_room(const struct segment *s)
{
	return !s->frozen && s->code_used + ENTRY_PREFIX + UNIT_CODE_MAX <= SEGMENT_CODE &&
	       (s->cells_used + UNIT_CELLS_MAX / sizeof(struct cell)) <= CELLS_IN_SEGMENT;
}

bool cache_room(gword pc, struct room *room)
{
	u8 slice = window ? (u8)(pc >> 28) : 0;
	struct segment *s = NULL;
	u32 at;

	for (u32 i = segment_count; i-- > 0 && !s;)
		if (segments[i].slice == slice && has_room(&segments[i]))
			s = &segments[i];
	if (!s) {
		if (!open_segment(slice))
			return false;
		s = &segments[segment_count - 1];
	}
	at = (u32)(s - segments);
	room->run = s->run + s->code_used + ENTRY_PREFIX;
	room->write = s->write ? s->write + s->code_used + ENTRY_PREFIX : (u8 *)room->run;
	room->cells = (struct cell *)(s->run + SEGMENT_CODE) + s->cells_used;
	room->constants = constants_of(s);
	room->first_cell = at * (u32)CELLS_IN_SEGMENT + s->cells_used;
	room->cell_count = UNIT_CELLS_MAX / sizeof(struct cell);
	room->size = UNIT_CODE_MAX;
	if (!s->write)
		host_mprotect(s->run, SEGMENT_CODE, PROT_READ | PROT_WRITE);
	emit_nest_prefix(room->write - ENTRY_PREFIX);
	return true;
}

u64 cache_hook(gword key)
{
	u8 slice = (u8)(key >> 28);
	u32 i = 0;

	while (i < segment_count && segments[i].slice != slice)
		i++;
	if (!window || (i == segment_count && !open_segment(slice)))
		return 0;
	if (!segments[i].write && host_mprotect(segments[i].run, SEGMENT_CODE, PROT_READ | PROT_EXEC))
		fatal("the host refuses executable memory");
	return segments[i].run + ENTRY_PREFIX;
}

void cache_commit(const struct room *room, u32 code, u32 cells)
{
	struct segment *s = &segments[room->first_cell / CELLS_IN_SEGMENT];

	s->code_used += (ENTRY_PREFIX + code + 15) & ~15u;
	s->cells_used += cells;
	if (!s->write && host_mprotect(s->run, SEGMENT_CODE, PROT_READ | PROT_EXEC))
		fatal("the host refuses executable memory");
}

struct cell *cache_cell(u32 index)
{
	struct segment *s = &segments[index / CELLS_IN_SEGMENT];

	return (struct cell *)(s->run + SEGMENT_CODE) + index % CELLS_IN_SEGMENT;
}

u32 cache_cell_index(const struct cell *cell)
{
	for (u32 i = 0; i < segment_count; i++) {
		u64 offset = (u64)cell - (segments[i].run + SEGMENT_CODE);

		if (offset < SEGMENT_CELLS)
			return i * (u32)CELLS_IN_SEGMENT + (u32)(offset / sizeof(struct cell));
	}
	fatal("a cell outside every segment");
}

bool cache_owns(u64 host_pc)
{
	for (u32 i = 0; i < segment_count; i++)
		if (host_pc - segments[i].run < SEGMENT_CODE)
			return true;
	return false;
}

void cache_freeze(void)
{
	for (u32 i = 0; i < segment_count; i++)
		segments[i].frozen |= segments[i].write != NULL;
}

/*
 * All segments are given up, not only emptied: children of fork may still execute what these memfds hold, and slices
 * that had no segment must get a chance.
 */
void cache_reset(void)
{
	for (u32 i = 0; i < segment_count; i++) {
		struct segment *s = &segments[i];

		if (s->write)
			host_munmap((u64)s->write, SEGMENT_CODE);
		if (window)
			reserve(s->run, SEGMENT_SIZE);
		else
			host_munmap(s->run, SEGMENT_SIZE);
	}
	segment_count = 0;
}
