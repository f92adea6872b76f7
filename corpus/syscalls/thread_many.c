/* Two thousand threads one after the other, then five hundred at a time; memory and descriptors stay flat. */
#include "check.h"

#include <pthread.h>

static int alive;

static long resident_pages(void)
{
	long size = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	CHECK(f && fscanf(f, "%ld %ld", &size, &resident) == 2);
	fclose(f);
	return resident;
}

static void *work(void *arg)
{
	char room[2000];

	memset(room, (int)(long)arg, sizeof(room));
	__atomic_add_fetch(&alive, 1, __ATOMIC_SEQ_CST);
	return (void *)(long)room[1999];
}

static void *waits(void *arg)
{
	pthread_barrier_wait(arg);
	return NULL;
}

static void one_after_the_other(int count)
{
	for (int i = 0; i < count; i++) {
		pthread_t t;
		void *result;

		CHECK(pthread_create(&t, NULL, work, (void *)(long)(i % 100)) == 0);
		CHECK(pthread_join(t, &result) == 0 && (long)result == i % 100);
	}
}

int main(void)
{
	static pthread_t t[500];
	pthread_barrier_t barrier;
	pthread_attr_t attr;
	long before;

	one_after_the_other(200);
	before = resident_pages();
	one_after_the_other(1800);
	CHECK(resident_pages() < before + 500);
	CHECK(alive == 2000);
	CHECK(pthread_attr_init(&attr) == 0 && pthread_attr_setstacksize(&attr, 65536) == 0);
	CHECK(pthread_barrier_init(&barrier, NULL, 501) == 0);
	for (int i = 0; i < 500; i++)
		CHECK(pthread_create(&t[i], &attr, waits, &barrier) == 0);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 500; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(open("/dev/null", O_RDONLY) == 3);
	puts("ok thread_many");
	return 0;
}
