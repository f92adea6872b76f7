/*
 * The address space of xlate-arm64: mappings at their own addresses, in the table that 32-bit ARM uses as well. What
 * the guest may execute, it may not write, so nothing that code was translated from changes without a call here.
 */
#include "cpu.h"
#include "fatal.h"
#include "guest/arm64/program.h"
#include "host.h"
#include "memory.h"
#include "memory_table.h"
#include "thread.h"

u64 guest_base;

int mem_host_prot(int prot)
{
	return prot ? PROT_READ | (prot & PROT_WRITE) : 0;
}

static bool is_refused(int prot)
{
	return (prot & PROT_WRITE) && (prot & PROT_EXEC);
}

static long enter(u64 address, u64 length, int prot)
{
	long err = table_make_room();

	if (err) {
		host_munmap(address, length);
		return err;
	}
	table_set(address, address + length, prot, 0);
	return 0;
}

long space_place(u64 address, u64 length, int prot)
{
	long at;

	if (is_refused(prot))
		return -EACCES;
	at = host_mmap(address, length, mem_host_prot(prot), MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (host_is_error(at))
		return at;
	if ((u64)at != address) { /* kernels before 4.17 take it for a hint */
		host_munmap((u64)at, length);
		return -EEXIST;
	}
	return enter(address, length, prot);
}

long space_anywhere(u64 length, int prot)
{
	long at, err;

	if (is_refused(prot))
		return -EACCES;
	at = host_mmap(0, length, mem_host_prot(prot), MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	err = host_is_error(at) ? at : enter((u64)at, length, prot);
	return err ? err : at;
}

/* Only what the table has is the guest's to change: the rest is this program's. */
static long check(gaddr addr, u64 *len)
{
	if (addr.va % PAGE_SIZE || !*len || *len > GUEST_SPAN || addr.va > GUEST_SPAN - *len)
		return -EINVAL;
	*len = page_ceil(*len);
	return table_is_covered(addr.va, addr.va + *len) ? 0 : -ENOMEM;
}

long mem_unmap(struct thread *t, gaddr addr, u64 len)
{
	long err = check(addr, &len);

	if (!err)
		err = table_make_room();
	if (!err)
		err = host_munmap(addr.va, len);
	if (err)
		return err;
	table_clear(addr.va, addr.va + len);
	cpu_invalidate(t, addr, len);
	return 0;
}

long mem_protect(struct thread *t, gaddr addr, u64 len, int prot)
{
	long err = check(addr, &len);

	if (!err && is_refused(prot))
		err = -EACCES;
	if (!err)
		err = table_make_room();
	if (!err)
		err = host_mprotect(addr.va, len, mem_host_prot(prot));
	if (err)
		return err;
	table_set(addr.va, addr.va + len, prot, 0);
	cpu_invalidate(t, addr, len);
	return 0;
}

void space_set_heap(u64 address)
{
	process.brk_start = process.brk_end = GADDR(address);
}

long mem_brk(struct thread *t, gaddr end)
{
	u64 now = page_ceil(process.brk_end.va), want = page_ceil(end.va);
	long err = 0;

	if (end.va < process.brk_start.va || end.va > GUEST_SPAN)
		return (long)process.brk_end.va;
	if (want > now)
		err = space_place(now, want - now, PROT_READ | PROT_WRITE);
	else if (want < now)
		err = mem_unmap(t, GADDR(want), now - want);
	if (!err)
		process.brk_end = end;
	return (long)process.brk_end.va;
}

bool mem_watch_code(gaddr page)
{
	(void)page;
	return false; /* nothing writable is ever read as code */
}

int copy_in(void *dst, gaddr src, u64 len)
{
	return src.va < GUEST_SPAN ? (int)copy_fault(dst, g2h(src), len) : -EFAULT;
}

int copy_out(gaddr dst, const void *src, u64 len)
{
	return dst.va < GUEST_SPAN ? (int)copy_fault(g2h(dst), src, len) : -EFAULT;
}

long memory_file(const char *name, u64 size, u32 flags)
{
	long fd = host_syscall2(__NR_memfd_create, (u64)name, 1 /* MFD_CLOEXEC */ | flags);
	long err = fd < 0 ? fd : host_syscall2(__NR_ftruncate, (u64)fd, size);

	if (fd >= 0 && err)
		host_syscall1(__NR_close, (u64)fd);
	return err ? err : fd;
}
