/*
 * The stock: code of the baseline tier that earlier runs made, kept in the store by guest file and used again, mapped,
 * without decoding anything. It may be missing, never wrong: what is not there is translated, and handed over when the
 * process ends. docs/decisions/0025 says what the code looks like.
 */
#ifndef XLATE_STOCK_H
#define XLATE_STOCK_H

#include "guest.h"
#include "types.h"

struct guest_file;
struct thread;

/* Units are kept: what depends on their place must be remembered. */
bool stock_is_on(void);

/* The kind of place a module is: what stock_mapped() is told of it. */
struct stock_module {
	u64 text_low, text_high; /* pages of its executable segments, where they are mapped */
	u32 bias;		 /* run address = link address + bias */
	const u8 *package;	 /* header_hash of its package; NULL: it has none */
};

/* A module of the guest stands mapped, with its package if it has one: use what is kept for it. */
void stock_mapped(struct thread *t, const struct guest_file *g, const struct stock_module *m);

/* Host code for a key, 0: none. */
u64 stock_find(gword key);
/* async-signal-safe */
bool stock_owns(u64 host_pc);

/* A unit of the stock by an address in its code. */
struct stock_place {
	u64 host;	/* where its code begins */
	gword start;	/* guest address */
	bool thumb;
	u32 insns;
	const u16 *offset; /* as in struct unit_rec */
};

/* async-signal-safe; false: no unit's code. */
bool stock_place(u64 host_pc, struct stock_place *p);

/* Is text of a module that has kept code in guest pages [start, end)? Then stock_forget() needs the world stopped. */
bool stock_covers(u64 start, u64 end);
/* Those pages went away, changed or became writable: such code is unmapped, and its module not kept any more. */
void stock_forget(struct thread *t, u64 start, u64 end);
/* Translations are of another kind from here on. With the world stopped. */
void stock_leave(struct thread *t);
/* Packages went: what modules with one run now would not be found by those that have it. */
void stock_without_packages(void);

/*
 * Write what was translated since to the store: when a process ends (last) and before it executes another program. Every
 * failure means that nothing is kept.
 */
void stock_save(bool last);
/* The child of a fork leaves what its parent made to its parent. */
void stock_after_fork(void);

#endif
