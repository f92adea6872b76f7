/* One file of kept code, opened and judged. stock.c maps it, stock_write.c makes the next one from it. */
#ifndef XLATE_STOCK_FILE_H
#define XLATE_STOCK_FILE_H

#include "gen/package.h"
#include "store.h"

/* More in one file would cost more to write than it saves; what does not fit is translated at every start. */
#define STOCK_FILE_MAX (64u << 20)
/* Room for a file's name in its folder. */
#define STOCK_NAME_SIZE (QUICK_TEXT + 2 + sizeof(STOCK_SUFFIX))

/* What a file must be for. */
struct stock_key {
	u8 quick[QUICK_SIZE];
	u64 file[FILE_NUMBERS];
	u64 low, high;		/* pages of the guest file's link addresses */
	bool beside_package;
	u8 package[BLAKE2_SIZE];
};

struct stock_file {
	int fd;
	struct stat st;
	struct stock_header h;
};

/* Where things stand in a file with this header. */
struct stock_places {
	u64 image, tables, units, index, rows, fixes, end; /* offsets; tables: the page where units begin */
};

/* False: the numbers are none of a file's. */
bool stock_places(const struct stock_header *h, struct stock_places *p);
void stock_seal(struct stock_header *h);

/* The folders of kept files and of what is remembered of files. */
struct stock_store {
	int folder, seen; /* seen -1: nothing is remembered */
};

/* 0, then stock_close_store(); or -errno. */
long stock_open_store(bool create, struct stock_store *s);
void stock_close_store(const struct stock_store *s);
void stock_name(const struct stock_key *key, char name[STOCK_NAME_SIZE]);
/*
 * NULL: f is open (the caller closes it) and for this key; whether its contents are whole stock_is_whole() says. Else
 * why there is none; STOCK_NONE when nobody has made it.
 */
const char *stock_open(const struct stock_store *s, const struct stock_key *key, struct stock_file *f);
bool stock_is_whole(const struct stock_store *s, const struct stock_file *f);
extern const char STOCK_NONE[];

/*
 * Who is going to write a key's file after its process has ended says so by a lock that goes when all its holders have:
 * 0 or -errno. The descriptor is of stock_open_locks(), or -errno.
 */
long stock_open_locks(const struct stock_store *s);
long stock_lock(int locks, const struct stock_key *key);
/* Wait for such writers of a key, for some time in all. */
void stock_wait(const struct stock_store *s, const struct stock_key *key);

/* --- what is in the tables ---------------------------------------------------------------------------- */

/* The tables of a file, wherever they are mapped. */
struct stock_tables {
	const struct stock_unit *units;
	const u64 *index; /* key in the upper half, number of the unit plus 1; 0: free */
	const u16 *rows;
	const struct fix *fixes;
	u32 count, slots;
};

/* base: where the file's tables stand in memory. */
struct stock_tables stock_tables(u64 base, const struct stock_header *h);
/* The unit at a link address | T, or NULL. */
const struct stock_unit *stock_look_up(const struct stock_tables *t, u32 key);
/* Where a key's search begins. */
u32 stock_slot(u32 key, u32 slots);

#endif
