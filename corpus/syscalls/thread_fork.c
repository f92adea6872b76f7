/* fork in a program with threads, from any of them: the child has one, and can have more; atfork handlers run. */
#include "check.h"

#include <pthread.h>

static int prepared, in_parent, in_kid;
static volatile int stop;

/* The library lets two forks run their handlers at once. */
static void before(void)
{
	__atomic_add_fetch(&prepared, 1, __ATOMIC_SEQ_CST);
}

static void after(void)
{
	__atomic_add_fetch(&in_parent, 1, __ATOMIC_SEQ_CST);
}

static void child(void)
{
	in_kid++;
}

static void *works(void *arg)
{
	while (!stop) {
		char *p = malloc(500);

		memset(p, 1, 500);
		free(p);
	}
	return arg;
}

static void *nothing(void *arg)
{
	return arg;
}

static void in_the_child(void)
{
	pthread_t t;
	void *result;

	for (int i = 0; i < 3; i++) {
		CHECK(pthread_create(&t, NULL, nothing, (void *)8L) == 0);
		CHECK(pthread_join(t, &result) == 0 && result == (void *)8L);
	}
	_exit(in_kid == 1 ? 4 : 5);
}

static void *forks(void *arg)
{
	for (int i = 0; i < 40; i++)
		CHECK(in_child(in_the_child) == 4 << 8);
	return arg;
}

int main(void)
{
	pthread_t t[4];

	CHECK(pthread_atfork(before, after, child) == 0);
	for (int i = 0; i < 2; i++)
		CHECK(pthread_create(&t[i], NULL, works, NULL) == 0);
	for (int i = 2; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, forks, NULL) == 0);
	for (int i = 2; i < 4; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	stop = 1;
	for (int i = 0; i < 2; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(prepared == 80 && in_parent == 80 && in_kid == 0);
	puts("ok thread_fork");
	return 0;
}
