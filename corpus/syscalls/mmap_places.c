/*
 * Where mappings go: hints, fixed ones that replace part of others, MAP_FIXED_NOREPLACE, the ends of the address space,
 * every address inside 32 bits for a 32-bit program, lengths that cannot be.
 * qemu-arm 7.2 does not pass: it does not know MAP_FIXED_NOREPLACE.
 */
#include "check.h"

#include <sys/mman.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#define PAGE 4096ul
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static char *map(void *at, size_t size, int flags)
{
	return mmap(at, size, PROT_READ | PROT_WRITE, ANON | flags, -1, 0);
}

int main(void)
{
	char *area = mmap(NULL, 64 * PAGE, PROT_NONE, ANON, -1, 0), *p, *q;
	unsigned char where[4];

	CHECK(area != MAP_FAILED && munmap(area, 64 * PAGE) == 0);
	CHECK(map(area + 8 * PAGE, PAGE, 0) == area + 8 * PAGE);		/* a free hint is taken */
	CHECK(map(area + 10 * PAGE + 5, PAGE, 0) == area + 10 * PAGE);		/* and rounded */
	p = map(area + 8 * PAGE, PAGE, 0);
	CHECK(p != MAP_FAILED && p != area + 8 * PAGE);				/* a taken one is not */
	p = map(area + 7 * PAGE, 4 * PAGE, 0);
	CHECK(p != MAP_FAILED && p != area + 7 * PAGE);				/* nor one that would overlap */
	CHECK(map(area + 20 * PAGE, 4 * PAGE, MAP_FIXED_NOREPLACE) == area + 20 * PAGE);
	CHECK_FAILS((intptr_t)map(area + 23 * PAGE, 2 * PAGE, MAP_FIXED_NOREPLACE), EEXIST);
	CHECK_FAILS((intptr_t)map(area + 18 * PAGE, 8 * PAGE, MAP_FIXED_NOREPLACE), EEXIST);
	CHECK(map(area + 24 * PAGE, PAGE, MAP_FIXED_NOREPLACE) == area + 24 * PAGE);
	memset(area + 20 * PAGE, 'o', 5 * PAGE);
	CHECK(map(area + 21 * PAGE, 2 * PAGE, MAP_FIXED) == area + 21 * PAGE);
	CHECK(area[20 * PAGE] == 'o' && area[21 * PAGE] == 0 && area[23 * PAGE - 1] == 0 && area[23 * PAGE] == 'o');
	CHECK(mincore(area + 20 * PAGE, 4 * PAGE, where) == 0);
	CHECK_FAILS(mincore(area + 25 * PAGE, 4 * PAGE, where), ENOMEM);
	CHECK(munmap(area + 22 * PAGE, PAGE) == 0 && munmap(area + 22 * PAGE, PAGE) == 0);
	CHECK_FAILS((intptr_t)map(NULL, (size_t)-PAGE, 0), ENOMEM);
	CHECK_FAILS((intptr_t)map(NULL, (size_t)-1, 0), ENOMEM);
	CHECK_FAILS((intptr_t)map(NULL, 0, 0), EINVAL);
	CHECK_FAILS((intptr_t)mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0), EINVAL); /* neither shared nor private */
	CHECK_FAILS((intptr_t)map((void *)-PAGE, PAGE, MAP_FIXED), ENOMEM);
	CHECK_FAILS((intptr_t)map((void *)(-16 * PAGE), 32 * PAGE, MAP_FIXED), ENOMEM);
	CHECK_FAILS(munmap(area + 1, PAGE), EINVAL);
	CHECK_FAILS(munmap(area, 0), EINVAL);
	CHECK_FAILS(munmap((void *)-PAGE, 2 * PAGE), EINVAL);
	/* Much, and all of it usable at both ends. */
	p = mmap(NULL, 512ul << 20, PROT_READ | PROT_WRITE, ANON | MAP_NORESERVE, -1, 0);
	q = mmap(NULL, 512ul << 20, PROT_READ | PROT_WRITE, ANON | MAP_NORESERVE, -1, 0);
	CHECK(p != MAP_FAILED && q != MAP_FAILED);
	p[0] = q[0] = p[(512ul << 20) - 1] = q[(512ul << 20) - 1] = 1;
	CHECK(munmap(p, 512ul << 20) == 0 && munmap(q, 512ul << 20) == 0);
	puts("ok mmap_places");
	return 0;
}
