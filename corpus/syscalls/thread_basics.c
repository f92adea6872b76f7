/* Threads begin with their argument, have memory of their own for __thread, and give back what they return. */
#include "check.h"

#include <pthread.h>

enum { THREADS = 8, ROUNDS = 20000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int counted, added;
static __thread int own = 7;

static void *work(void *arg)
{
	CHECK(own == 7);
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&lock);
		counted++;
		pthread_mutex_unlock(&lock);
		__atomic_add_fetch(&added, 1, __ATOMIC_SEQ_CST);
		own++;
	}
	CHECK(own == 7 + ROUNDS);
	return (char *)arg + 1;
}

int main(void)
{
	pthread_t t[THREADS];
	void *result;

	for (long i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, work, (void *)i) == 0);
	for (long i = 0; i < THREADS; i++) {
		CHECK(pthread_join(t[i], &result) == 0);
		CHECK((long)result == i + 1);
	}
	CHECK(own == 7);
	CHECK(counted == THREADS * ROUNDS && added == THREADS * ROUNDS);
	puts("ok thread_basics");
	return 0;
}
