/* Address space: zeroed bss, brk up and down, mmap, mremap, holes by munmap, fixed maps, protection. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MB = 1 << 20 };

static unsigned char zeroed[3 * MB + 123];
static unsigned initialised[1000] = { [999] = 0x1234 };
static sigjmp_buf out;

static void fault(int sig)
{
	siglongjmp(out, sig);
}

static int readable(volatile char *p)
{
	if (sigsetjmp(out, 1))
		return 0;
	(void)*p;
	return 1;
}

static int writable(volatile char *p)
{
	if (sigsetjmp(out, 1))
		return 0;
	*p = 1;
	return 1;
}

static void bss_and_brk(void)
{
	unsigned sum = 0;
	char *start;

	for (unsigned i = 0; i < sizeof(zeroed); i++)
		sum |= zeroed[i];
	printf("bss %u, data %x\n", sum, initialised[999]);
	start = sbrk(0);	/* after the first printf, which allocates */
	if (sbrk(3 * 4096) != start)
		puts("sbrk elsewhere");
	memset(start, 0x55, 3 * 4096);
	sbrk(-2 * 4096);
	sbrk(2 * 4096);
	printf("brk kept %d, fresh again %d\n", start[0] == 0x55, start[4096 * 2 + 100] == 0);
}

static void mappings(void)
{
	char *p = mmap(NULL, 8 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *q;

	memset(p, 7, 8 * 4096);
	munmap(p + 4096, 4096);
	printf("hole: %d %d %d\n", readable(p), readable(p + 4096), readable(p + 8192));
	q = mmap(p + 4096, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	printf("fixed: %d, zero %d\n", q == p + 4096, *q);
	mprotect(p + 2 * 4096, 4096, PROT_READ);
	mprotect(p + 3 * 4096, 4096, PROT_NONE);
	printf("read only: %d %d, none: %d\n", readable(p + 2 * 4096), writable(p + 2 * 4096),
	       readable(p + 3 * 4096));
	q = mremap(p + 4 * 4096, 4096, 64 * 4096, MREMAP_MAYMOVE);
	printf("mremap: %d, grown %d\n", q[100], q[63 * 4096] == 0);
	q = mmap(NULL, 1, PROT_READ, MAP_PRIVATE, -1, 0);
	printf("bad descriptor: %d\n", q == MAP_FAILED && errno == EBADF);
	q = mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	printf("no length: %d\n", q == MAP_FAILED && errno == EINVAL);
}

static void heap(void)
{
	enum { N = 500 };
	static char *blocks[N];
	uint32_t x = 1, sum = 0;

	for (int round = 0; round < 20000; round++) {
		unsigned i = (x = x * 1664525 + 1013904223) >> 16, size = i % 3000 + 1;

		i %= N;
		if (blocks[i])
			sum = sum * 31 + (unsigned char)blocks[i][0];
		blocks[i] = realloc(blocks[i], size);
		memset(blocks[i], round & 255, size < 50 ? size : 50);
	}
	char *big = malloc(40 * MB);

	big[0] = big[40 * MB - 1] = 1;
	free(big);
	printf("heap %u\n", sum);
}

int main(void)
{
	struct sigaction sa = { .sa_handler = fault, .sa_flags = SA_NODEFER };

	sigaction(SIGSEGV, &sa, NULL);
	bss_and_brk();
	mappings();
	heap();
	return 0;
}
