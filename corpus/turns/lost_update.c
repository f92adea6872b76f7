/*
 * Three threads add to one sum without a lock, so now and then an update is lost. It prints what a repetition must show
 * again: the sum, addresses, thread numbers, times, random bytes. Status 1: updates were lost.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 3, ROUNDS = 40 };

static volatile int sum;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long ids[THREADS];
static int at;

static void *add(void *arg)
{
	pthread_mutex_lock(&lock);
	ids[at++] = syscall(SYS_gettid);
	pthread_mutex_unlock(&lock);
	for (int i = 0; i < ROUNDS; i++) {
		sum = sum + 1;
		if (i % 10 == 9)
			usleep(100);
	}
	return arg;
}

int main(void)
{
	uint32_t bytes[2] = {0, 0};
	pthread_t t[THREADS];
	struct timespec now;
	int fd = open("/dev/urandom", O_RDONLY);

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&t[i], NULL, add, NULL))
			return 2;
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	clock_gettime(CLOCK_REALTIME, &now);
	if (getrandom(&bytes[0], 4, 0) != 4 || read(fd, &bytes[1], 4) != 4)
		return 2;
	printf("%d %ld %ld %ld %ld\n", sum, (long)getpid(), ids[0], ids[1], ids[2]);
	printf("%p %p %lld.%09ld %08x %08x\n", (void *)bytes, malloc(1 << 20), (long long)now.tv_sec, now.tv_nsec, bytes[0],
	       bytes[1]);
	return sum != THREADS * ROUNDS;
}
