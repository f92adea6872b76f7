/*
 * Records of translated units, the map from keys to them, lists of the units of a page, and the tables that go with
 * each. Making units, linking and forgetting them one by one is dispatch.c's. All of it is under the world's lock.
 */
#ifndef XLATE_UNITS_H
#define XLATE_UNITS_H

#include "code_cache.h"
#include "emit.h"
#include "translate.h"

/* Its code refers to something that cannot be moved: it is not kept for later runs. */
#define FIXES_NONE 0xffff

/* A translated unit. Indices are kept as index + 1, 0 for none. */
struct unit_rec {
	struct landing landing; /* key and entry; host is entry_miss once the unit is dead */
	u64 host;
	u32 code;
	gword start, end; /* guest bytes */
	u32 index;
	u32 incoming;	/* first cell linked to it */
	u32 next_key;	/* same bucket of the map */
	u32 next_page[2];
	u8 thumb, it;
	bool dead;
	bool of_package; /* its host code is a package's, or of the stock */
	u16 insns;
	u16 fixes;   /* how many, or FIXES_NONE */
	u16 *offset; /* insns + 1 host offsets, then for each instruction: guest offset, ITSTATE, lent registers */
	struct fix *fix; /* what depends on where the code stands; only where units are kept */
};

void units_init(void);
u32 units_count(void);
struct unit_rec *unit_at(u32 index);
/* The next record, to be filled in; only while units_have_place(). */
struct unit_rec *unit_new(u32 *index);
/* A record is free, and not too many are of units that are dead: a program that rewrites its code makes those. */
bool units_have_place(void);
bool units_are_full(void);
/* One unit more is dead. */
void units_lost_one(void);
/* Forget all records. */
void units_forget(void);

/* Remember offsets and fixes of the unit that was decoded and translated. */
void unit_keep_tables(struct unit_rec *r, const struct unit *u, const struct translated *tr, bool fixes);

struct unit_rec *map_find(gword key);
void map_insert(u32 index);
void map_remove(u32 index);

/* Units by the pages they were made from: a list's head holds index + 1. */
void page_insert(u32 index);
u32 *page_head(gword page);
u32 *page_next(struct unit_rec *r, gword page);

/* Units from this index on have not been written to the stock yet. */
extern u32 units_unsaved;

#endif
