/*
 * The guest's address space: what is mapped with which guest protection. The one caller of host mmap for
 * guest memory. Guest pages are never host-executable; guest PROT_EXEC lives only in this table.
 */
#ifndef XLATE_MEMORY_H
#define XLATE_MEMORY_H

#include "guest.h"
#include "types.h"

struct thread;

/* Host address of guest address 0. 0 = identity mapping. Fixed before the first guest mapping. */
extern u64 guest_base;

static inline void *g2h(gaddr a)
{
	return (void *)(guest_base + a.va);
}

static inline bool h_is_guest(u64 host)
{
	return host - guest_base < GUEST_SPAN;
}

static inline gaddr h2g(u64 host)
{
	return GADDR((gword)(host - guest_base));
}

/* Guest protection (PROT_* bits) of the page at a, or -1 when nothing is mapped there. async-signal-safe */
int mem_prot(gaddr a);

/* Number of bytes from a that are mapped readable and executable without a gap, at most max. 0: cannot fetch. */
u64 mem_fetchable(gaddr a, u64 max);

/*
 * The translator reads code from this page: if the guest may write it, take the host write permission away
 * until somebody writes. True when it was not watched before: what was read until now may have changed since.
 */
bool mem_watch_code(gaddr page);

/*
 * A host write fault at a: if the page is watched, give write permission back, forget its
 * translations (cpu_invalidate) and return true: the access may be retried. async-signal-safe
 */
bool mem_code_written(gaddr a);

/* Give a page the host protection that guest and translations ask for. async-signal-safe */
void mem_open(gaddr page);

/* The kernel (or this runtime) is about to write [a, a+len): unwatch those pages first. */
void mem_will_write(gaddr a, u64 len);

/* Copies that turn faults into -EFAULT. */
int copy_in(void *dst, gaddr src, u64 len);
int copy_out(gaddr dst, const void *src, u64 len);
/*
 * Copy a NUL-terminated string of at most size bytes; -EFAULT, or -ENAMETOOLONG when it does not end. Returns its
 * length.
 */
s64 copy_in_string(char *dst, gaddr src, u64 size);

/* --- for the loader and sys/mmap.c: the guest's mmap family. Results are a guest address, 0, or -errno. ---------- */

/* Decide guest_base (`lowest`: the program's lowest link address), map the kuser page, set %gs. */
#define MEM_ANYWHERE (~0ull)
long mem_init(struct thread *t, u64 lowest);
/* The stack area; mappings without an address go below it from then on. */
long mem_map_stack(struct thread *t, u64 low, u64 top, int prot);

/* mmap: flags as the guest gave them, offset in bytes. The 0xffff0000 limit, MAP_FIXED and hints as on ARM Linux. */
long mem_map(struct thread *t, gaddr addr, u64 len, int prot, u32 flags, int fd, u64 offset);
long mem_unmap(struct thread *t, gaddr addr, u64 len);
long mem_protect(struct thread *t, gaddr addr, u64 len, int prot);
long mem_remap(struct thread *t, gaddr old, u64 old_len, u64 new_len, u32 flags, gaddr new_addr);
long mem_brk(struct thread *t, gaddr end);
long mem_advise(struct thread *t, gaddr addr, u64 len, int advice);
/* shmat: attaches at addr (0: anywhere). shmdt. */
long mem_shmat(struct thread *t, int shmid, gaddr addr, int flags);
long mem_shmdt(struct thread *t, gaddr addr);
/* The bytes of a range went away or changed: forget translations and watches. Host protections stay as they are. */
void mem_forget_code(struct thread *t, gaddr addr, u64 len);

/* Regions in ascending order, for /proc/self/maps: the first that ends above *cursor; false when there is none. */
struct mem_region {
	u64 start, end;
	int prot;	/* the guest's */
	bool shared;
};
bool mem_next_region(u64 *cursor, struct mem_region *out);
/* May the guest write to any page of [start, end)? Of text there, nobody would notice a change. */
bool mem_is_writable(u64 start, u64 end);

#endif
