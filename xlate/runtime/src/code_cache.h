/*
 * Room for run-time code. Code is written through one mapping and executed through another (W^X); once
 * published no byte of it changes. What changes are data cells in private memory.
 */
#ifndef XLATE_CODE_CACHE_H
#define XLATE_CODE_CACHE_H

#include "guest.h"
#include "types.h"

/* An exit of translated code: jumped through, so linking and unlinking are one store to host. */
struct cell {
	u64 host;	  /* where it goes now */
	u64 stub;	  /* where it goes while not linked */
	gword target;	  /* key */
	u32 next;	  /* next cell linked to the same unit: index + 1, 0 ends */
	u32 linked;	  /* unit it is linked to + 1, 0: none */
	u64 lookup;	  /* predicted jumps: the look-up behind the prediction */
};

/* What an indirect jump's prediction compares with; immutable but for host. */
struct landing {
	gword key;
	u64 host; /* translated code finds it 8 bytes behind the key */
};

/*
 * A place to write one unit: the same bytes at two addresses, and the cells behind them. The 8 bytes before it are
 * where optimised code calls the unit, and are already written.
 */
struct room {
	u8 *write;	  /* writable view */
	u64 run;	  /* address it will execute at */
	struct cell *cells; /* cells, already at their final address */
	u64 constants;	  /* data that templates refer to relative to the pc */
	u32 first_cell;	  /* global index of cells[0] */
	u32 cell_count;	  /* how many are free */
	u32 size;
};

/* Reserve the window that the flat table is relative to; false when address space is refused. */
bool cache_reserve_window(void);
u64 cache_window(void);

/* Room for a unit that starts at guest pc. False: everything is full, reset and try again. */
bool cache_room(gword pc, struct room *room);
/* Keep the first `code` bytes and `cells` cells of the room. */
void cache_commit(const struct room *room, u32 code, u32 cells);
struct cell *cache_cell(u32 index);
u32 cache_cell_index(const struct cell *cell);
/*
 * Take part of the window for a module's image: run-time segments keep away from it. False when there is no window, or
 * something of ours is there. Given back, its address space is reserved again and nothing is mapped there.
 */
bool cache_claim(u64 address, u64 size);
void cache_unclaim(u64 address, u64 size);
/* The same for code that may stand anywhere within reach of a guest address: where it is now, 0 for nowhere. */
u64 cache_place(gword pc, u64 size);
/* The templates' constants that run-time code at a host address refers to. */
u64 cache_constants(u64 host_pc);
/* An entry for the look-up table that leads to hand_back, within reach of the key; 0: no room. */
u64 cache_hook(gword key);
/* async-signal-safe */
bool cache_owns(u64 host_pc);
/* Segments of a fork's parent take no more code. */
void cache_freeze(void);
/* Forget all code and cells (no thread may be in it); pointers to cells are dead afterwards. */
void cache_reset(void);

#endif
