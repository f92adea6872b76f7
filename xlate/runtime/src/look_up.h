/*
 * The table that translated code looks guest addresses up in: from an address | T to host code, a baseline unit or an
 * entry of a package. An entry may be missing but never wrong.
 */
#ifndef XLATE_LOOK_UP_H
#define XLATE_LOOK_UP_H

#include "guest.h"
#include "types.h"

struct thread;

/* Reserve the flat table and the code window, or make the hash table; tells t->cpu where they are. */
void look_up_init(struct thread *t);
/* The flat table serves: packages can be used. */
bool look_up_is_flat(void);

/* Host code at key, behind a hook too; 0: none. */
u64 look_up(gword key);
void look_up_set(gword key, u64 host);
/* Make it none if it is this host code. */
void look_up_clear(gword key, u64 host);

/*
 * A hook stands in for the entry of a guest address where a nested dispatcher may end, so that returns to it are seen
 * whatever else is known about the address. look_up_set() and the others then work on what is behind it.
 */
void look_up_hook(gword key);
bool look_up_is_hooked(gword key);
void look_up_unhook(gword key);
void look_up_unhook_all(void);

/*
 * Map the table slices of a package over the entries of guest addresses [low, high): A32 and T32 at these offsets of
 * the file, 0 for none. False: not possible, nothing was changed.
 */
bool look_up_map(u64 low, u64 high, int fd, u64 a32_at, u64 t32_at);
/* No entries for [low, high). */
void look_up_unmap(u64 low, u64 high);

#endif
