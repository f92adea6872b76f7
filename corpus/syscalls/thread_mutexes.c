/* Kinds of mutexes: recursive, error checking, timed, with priority inheritance, shared by processes. */
#include "check.h"

#include <pthread.h>
#include <sys/mman.h>

static pthread_mutex_t m;
static int counted;

static void make(int type, int protocol, int shared, pthread_mutex_t *mutex)
{
	pthread_mutexattr_t a;

	CHECK(pthread_mutexattr_init(&a) == 0 && pthread_mutexattr_settype(&a, type) == 0);
	CHECK(pthread_mutexattr_setprotocol(&a, protocol) == 0 && pthread_mutexattr_setpshared(&a, shared) == 0);
	CHECK(pthread_mutex_init(mutex, &a) == 0);
}

static void *adds(void *arg)
{
	for (int i = 0; i < 5000; i++) {
		CHECK(pthread_mutex_lock(arg) == 0);
		counted++;
		CHECK(pthread_mutex_unlock(arg) == 0);
	}
	return NULL;
}

static void *tries(void *arg)
{
	struct timespec ts;

	CHECK(pthread_mutex_trylock(arg) == EBUSY);
	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_nsec += 20000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_nsec -= 1000000000;
		ts.tv_sec++;
	}
	CHECK(pthread_mutex_timedlock(arg, &ts) == ETIMEDOUT);
	CHECK(pthread_mutex_unlock(arg) == EPERM);
	return NULL;
}

static void four_add(int protocol)
{
	pthread_t t[4];

	make(PTHREAD_MUTEX_NORMAL, protocol, PTHREAD_PROCESS_PRIVATE, &m);
	counted = 0;
	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, adds, &m) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(counted == 20000);
}

static void of_two_processes(void)
{
	struct { pthread_mutex_t m; int n; } *s = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t pid;

	make(PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_NONE, PTHREAD_PROCESS_SHARED, &s->m);
	pid = fork();
	for (int i = 0; i < 10000; i++) {
		pthread_mutex_lock(&s->m);
		s->n++;
		pthread_mutex_unlock(&s->m);
	}
	if (!pid)
		_exit(0);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0 && s->n == 20000);
}

int main(void)
{
	pthread_t t;

	make(PTHREAD_MUTEX_RECURSIVE, PTHREAD_PRIO_NONE, PTHREAD_PROCESS_PRIVATE, &m);
	CHECK(pthread_mutex_lock(&m) == 0 && pthread_mutex_lock(&m) == 0);
	CHECK(pthread_mutex_unlock(&m) == 0 && pthread_mutex_unlock(&m) == 0);
	make(PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PRIO_NONE, PTHREAD_PROCESS_PRIVATE, &m);
	CHECK(pthread_mutex_lock(&m) == 0 && pthread_mutex_lock(&m) == EDEADLK);
	CHECK(pthread_create(&t, NULL, tries, &m) == 0 && pthread_join(t, NULL) == 0);
	CHECK(pthread_mutex_unlock(&m) == 0);
	four_add(PTHREAD_PRIO_NONE);
	four_add(PTHREAD_PRIO_INHERIT);
	of_two_processes();
	puts("ok thread_mutexes");
	return 0;
}
