/*
 * Litmus tests: message passing, store buffering with full barriers, and reads of 64 bits that are never torn. What a
 * barrier forbids must never be seen; without one nothing is promised, so nothing is asked.
 */
#include "check.h"

#include <pthread.h>

enum { ROUNDS = 20000 };

static volatile int x __attribute__((aligned(64))), y __attribute__((aligned(64)));
static volatile int seen[2] __attribute__((aligned(64)));
static uint64_t wide __attribute__((aligned(64)));
static pthread_barrier_t barrier;
static volatile int stop;

static void *second(void *arg)
{
	for (int i = 1; i <= ROUNDS; i++) { /* message passing: y after x */
		while (__atomic_load_n(&y, __ATOMIC_ACQUIRE) < i)
			continue;
		CHECK(x >= i);
	}
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < ROUNDS / 10; i++) { /* store buffering */
		pthread_barrier_wait(&barrier);
		y = 1;
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		seen[1] = x;
		pthread_barrier_wait(&barrier);
	}
	while (!stop) {
		uint64_t v = __atomic_load_n(&wide, __ATOMIC_RELAXED);

		CHECK((uint32_t)v == (uint32_t)(v >> 32));
	}
	return arg;
}

int main(void)
{
	pthread_t t;

	CHECK(pthread_barrier_init(&barrier, NULL, 2) == 0);
	CHECK(pthread_create(&t, NULL, second, NULL) == 0);
	for (int i = 1; i <= ROUNDS; i++) {
		x = i;
		__atomic_store_n(&y, i, __ATOMIC_RELEASE);
	}
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < ROUNDS / 10; i++) {
		x = y = 0;
		pthread_barrier_wait(&barrier);
		x = 1;
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		seen[0] = y;
		pthread_barrier_wait(&barrier);
		CHECK(seen[0] || seen[1]);
	}
	for (uint64_t i = 0; i < 200000; i++)
		__atomic_store_n(&wide, i << 32 | i, __ATOMIC_RELAXED);
	stop = 1;
	CHECK(pthread_join(t, NULL) == 0);
	puts("ok thread_ordering");
	return 0;
}
