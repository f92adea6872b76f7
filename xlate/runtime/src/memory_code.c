/*
 * Which guest pages translations were made from, and copies to and from guest memory.
 *
 * A page that was read as code and that the guest may write loses its host write permission until somebody writes;
 * then its translations are forgotten and it is an ordinary page again. Decides nothing about translations (cpu.h).
 */
#include "cpu.h"
#include "fatal.h"
#include "host.h"
#include "memory.h"
#include "memory_table.h"
#include "optimised.h"
#include "thread.h"
#include "world.h"

/* A bit per page of the guest's 4 GiB: translations were made from it. */
#define PAGE_COUNT (1u << 20)
static u64 code_pages[PAGE_COUNT / 64];

static bool is_code(u64 page)
{
	return code_pages[page / 64] >> (page % 64) & 1;
}

/* First page at or after `page` and before `end` with its bit set, else end. Skips empty words: ranges can be large. */
static u64 next_code(u64 page, u64 end)
{
	while (page < end) {
		u64 rest = code_pages[page / 64] >> (page % 64);

		if (rest) {
			page += (u64)__builtin_ctzll(rest);
			return page < end ? page : end;
		}
		page = (page | 63) + 1;
	}
	return end;
}

static void clear_bit(u64 page)
{
	code_pages[page / 64] &= ~(1ull << (page % 64));
}

bool mem_watch_code(gaddr page)
{
	u64 n = page.va / PAGE_SIZE;
	int prot = mem_prot(page);
	HOLD_LOCK;

	if (n >= PAGE_COUNT || is_code(n))
		return false;
	code_pages[n / 64] |= 1ull << (n % 64);
	if (prot <= 0 || !(prot & PROT_WRITE))
		return false;
	if (host_mprotect(guest_base + n * PAGE_SIZE, PAGE_SIZE, PROT_READ))
		fatal("a page of guest code cannot be write-protected");
	return true;
}

bool mem_code_written(gaddr a)
{
	u64 n = a.va / PAGE_SIZE;
	int prot;
	HOLD_LOCK;

	prot = mem_prot(a);
	if (n >= PAGE_COUNT || !is_code(n) || prot < 0 || !(prot & PROT_WRITE))
		return false;
	clear_bit(n);
	cpu_invalidate(thread_self(), GADDR(n * PAGE_SIZE), PAGE_SIZE);
	return !host_mprotect(guest_base + n * PAGE_SIZE, PAGE_SIZE, mem_host_prot(prot));
}

void mem_open(gaddr page)
{
	u64 n = page.va / PAGE_SIZE;
	int prot = mem_prot(page);

	if (prot < 0)
		return;
	prot = mem_host_prot(prot);
	host_mprotect(guest_base + n * PAGE_SIZE, PAGE_SIZE, is_code(n) ? prot & PROT_READ : prot);
}

void mem_will_write(gaddr a, u64 len)
{
	u64 end = a.va + len < (1ull << 32) && a.va + len >= a.va ? a.va + len : 1ull << 32;
	u64 stop = (end + PAGE_SIZE - 1) / PAGE_SIZE;

	if (!len || a.va >> 32)
		return;
	for (u64 n = next_code(a.va / PAGE_SIZE, stop); n < stop; n = next_code(n + 1, stop))
		mem_code_written(GADDR(n * PAGE_SIZE));
}

void mem_forget_code(struct thread *t, gaddr addr, u64 len)
{
	u64 stop = (addr.va + len + PAGE_SIZE - 1) / PAGE_SIZE;
	u64 first;
	HOLD_LOCK;

	first = next_code(addr.va / PAGE_SIZE, stop);
	optimised_forget(t, addr, len);
	if (first >= stop)
		return;
	for (u64 n = first; n < stop; n = next_code(n + 1, stop))
		clear_bit(n);
	cpu_invalidate(t, addr, len);
}

/* The range lies inside the guest's 4 GiB. */
static bool in_guest(gaddr a, u64 len)
{
	return len <= 1ull << 32 && a.va <= (1ull << 32) - len;
}

int copy_in(void *dst, gaddr src, u64 len)
{
	return in_guest(src, len) ? (int)copy_fault(dst, g2h(src), len) : -EFAULT;
}

int copy_out(gaddr dst, const void *src, u64 len)
{
	return in_guest(dst, len) ? (int)copy_fault(g2h(dst), src, len) : -EFAULT;
}

s64 copy_in_string(char *dst, gaddr src, u64 size)
{
	u64 max = size;
	s64 n;

	if (!in_guest(src, 1))
		return -EFAULT;
	if (!in_guest(src, max))
		max = (1ull << 32) - src.va;
	n = copy_string_fault(dst, g2h(src), max);
	if (n >= 0 && (u64)n == max)
		return max == size ? -ENAMETOOLONG : -EFAULT;
	return n;
}
