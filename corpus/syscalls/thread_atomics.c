/* Read-modify-write of 8, 16, 32 and 64 bits from four threads, side by side in memory: nothing is lost. */
#include "check.h"

#include <pthread.h>

enum { ROUNDS = 30000 };

static struct {
	uint8_t b[2];
	uint16_t h;
	uint32_t w;
	uint64_t d __attribute__((aligned(8)));
	uint64_t swaps;
} s;
static int flag;

static void *works(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t old = s.swaps;

		__atomic_add_fetch(&s.b[0], 1, __ATOMIC_SEQ_CST);
		__atomic_sub_fetch(&s.b[1], 1, __ATOMIC_ACQ_REL);
		__atomic_add_fetch(&s.h, 1, __ATOMIC_RELAXED);
		__atomic_xor_fetch(&s.w, 1u << (i % 32), __ATOMIC_SEQ_CST);
		__atomic_add_fetch(&s.d, 0x100000001ull, __ATOMIC_SEQ_CST);
		while (!__atomic_compare_exchange_n(&s.swaps, &old, old + 3, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			continue;
		while (__atomic_exchange_n(&flag, 1, __ATOMIC_ACQUIRE))
			continue;
		__atomic_store_n(&flag, 0, __ATOMIC_RELEASE);
	}
	return arg;
}

int main(void)
{
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, works, NULL) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(s.b[0] == (uint8_t)(4 * ROUNDS) && s.b[1] == (uint8_t)(-4 * ROUNDS));
	CHECK(s.h == (uint16_t)(4 * ROUNDS) && s.w == 0);
	CHECK(s.d == 4ull * ROUNDS * 0x100000001ull && s.swaps == 12ull * ROUNDS);
	puts("ok thread_atomics");
	return 0;
}
