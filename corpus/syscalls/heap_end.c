/*
 * brk: growing and shrinking by bytes and pages, zeroed memory, obstacles, limits, the raw call's answer.
 * qemu-arm 7.2 does not pass: it ends when brk meets another mapping.
 */
#include "check.h"

#include <sys/mman.h>
#include <sys/resource.h>

#define PAGE 4096

static uintptr_t to(uintptr_t end)
{
	return (uintptr_t)syscall(SYS_brk, end);
}

static void with_obstacle(void)
{
	uintptr_t end = to(0), page = (end + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
	void *p = (void *)(page + 4 * PAGE);

	CHECK(mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
	CHECK(to(page + 4 * PAGE + 1) == end);		/* refused: the answer is the old end */
	CHECK(to(page + 2 * PAGE) == page + 2 * PAGE);
}

static void with_limit(void)
{
	struct rlimit r = {1 << 20, 1 << 20};
	uintptr_t end = to(0);

	CHECK(setrlimit(RLIMIT_DATA, &r) == 0);
	CHECK(to(end + (64 << 20)) == end);
	CHECK(to(end) == end);
}

int main(void)
{
	uintptr_t start = to(0), end;
	char *p;

	CHECK(start != 0 && to(0) == start && to(1) == start); /* below the start: refused */
	CHECK(to(start + 1) == start + 1);
	p = (char *)start;
	p[0] = 'x';
	end = start + 10 * PAGE + 123;
	CHECK(to(end) == end && p[0] == 'x');
	for (uintptr_t at = start + PAGE; at < end; at += 7)
		CHECK(*(char *)at == 0);
	memset(p, 'y', end - start);
	CHECK(to(start + PAGE) == start + PAGE && p[PAGE - 1] == 'y');
	CHECK(to(end) == end);
	CHECK(((char *)start)[9 * PAGE] == 0 && p[10] == 'y'); /* what was given back comes back empty */
	CHECK(to(start) == start && to(0) == start);
	CHECK(to(start + (100 << 20)) == start + (100 << 20));
	p[(100 << 20) - 1] = 1;
	CHECK(to(start) == start);
	CHECK(in_child(with_obstacle) == 0);
	CHECK(in_child(with_limit) == 0);
	CHECK(to((uintptr_t)-PAGE) == start);
	puts("ok heap_end");
	return 0;
}
