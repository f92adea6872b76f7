/*
 * The guest's address space: a sorted table of regions with the guest's protections, and the mmap family on it.
 *
 * The kernel keeps the pages, this table keeps what it cannot: PROT_EXEC of the guest (never given to the host) and
 * which addresses are taken. Where things go is decided here, top-down below the stack as ARM Linux does. Which pages
 * hold translated code is memory_code.c; the fixed page at 0xffff0000 is kuser.c.
 *
 * Every change is made under the lock. One that takes a package's text away begins by stopping the other threads, which
 * lets the lock go, so nothing is looked up before it.
 */
#include "memory.h"

#include "fatal.h"
#include "memory_table.h"
#include "optimised.h"
#include "string.h"
#include "thread.h"
#include "world.h"

u64 guest_base;

/* All of [guest_base, guest_base + 4 GiB) is reserved by one PROT_NONE mapping, which holes are given back to. */
static bool reserved;
static u64 mmap_top = GUEST_STACK_TOP;

#define ALLOWED_FLAGS (MAP_TYPE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_LOCKED | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK)
enum { MAP_LOCKED = 0x2000, MAP_NONBLOCK = 0x10000, MAP_STACK = 0x20000, MAP_HUGETLB = 0x40000 };
enum { MADV_DONTNEED = 4, MADV_FREE = 8, MADV_REMOVE = 9, MADV_DONTNEED_LOCKED = 24 };
#define ARCH_SET_GS 0x1001
enum { SHM_RND = 020000, SHM_REMAP = 040000, SHM_RDONLY = 010000, SHM_EXEC = 0100000, SHM_LBA = 4 * 4096 };

/* The guest's protection without execution. A page the guest can only execute or write is readable on ARM too. */
int mem_host_prot(int prot)
{
	return prot ? PROT_READ | (prot & PROT_WRITE) : 0;
}

static int effective_prot(int prot)
{
	prot &= PROT_READ | PROT_WRITE | PROT_EXEC;
	if ((prot & PROT_READ) && process.read_implies_exec)
		prot |= PROT_EXEC;
	return prot;
}

static void end_change(struct thread **stopped)
{
	if (*stopped)
		world_start(*stopped);
}

static struct thread *begin_change(struct thread *t, gaddr a, u64 a_len, gaddr b, u64 b_len)
{
	if (!optimised_covers(a, a_len) && !optimised_covers(b, b_len))
		return NULL;
	world_stop(t);
	return t;
}

/* The enclosing block changes guest pages [a, a + a_len) and [b, b + b_len). */
#define CHANGE_BOTH(t, a, a_len, b, b_len) \
	HOLD_LOCK;                         \
	struct thread *stopped __attribute__((cleanup(end_change), unused)) = begin_change(t, a, a_len, b, b_len)
#define CHANGE(t, a, a_len) CHANGE_BOTH(t, a, a_len, GADDR(0), 0)

/* Give the host pages of a range back; a reserved range stays ours. */
static long host_release(u64 start, u64 end)
{
	long ret;

	if (!reserved)
		return host_munmap(guest_base + start, end - start);
	ret = host_mmap(guest_base + start, end - start, 0, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
			0);
	return host_is_error(ret) ? ret : 0;
}

/*
 * Map host pages at a guest range. Where nothing of ours is mapped yet and nothing was reserved, something foreign may
 * be there: EEXIST then, never a silent replacement (kernels before 4.17 move the mapping instead, which is undone).
 */
static long host_place(u64 start, u64 len, int prot, u32 flags, int fd, u64 offset)
{
	bool ours = reserved || table_overlaps(start, start + len);
	u64 want = guest_base + start;
	long ret = host_mmap(want, len, mem_host_prot(prot), (int)flags | (ours ? MAP_FIXED : MAP_FIXED_NOREPLACE), fd,
			     offset);

	if (host_is_error(ret))
		return ret;
	if ((u64)ret != want) {
		host_munmap((u64)ret, len);
		return -EEXIST;
	}
	return 0;
}

/* Map at a fixed, already chosen place and enter it in the table. */
static long place(struct thread *t, u64 start, u64 len, int prot, u32 flags, int fd, u64 offset)
{
	u8 kind = (flags & MAP_TYPE) == MAP_PRIVATE ? 0 : REGION_SHARED;
	long err = table_make_room();

	if (err)
		return err;
	err = host_place(start, len, prot, flags, fd, offset);
	if (err)
		return err;
	mem_forget_code(t, GADDR(start), len);
	table_set(start, start + len, prot, kind);
	return 0;
}

/* Try the free places from the top down until the host accepts one. */
static long place_anywhere(struct thread *t, u64 len, int prot, u32 flags, int fd, u64 offset)
{
	u64 limit = mmap_top;

	for (;;) {
		u64 start = table_find_free(len, limit, GUEST_TASK_END);
		long err;

		if (!start)
			return -ENOMEM;
		err = place(t, start, len, prot, flags, fd, offset);
		if (!err)
			return (long)start;
		if (err != -EEXIST || start > limit)
			return err;
		limit = start;
	}
}

static long map_fixed(struct thread *t, u64 start, u64 len, int prot, u32 flags, u32 host_flags, int fd, u64 offset)
{
	long err;

	if (start % PAGE_SIZE)
		return -EINVAL;
	if (start + len > GUEST_TASK_END)
		return -ENOMEM;
	if (start < GUEST_MMAP_MIN)
		return -EPERM;
	if ((flags & MAP_FIXED_NOREPLACE) && table_overlaps(start, start + len))
		return -EEXIST;
	err = place(t, start, len, prot, host_flags, fd, offset);
	return err ? err : (long)start;
}

long mem_map(struct thread *t, gaddr addr, u64 len, int prot, u32 flags, int fd, u64 offset)
{
	u32 host_flags = flags & (u32)ALLOWED_FLAGS;
	u64 hint = page_floor(addr.va);
	CHANGE(t, addr, page_ceil(len));

	if (!len || offset % PAGE_SIZE)
		return -EINVAL;
	if (len > GUEST_TASK_END || (flags & MAP_HUGETLB))
		return -ENOMEM;
	len = page_ceil(len);
	prot = effective_prot(prot);
	if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))
		return map_fixed(t, addr.va, len, prot, flags, host_flags, fd, offset);
	if (hint >= GUEST_SEARCH_MIN && hint + len <= GUEST_TASK_END && table_is_free(hint, hint + len)) {
		long err = place(t, hint, len, prot, host_flags, fd, offset);

		if (err != -EEXIST && err != -EPERM)
			return err ? err : (long)hint;
	}
	return place_anywhere(t, len, prot, host_flags, fd, offset);
}

long mem_map_stack(struct thread *t, u64 low, u64 top, int prot)
{
	u64 gap = top - low < GUEST_MMAP_GAP ? GUEST_MMAP_GAP : top - low + GUEST_STACK_GUARD;
	HOLD_LOCK;
	long err = place(t, low, top - low, effective_prot(prot), MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (err)
		return err;
	table_set(low, top, effective_prot(prot), REGION_STACK);
	mmap_top = page_floor(top - gap);
	return 0;
}

static long check_range(gaddr addr, u64 *len)
{
	if (addr.va % PAGE_SIZE || *len > GUEST_TASK_END)
		return -EINVAL;
	*len = page_ceil(*len);
	return addr.va + *len > GUEST_TASK_END ? -EINVAL : 0;
}

long mem_unmap(struct thread *t, gaddr addr, u64 len)
{
	long err = check_range(addr, &len);
	CHANGE(t, addr, len);

	if (err || !len)
		return -EINVAL;
	if (!table_overlaps(addr.va, addr.va + len))
		return 0;
	err = table_make_room();
	if (!err)
		err = host_release(addr.va, addr.va + len);
	if (err)
		return err;
	mem_forget_code(t, addr, len);
	table_clear(addr.va, addr.va + len);
	return 0;
}

/* What is to hold for all that the stack grows into begins at the start of its area, which never moves here. */
static long grown_start(u64 start, u64 end)
{
	struct region *r = table_find(start);

	if (!r || r->start >= end)
		return -ENOMEM;
	return r->kind == REGION_STACK ? (long)r->start : -EINVAL;
}

long mem_protect(struct thread *t, gaddr addr, u64 len, int prot)
{
	u64 start = addr.va, end;
	bool grows = prot & PROT_GROWSDOWN;
	long err;
	CHANGE(t, addr, prot & PROT_WRITE || !(prot & PROT_EXEC) ? len : 0);

	prot &= ~PROT_GROWSDOWN;
	if (start % PAGE_SIZE || (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC)))
		return -EINVAL;
	if (!len)
		return 0;
	err = check_range(addr, &len);
	if (err)
		return -ENOMEM;
	end = start + len;
	err = grows ? grown_start(start, end) : (long)start;
	if (err < 0)
		return err;
	start = (u64)err;
	prot = effective_prot(prot);
	while (start < end) { /* region by region: the part before a hole is changed, as by the kernel */
		struct region *r = table_find(start);
		u64 stop;

		if (!r || r->start > start)
			return -ENOMEM;
		stop = r->end < end ? r->end : end;
		err = table_make_room();
		if (!err)
			err = host_mprotect(guest_base + start, stop - start, mem_host_prot(prot));
		if (err)
			return err;
		if ((prot & PROT_WRITE) || !(prot & PROT_EXEC))
			mem_forget_code(t, GADDR(start), stop - start);
		table_set(start, stop, prot, table_find(start)->kind);
		start = stop;
	}
	return 0;
}

/* Move or grow pages by the host's mremap; the old range becomes a hole unless it is part of the new one. */
static long remap_to(struct thread *t, u64 old, u64 old_len, u64 start, u64 new_len)
{
	struct region r = *table_find(old);
	u32 flags = start == old ? 0 : MREMAP_MAYMOVE | MREMAP_FIXED;
	long ret = table_make_room();

	if (ret)
		return ret;
	if (start == old && reserved) /* the host can only grow into a hole */
		host_munmap(guest_base + old + old_len, new_len - old_len);
	ret = host_syscall5(__NR_mremap, guest_base + old, old_len, new_len, flags, guest_base + start);
	if (host_is_error(ret)) {
		if (start == old && reserved)
			host_release(old + old_len, old + new_len);
		return ret;
	}
	mem_forget_code(t, GADDR(old), old_len);
	mem_forget_code(t, GADDR(start), new_len);
	if (start != old) {
		host_release(old, old + old_len);
		table_clear(old, old + old_len);
	}
	/* A page of code that was watched came along without write permission. */
	host_mprotect(guest_base + start, new_len, mem_host_prot(r.prot));
	table_set(start, start + new_len, r.prot, r.kind);
	return (long)start;
}

static long remap_fixed(struct thread *t, u64 old, u64 old_len, u64 new_len, u64 start)
{
	long err;

	if (start % PAGE_SIZE || start + new_len > GUEST_TASK_END || start < GUEST_MMAP_MIN)
		return -EINVAL;
	if (start < old + old_len && old < start + new_len)
		return -EINVAL;
	if (new_len < old_len) {
		err = mem_unmap(t, GADDR(old + new_len), old_len - new_len);
		if (err)
			return err;
		old_len = new_len;
	}
	err = mem_unmap(t, GADDR(start), new_len);
	return err ? err : remap_to(t, old, old_len, start, new_len);
}

long mem_remap(struct thread *t, gaddr old, u64 old_len, u64 new_len, u32 flags, gaddr new_addr)
{
	u64 start, end = old.va + page_ceil(old_len);
	bool may_move = flags & MREMAP_MAYMOVE;
	CHANGE_BOTH(t, old, old_len, new_addr, flags & MREMAP_FIXED ? new_len : 0);

	if ((flags & ~(u32)(MREMAP_MAYMOVE | MREMAP_FIXED)) || ((flags & MREMAP_FIXED) && !may_move))
		return -EINVAL; /* MREMAP_DONTUNMAP included: optional, and programs cope */
	if (old.va % PAGE_SIZE || !new_len || !old_len || new_len > GUEST_TASK_END || old_len > GUEST_TASK_END)
		return -EINVAL;
	old_len = page_ceil(old_len);
	new_len = page_ceil(new_len);
	if (end > GUEST_TASK_END || !table_is_covered(old.va, end))
		return -EFAULT;
	if (flags & MREMAP_FIXED)
		return remap_fixed(t, old.va, old_len, new_len, new_addr.va);
	if (new_len <= old_len) {
		long err = new_len < old_len ? mem_unmap(t, GADDR(old.va + new_len), old_len - new_len) : 0;

		return err ? err : (long)old.va;
	}
	if (old.va + new_len <= GUEST_TASK_END && table_is_free(end, old.va + new_len)) {
		long ret = remap_to(t, old.va, old_len, old.va, new_len);

		if (!host_is_error(ret) || !may_move)
			return ret;
	}
	start = may_move ? table_find_free(new_len, mmap_top, GUEST_TASK_END) : 0;
	return start ? remap_to(t, old.va, old_len, start, new_len) : -ENOMEM;
}

long mem_brk(struct thread *t, gaddr end)
{
	u64 now, want = page_ceil(end.va);
	long err = 0;
	HOLD_LOCK;

	now = page_ceil(process.brk_end.va);
	if (end.va < process.brk_start.va || want > GUEST_TASK_END)
		return (long)process.brk_end.va;
	if (want > now) {
		if (!table_is_free(now, want))
			return (long)process.brk_end.va;
		err = place(t, now, want - now, effective_prot(PROT_READ | PROT_WRITE), MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0);
	} else if (want < now) {
		err = mem_unmap(t, GADDR(want), now - want);
	}
	if (!err)
		process.brk_end = end;
	return (long)process.brk_end.va;
}

long mem_advise(struct thread *t, gaddr addr, u64 len, int advice)
{
	long err = check_range(addr, &len);
	CHANGE(t, addr, len);

	if (err)
		return err;
	if (!len)
		return 0;
	if (!table_is_covered(addr.va, addr.va + len))
		return -ENOMEM;
	err = host_syscall3(__NR_madvise, guest_base + addr.va, len, (u64)advice);
	if (!err && (advice == MADV_DONTNEED || advice == MADV_FREE || advice == MADV_REMOVE ||
		     advice == MADV_DONTNEED_LOCKED)) {
		mem_will_write(addr, len);
		mem_forget_code(t, addr, len);
	}
	return err;
}

long mem_shmat(struct thread *t, int shmid, gaddr addr, int flags)
{
	u64 status[16]; /* struct shmid64_ds: the size stands after the 48 bytes of ipc64_perm */
	int prot =
		effective_prot(PROT_READ | (flags & SHM_RDONLY ? 0 : PROT_WRITE) | (flags & SHM_EXEC ? PROT_EXEC : 0));
	u64 start = addr.va, len;
	long ret = host_syscall3(__NR_shmctl, (u64)shmid, 2 /* IPC_STAT */, (u64)status);
	CHANGE(t, addr, host_is_error(ret) ? 0 : page_ceil(status[6]));

	if (host_is_error(ret))
		return ret;
	len = page_ceil(status[6]);
	if (start && (flags & SHM_RND))
		start -= start % SHM_LBA;
	if (!start)
		start = len <= GUEST_TASK_END ? table_find_free(len, mmap_top, GUEST_TASK_END) : 0;
	else if (start % PAGE_SIZE || len > GUEST_TASK_END || start + len > GUEST_TASK_END)
		return -EINVAL;
	else if (!(flags & SHM_REMAP) && !table_is_free(start, start + len))
		return -EINVAL;
	if (!start)
		return -ENOMEM;
	ret = table_make_room();
	if (ret)
		return ret;
	flags &= SHM_RDONLY; /* never executable on the host, and the place is ours to replace */
	if (reserved || table_overlaps(start, start + len))
		flags |= SHM_REMAP;
	ret = host_syscall3(__NR_shmat, (u64)shmid, guest_base + start, (u64)flags);
	if (host_is_error(ret))
		return ret;
	mem_forget_code(t, GADDR(start), len);
	table_set(start, start + len, prot, REGION_SHARED | REGION_SHM);
	return (long)start;
}

long mem_shmdt(struct thread *t, gaddr addr)
{
	struct region *r, old;
	long err;
	HOLD_LOCK;

	r = table_find(addr.va);
	if (!r || r->start != addr.va || !(r->kind & REGION_SHM))
		return -EINVAL;
	old = *r;
	err = host_syscall1(__NR_shmdt, guest_base + addr.va);
	if (err)
		return err;
	if (reserved)
		host_release(old.start, old.end);
	mem_forget_code(t, addr, old.end - old.start);
	table_clear(old.start, old.end);
	return 0;
}

/* Can the host map this page at its own address? mmap_min_addr and foreign mappings decide. */
static bool host_grants(u64 page)
{
	long ret =
		host_mmap(page, PAGE_SIZE, 0, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (host_is_error(ret))
		return false;
	host_munmap((u64)ret, PAGE_SIZE);
	return (u64)ret == page;
}

/* Reserve 4 GiB and a guard at base. Under RLIMIT_AS that is refused: then mappings are made one by one. */
static long reserve(u64 base)
{
	u64 size = (1ull << 32) + GUEST_BASE_GUARD;
	long ret = host_mmap(base, size, 0, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (ret == -ENOMEM)
		return 0;
	if (host_is_error(ret))
		return ret;
	if ((u64)ret != base) {
		host_munmap((u64)ret, size);
		return -EEXIST;
	}
	reserved = true;
	return 0;
}

long mem_init(struct thread *t, u64 lowest)
{
	long err;

	if (process.opt.guest_base_forced)
		guest_base = process.opt.guest_base;
	else if ((lowest != MEM_ANYWHERE && !host_grants(page_floor(lowest))) || !host_grants(GUEST_KUSER_PAGE))
		guest_base = GUEST_BASE_DEFAULT;
	err = guest_base ? reserve(guest_base) : 0;
	if (!err)
		err = place(t, GUEST_KUSER_PAGE, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (err)
		return err;
	kuser_fill(g2h(GADDR(GUEST_KUSER_PAGE)));
	err = host_mprotect(guest_base + GUEST_KUSER_PAGE, PAGE_SIZE, PROT_READ);
	if (err)
		return err;
	table_set(GUEST_KUSER_PAGE, GUEST_KUSER_PAGE + PAGE_SIZE, PROT_READ | PROT_EXEC, 0);
	return host_syscall2(__NR_arch_prctl, ARCH_SET_GS, guest_base);
}
