/*
 * A signal to the process goes to a thread that does not block it, whichever that is; when all block it, it waits for the
 * first that opens its mask or asks for it. Two threads that wait for the same signal never both get one.
 */
#include "check.h"

#include <pthread.h>

enum { SENT = 200 };

static volatile int handled, taken[2], done;
static volatile pid_t by;
static pthread_barrier_t turn;

static void handler(int sig)
{
	(void)sig;
	by = (pid_t)syscall(SYS_gettid);
	__atomic_add_fetch(&handled, 1, __ATOMIC_SEQ_CST);
}

static void set_mask(int how, int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	CHECK(pthread_sigmask(how, &set, NULL) == 0);
}

static void await(volatile int *what, int value)
{
	for (int i = 0; i < 10000 && *what != value; i++)
		usleep(1000);
	CHECK(*what == value);
}

static void *open_to_it(void *arg)
{
	pid_t *mine = arg;

	*mine = (pid_t)syscall(SYS_gettid);
	set_mask(SIG_UNBLOCK, SIGUSR1);
	pthread_barrier_wait(&turn);
	while (!done)
		usleep(1000);
	set_mask(SIG_BLOCK, SIGUSR1);
	pthread_barrier_wait(&turn);
	return NULL;
}

static void *opens_late(void *arg)
{
	pthread_barrier_wait(&turn);
	set_mask(SIG_UNBLOCK, SIGUSR1); /* it is there before the call returns */
	CHECK(handled == 1 && by == (pid_t)syscall(SYS_gettid));
	return arg;
}

static void *takes(void *arg)
{
	int me = (int)(long)arg, sig = SIGRTMIN + 1;
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	for (;;) {
		int got = sigwaitinfo(&set, &info);

		if (got == -1 && errno == EINTR) /* the other thread was faster */
			continue;
		CHECK(got == sig);
		if (!info.si_value.sival_int)
			return NULL;
		taken[me]++;
	}
}

static void shared_out(void)
{
	union sigval v = {.sival_int = 1};
	pthread_t t[2];

	set_mask(SIG_BLOCK, SIGRTMIN + 1);
	for (long i = 0; i < 2; i++)
		CHECK(pthread_create(&t[i], NULL, takes, (void *)i) == 0);
	for (int i = 0; i < SENT; i++)
		CHECK(sigqueue(getpid(), SIGRTMIN + 1, v) == 0);
	v.sival_int = 0;
	for (int i = 0; i < 2; i++)
		CHECK(sigqueue(getpid(), SIGRTMIN + 1, v) == 0);
	for (int i = 0; i < 2; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(taken[0] + taken[1] == SENT);
}

int main(void)
{
	struct sigaction sa = {.sa_handler = handler};
	pthread_t t;
	pid_t its;

	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0 && pthread_barrier_init(&turn, NULL, 2) == 0);
	set_mask(SIG_BLOCK, SIGUSR1);
	CHECK(pthread_create(&t, NULL, open_to_it, &its) == 0);
	pthread_barrier_wait(&turn);
	for (int i = 1; i <= 20; i++) {
		CHECK(kill(getpid(), SIGUSR1) == 0);
		await(&handled, i);
		CHECK(by == its);
	}
	done = 1;
	pthread_barrier_wait(&turn);
	CHECK(pthread_join(t, NULL) == 0);
	handled = 0;
	CHECK(pthread_create(&t, NULL, opens_late, NULL) == 0);
	CHECK(kill(getpid(), SIGUSR1) == 0);
	usleep(20000);
	CHECK(handled == 0);
	pthread_barrier_wait(&turn);
	CHECK(pthread_join(t, NULL) == 0 && handled == 1);
	shared_out();
	puts("ok thread_shared_signals");
	return 0;
}
