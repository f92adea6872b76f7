/*
 * A robust mutex whose owner ended is handed on with EOWNERDEAD: a thread, a process, one that was waited for.
 * qemu-arm 7.2 does not pass: it refuses set_robust_list.
 */
#include "check.h"

#include <pthread.h>
#include <sys/mman.h>

static pthread_mutex_t *m;
static volatile int locked;

static void make(int protocol)
{
	pthread_mutexattr_t a;

	CHECK(pthread_mutexattr_init(&a) == 0 && pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST) == 0);
	CHECK(pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED) == 0);
	CHECK(pthread_mutexattr_setprotocol(&a, protocol) == 0);
	CHECK(pthread_mutex_init(m, &a) == 0);
}

static void *locks(void *arg)
{
	CHECK(pthread_mutex_lock(m) == 0);
	locked = 1;
	if (arg)
		usleep(50000); /* somebody waits by now */
	return NULL;
}

static void take_over(void)
{
	CHECK(pthread_mutex_lock(m) == EOWNERDEAD);
	CHECK(pthread_mutex_consistent(m) == 0 && pthread_mutex_unlock(m) == 0);
	CHECK(pthread_mutex_lock(m) == 0 && pthread_mutex_unlock(m) == 0);
}

static void of_a_thread(void *late)
{
	pthread_t t;

	locked = 0;
	CHECK(pthread_create(&t, NULL, locks, late) == 0);
	if (late)
		while (!locked)
			usleep(1000);
	else
		CHECK(pthread_join(t, NULL) == 0);
	take_over();
	if (late)
		CHECK(pthread_join(t, NULL) == 0);
}

static void of_a_process(void)
{
	pid_t pid = fork();

	if (!pid) {
		CHECK(pthread_mutex_lock(m) == 0);
		_exit(0);
	}
	CHECK(waitpid(pid, NULL, 0) == pid);
	take_over();
}

int main(void)
{
	m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 2; i++) {
		make(i ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE);
		of_a_thread(NULL);
		of_a_thread(m);
		of_a_process();
	}
	puts("ok thread_robust");
	return 0;
}
