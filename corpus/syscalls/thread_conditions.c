/* Condition variables, read-write locks, barriers, semaphores, once. */
#include "check.h"

#include <pthread.h>
#include <semaphore.h>

enum { ITEMS = 5000 };

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER, emptied = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_barrier_t barrier;
static sem_t sem;
static int slot, has, onces, pair[2], rounds[4];

static void *produces(void *arg)
{
	(void)arg;
	for (int i = 1; i <= ITEMS; i++) {
		pthread_mutex_lock(&m);
		while (has)
			pthread_cond_wait(&emptied, &m);
		slot = i;
		has = 1;
		pthread_cond_signal(&filled);
		pthread_mutex_unlock(&m);
	}
	return NULL;
}

static void consume(void)
{
	for (int i = 1; i <= ITEMS; i++) {
		pthread_mutex_lock(&m);
		while (!has)
			pthread_cond_wait(&filled, &m);
		CHECK(slot == i);
		has = 0;
		pthread_cond_signal(&emptied);
		pthread_mutex_unlock(&m);
	}
}

static void *writes(void *arg)
{
	(void)arg;
	for (int i = 0; i < 2000; i++) {
		pthread_rwlock_wrlock(&rw);
		pair[0]++;
		pair[1]++;
		pthread_rwlock_unlock(&rw);
	}
	return NULL;
}

static void *reads(void *arg)
{
	(void)arg;
	for (int i = 0; i < 2000; i++) {
		pthread_rwlock_rdlock(&rw);
		CHECK(pair[0] == pair[1]);
		pthread_rwlock_unlock(&rw);
	}
	return NULL;
}

static void counts(void)
{
	onces++;
}

static void *meets(void *arg)
{
	int *mine = arg;

	pthread_once(&once, counts);
	for (int i = 0; i < 200; i++) {
		(*mine)++;
		pthread_barrier_wait(&barrier);
		for (int k = 0; k < 4; k++)
			CHECK(rounds[k] == i + 1);
		pthread_barrier_wait(&barrier);
	}
	sem_post(&sem);
	return NULL;
}

int main(void)
{
	struct timespec past = {0, 0};
	pthread_t t[4];

	CHECK(pthread_create(&t[0], NULL, produces, NULL) == 0);
	consume();
	CHECK(pthread_join(t[0], NULL) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, i < 2 ? writes : reads, NULL) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(pair[0] == 4000 && pair[1] == 4000);
	CHECK(pthread_barrier_init(&barrier, NULL, 4) == 0 && sem_init(&sem, 0, 0) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, meets, &rounds[i]) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(sem_wait(&sem) == 0);
	CHECK_FAILS(sem_timedwait(&sem, &past), ETIMEDOUT);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(onces == 1);
	puts("ok thread_conditions");
	return 0;
}
