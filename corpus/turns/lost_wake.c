/*
 * A thread waits for a flag that it looked at without the lock: when the flag is set and signalled in between, nobody
 * wakes it again and the program stands still.
 */
#include <pthread.h>
#include <stdio.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t set = PTHREAD_COND_INITIALIZER;
static volatile int flag;

static void *waits(void *arg)
{
	if (!flag) {
		pthread_mutex_lock(&lock);
		pthread_cond_wait(&set, &lock);
		pthread_mutex_unlock(&lock);
	}
	return arg;
}

int main(void)
{
	volatile int work = 0;
	pthread_t t;

	if (pthread_create(&t, NULL, waits, NULL))
		return 2;
	for (int i = 0; i < 300; i++)
		work = work + i;
	flag = 1;
	pthread_cond_signal(&set);
	pthread_join(t, NULL);
	puts("ok lost_wake");
	return 0;
}
