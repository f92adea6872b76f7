/* Memory calls: arguments only. Addresses, protections and the table of mappings are memory.c's. */
#include "optimised.h"
#include "sys/sys.h"
#include "world.h"

/* No mapping reaches as far as this below the end of 64 bits: for "nowhere yet". */
#define GUEST_SPACE (1ull << 33)

enum {
	MCL_CURRENT = 1,
	MCL_FUTURE = 2,
	MCL_ONFAULT = 4,
};

/* What a fixed mapping replaces does not count. A length that is refused for itself is mem_map's matter. */
static bool may_map(gaddr addr, u32 len, u32 prot, u32 flags)
{
	bool data = prot & PROT_WRITE && (flags & MAP_TYPE) == MAP_PRIVATE;

	return limit_allows_mapping(flags & MAP_FIXED ? addr.va : ~0ull - GUEST_SPACE, page_ceil(len), data);
}

/* The offset is in units of 4096 bytes. */
long sys_mmap2(struct thread *t, gaddr addr, u32 len, u32 prot, u32 flags, s32 fd, u32 page)
{
	bool is_text = (prot & PROT_EXEC) && !(prot & PROT_WRITE) && (flags & (MAP_TYPE | MAP_ANONYMOUS)) == MAP_PRIVATE;
	long ret;
	HOLD_LOCK; /* the package is there before anybody runs the code */

	if (!(flags & MAP_ANONYMOUS) && fd_is_own(fd))
		return -EBADF;
	if (!may_map(addr, len, prot, flags))
		return -ENOMEM;
	ret = mem_map(t, addr, len, (int)prot, flags, fd, (u64)page << 12);
	if (is_text && !host_is_error(ret))
		optimised_mapped(t, fd, (u64)ret, page_ceil(len), (u64)page << 12);
	return ret;
}

long sys_munmap(struct thread *t, gaddr addr, u32 len)
{
	return mem_unmap(t, addr, len);
}

long sys_mprotect(struct thread *t, gaddr addr, u32 len, u32 prot)
{
	return mem_protect(t, addr, len, (int)prot);
}

/* Without protection keys, key -1 is plain mprotect and no other exists. */
long sys_pkey_mprotect(struct thread *t, gaddr addr, u32 len, u32 prot, s32 key)
{
	return key == -1 ? mem_protect(t, addr, len, (int)prot) : -EINVAL;
}

long sys_mremap(struct thread *t, gaddr old, u32 old_len, u32 new_len, u32 flags, gaddr new)
{
	if (new_len > old_len && !limit_allows_mapping(old.va, page_ceil(new_len), true))
		return -ENOMEM;
	return mem_remap(t, old, old_len, new_len, flags, new);
}

long sys_brk(struct thread *t, gaddr end)
{
	u64 start = process.brk_start.va;

	if (end.va > process.brk_end.va && !limit_allows_mapping(start, page_ceil(end.va) - start, true))
		return (long)process.brk_end.va;
	return mem_brk(t, end);
}

long sys_madvise(struct thread *t, gaddr addr, u32 len, s32 advice)
{
	return mem_advise(t, addr, len, advice);
}

/* Is every page mapped? With a guest base the host has a reservation where the guest has nothing. */
static bool is_mapped(gaddr addr, u64 len)
{
	u64 at = addr.va & ~(u64)(PAGE_SIZE - 1), end = page_ceil(addr.va + len);
	struct mem_region r;

	while (at < end) {
		u64 cursor = at;

		if (!mem_next_region(&cursor, &r) || r.start > at)
			return false;
		at = r.end;
	}
	return true;
}

/* A call about pages that exist: the host's answer, but for pages that only the host has. */
static long about_pages(long nr, gaddr addr, u32 len, u64 third)
{
	long ret = host_syscall3(nr, (u64)g2h(addr), len, third);

	return ret || is_mapped(addr, len) ? ret : -ENOMEM;
}

long sys_mincore(struct thread *t, gaddr addr, u32 len, gaddr out)
{
	(void)t;
	return about_pages(__NR_mincore, addr, len, buf_out(out, ((u64)len + PAGE_SIZE - 1) / PAGE_SIZE));
}

long sys_msync(struct thread *t, gaddr addr, u32 len, u32 flags)
{
	(void)t;
	return about_pages(__NR_msync, addr, len, flags);
}

long sys_mlock(struct thread *t, gaddr addr, u32 len)
{
	(void)t;
	return about_pages(__NR_mlock, addr, len, 0);
}

long sys_munlock(struct thread *t, gaddr addr, u32 len)
{
	(void)t;
	return about_pages(__NR_munlock, addr, len, 0);
}

long sys_mlock2(struct thread *t, gaddr addr, u32 len, u32 flags)
{
	(void)t;
	return about_pages(__NR_mlock2, addr, len, flags);
}

/*
 * Locks of "everything" would also populate the runtime's own large reservations; locking pages as they are touched
 * keeps the guest's promise (nothing it uses is paged out) without that.
 */
long sys_mlockall(struct thread *t, u32 flags)
{
	(void)t;
	if (!(flags & (MCL_CURRENT | MCL_FUTURE)) || flags & ~(u32)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
		return -EINVAL;
	return host_syscall1(__NR_mlockall, flags | MCL_ONFAULT);
}
