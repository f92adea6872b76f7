/*
 * The guest's address space: what is mapped with which guest protection. The one caller of host mmap for
 * guest memory. Guest pages are never host-executable; guest PROT_EXEC lives only in this table.
 */
#ifndef XLATE_MEMORY_H
#define XLATE_MEMORY_H

#include "types.h"

/* Host address of guest address 0. 0 = identity mapping. Fixed before the first guest mapping. */
extern u64 guest_base;

static inline void *g2h(gaddr a)
{
	return (void *)(guest_base + a.va);
}

static inline bool h_is_guest(u64 host)
{
	return host - guest_base < (1ull << 32);
}

static inline gaddr h2g(u64 host)
{
	return GADDR((u32)(host - guest_base));
}

/* Guest protection (PROT_* bits) of the page at a, or -1 when nothing is mapped there. async-signal-safe */
int mem_prot(gaddr a);

/* Number of bytes from a that are mapped readable and executable without a gap, at most max. 0: cannot fetch. */
u64 mem_fetchable(gaddr a, u64 max);

/*
 * The translator read code from this page: if the guest may write it, take the host write permission away
 * until somebody writes. Idempotent.
 */
void mem_watch_code(gaddr page);

/*
 * A host write fault at a: if the page is watched, give write permission back, forget its
 * translations (cpu_invalidate) and return true: the access may be retried. async-signal-safe
 */
bool mem_code_written(gaddr a);

/* The kernel (or this runtime) is about to write [a, a+len): unwatch those pages first. */
void mem_will_write(gaddr a, u64 len);

/* Copies that turn faults into -EFAULT. */
int copy_in(void *dst, gaddr src, u64 len);
int copy_out(gaddr dst, const void *src, u64 len);
/* Copy a NUL-terminated string of at most size bytes; -EFAULT, or -ENAMETOOLONG when it does not end. Returns its length. */
s64 copy_in_string(char *dst, gaddr src, u64 size);

#endif
