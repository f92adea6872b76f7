/* A thousand threads made and joined, again and again, from two threads at a time. */
#include "stress.h"

static double end;
static int ran;

static void *nothing(void *arg)
{
	__atomic_fetch_add(&ran, 1, __ATOMIC_SEQ_CST);
	return arg;
}

static void make_and_join(pthread_t *t, int count)
{
	pthread_attr_t attr;

	CHECK(pthread_attr_init(&attr) == 0 && pthread_attr_setstacksize(&attr, 65536) == 0);
	for (int i = 0; i < count; i++)
		CHECK(pthread_create(&t[i], &attr, nothing, NULL) == 0);
	for (int i = 0; i < count; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
}

static void *makes(void *arg)
{
	pthread_t t[500];
	int made = 0;

	for (; made < 500 || now() < end; made += 500)
		make_and_join(t, 500);
	__atomic_fetch_add((int *)arg, made, __ATOMIC_SEQ_CST);
	return NULL;
}

int main(int argc, char **argv)
{
	struct level before;
	int made = 0;
	pthread_t t[2];

	end = deadline(argc, argv);
	make_and_join(t, 2);
	before = level_now();
	for (int i = 0; i < 2; i++)
		CHECK(pthread_create(&t[i], NULL, makes, &made) == 0);
	for (int i = 0; i < 2; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(ran == made + 2);
	check_level(before);
	puts("ok many_threads");
	return 0;
}
