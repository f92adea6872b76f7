/*
 * Three threads call a function that a fourth writes anew all the time, flushing the cache as ARM asks: what it returns
 * is always what some complete version of it returns, and the last version is the one that stays.
 */
#include "stress.h"

#include <sys/mman.h>

static int (*volatile function)(void);
static volatile int newest, stop;
static uint32_t *page;

/* One store of four bytes changes the number: movw r0, #n or mov eax, n with n in bytes 1 to 4. */
static void write_version(int n)
{
#ifdef __arm__
	__atomic_store_n(&page[0], 0xe3000000u | ((uint32_t)n & 0xf000) << 4 | ((uint32_t)n & 0xfff), __ATOMIC_SEQ_CST);
#else
	__atomic_store_n((uint32_t *)((char *)page + 4), (uint32_t)n, __ATOMIC_SEQ_CST);
#endif
	__builtin___clear_cache((char *)page, (char *)page + 64);
}

static void write_rest(void)
{
#ifdef __arm__
	page[1] = 0xe12fff1e; /* bx lr */
	function = (int (*)(void))page;
#else
	memcpy((char *)page + 3, "\xb8\0\0\0\0\xc3", 6); /* mov eax, imm32 at 4; ret */
	function = (int (*)(void))((char *)page + 3);
#endif
}

static void *calls(void *arg)
{
	long n = 0;

	while (!stop) {
		int low = newest, got = function(), high = newest;

		/* numbers go round at 4096: between what was newest before and what is being written after */
		CHECK(((got - low) & 4095) <= ((high + 1 - low) & 4095));
		n++;
	}
	CHECK(n > 0);
	return arg;
}

int main(int argc, char **argv)
{
	double end = deadline(argc, argv);
	struct level before;
	pthread_t t[3];
	int n = 0;

	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	write_rest();
	write_version(0);
	before = level_now();
	for (int i = 0; i < 3; i++)
		CHECK(pthread_create(&t[i], NULL, calls, NULL) == 0);
	while (n < 500 || now() < end) {
		n++;
		write_version(n & 4095);
		newest = n & 4095;
		CHECK(function() == (n & 4095));
		if (n % 64 == 0)
			usleep(100);
	}
	stop = 1;
	for (int i = 0; i < 3; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(function() == (n & 4095));
	check_level(before);
	puts("ok rewrite");
	return 0;
}
