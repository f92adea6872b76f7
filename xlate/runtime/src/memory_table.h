/*
 * The sorted table of guest regions behind memory.c: what is taken, with which guest protection. No system calls but
 * to grow.
 */
#ifndef XLATE_MEMORY_TABLE_H
#define XLATE_MEMORY_TABLE_H

#include "types.h"

enum {
	REGION_SHARED = 1,
	REGION_STACK = 2, /* keeps GUEST_STACK_GUARD free below it */
	REGION_SHM = 4,	  /* attached by shmat: never merged, detached as a whole */
};

struct region {
	u64 start, end; /* guest addresses, page aligned */
	u8 prot;	/* the guest's PROT_* */
	u8 kind;
};

/* Room for the regions that one change can add; -ENOMEM. Call before the host is changed. */
long table_make_room(void);
/* First region that ends above addr, or NULL. With the lock. */
struct region *table_find(u64 addr);
bool table_overlaps(u64 start, u64 end);
/* Like !table_overlaps(), but the guard below a stack counts as taken. */
bool table_is_free(u64 start, u64 end);
bool table_is_covered(u64 start, u64 end);
/* Make [start, end) one region, or no region. */
void table_set(u64 start, u64 end, int prot, u8 kind);
void table_clear(u64 start, u64 end);
/* Highest free start below limit, else the lowest above it and below end; 0 when there is none. */
u64 table_find_free(u64 len, u64 limit, u64 end);

int mem_host_prot(int prot);
void kuser_fill(void *page);

#endif
