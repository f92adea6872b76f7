/*
 * Signals that wait: each thread has a queue, and so has the process. sigpending shows both, sigwaitinfo takes from the
 * thread's first, the values come in the order they were sent, and a thread that ends takes its own queue with it.
 */
#include "check.h"

#include <pthread.h>

static pthread_barrier_t turn;
static int first, second;

static int queue_to(pthread_t t, int sig, int value)
{
	union sigval v = {.sival_int = value};

	return pthread_sigqueue(t, sig, v);
}

static int take(int sig, int *value)
{
	struct timespec none = {0, 0};
	siginfo_t info;
	sigset_t set;
	int got;

	sigemptyset(&set);
	sigaddset(&set, sig);
	got = sigtimedwait(&set, &info, &none);
	*value = got > 0 ? info.si_value.sival_int : errno;
	if (got > 0)
		CHECK(info.si_code == SI_QUEUE && info.si_pid == getpid() && info.si_uid == getuid());
	return got;
}

static void *receives(void *arg)
{
	sigset_t set;
	int value;

	pthread_barrier_wait(&turn);
	pthread_barrier_wait(&turn);
	CHECK(sigpending(&set) == 0 && sigismember(&set, first) && sigismember(&set, second));
	CHECK(take(first, &value) == first && value == 10); /* this thread's own, before the process's */
	CHECK(take(first, &value) == first && value == 11);
	CHECK(take(first, &value) == first && value == 1);
	CHECK(take(second, &value) == second && value == 20);
	CHECK(take(second, &value) == -1 && value == EAGAIN);
	CHECK(sigpending(&set) == 0 && sigismember(&set, first) && !sigismember(&set, second));
	pthread_barrier_wait(&turn);
	return arg;
}

static void *leaves(void *arg)
{
	pthread_barrier_wait(&turn);
	pthread_barrier_wait(&turn);
	return arg;
}

int main(void)
{
	union sigval v;
	sigset_t set;
	pthread_t t;
	int value;

	first = SIGRTMIN + 2;
	second = SIGRTMIN + 5;
	sigemptyset(&set);
	sigaddset(&set, first);
	sigaddset(&set, second);
	CHECK(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
	CHECK(pthread_barrier_init(&turn, NULL, 2) == 0);
	CHECK(pthread_create(&t, NULL, receives, NULL) == 0);
	pthread_barrier_wait(&turn);
	for (int i = 1; i <= 2; i++) {
		v.sival_int = i;
		CHECK(sigqueue(getpid(), first, v) == 0);
	}
	CHECK(queue_to(t, first, 10) == 0 && queue_to(t, second, 20) == 0 && queue_to(t, first, 11) == 0);
	CHECK(sigpending(&set) == 0 && sigismember(&set, first) && !sigismember(&set, second));
	pthread_barrier_wait(&turn);
	pthread_barrier_wait(&turn);
	CHECK(pthread_join(t, NULL) == 0);
	CHECK(take(first, &value) == first && value == 2);
	CHECK(take(first, &value) == -1 && value == EAGAIN);
	CHECK(pthread_create(&t, NULL, leaves, NULL) == 0);
	pthread_barrier_wait(&turn);
	CHECK(queue_to(t, second, 30) == 0 && queue_to(t, second, 31) == 0);
	pthread_barrier_wait(&turn);
	CHECK(pthread_join(t, NULL) == 0);
	CHECK(take(second, &value) == -1 && value == EAGAIN);
	CHECK(sigpending(&set) == 0 && !sigismember(&set, first) && !sigismember(&set, second));
	puts("ok thread_queues");
	return 0;
}
