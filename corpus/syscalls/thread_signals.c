/* Signals to one thread and to the process; masks, alternate stacks and sigwait are each thread's own. */
#include "check.h"

#include <pthread.h>

static __thread volatile int hits;
static volatile int ready, quit, total;
static pthread_barrier_t barrier;

static void counts(int sig, siginfo_t *info, void *context)
{
	(void)context;
	CHECK(sig == SIGUSR1 && info->si_signo == SIGUSR1);
	hits++;
	__atomic_add_fetch(&total, 1, __ATOMIC_SEQ_CST);
}

static void *target(void *arg)
{
	static __thread char room[32768];
	stack_t mine = {.ss_sp = room, .ss_size = sizeof(room)}, old;

	CHECK(sigaltstack(NULL, &old) == 0 && old.ss_flags == SS_DISABLE);
	CHECK(sigaltstack(&mine, NULL) == 0);
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	while (!quit)
		continue;
	*(int *)arg = hits;
	CHECK(sigaltstack(NULL, &old) == 0 && old.ss_sp == (void *)room);
	return NULL;
}

static void *blocks(void *arg)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	CHECK(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
	pthread_barrier_wait(&barrier);
	CHECK(sigwait(&set, &sig) == 0 && sig == SIGUSR2);
	*(int *)arg = 1;
	return NULL;
}

static void directed(void)
{
	pthread_t t[4];
	int got[4];

	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, target, &got[i]) == 0);
	while (ready < 4)
		usleep(1000);
	for (int i = 0; i < 4; i++)
		for (int k = 0; k <= i; k++) {
			int before = total;

			CHECK(pthread_kill(t[i], SIGUSR1) == 0);
			while (total == before)
				usleep(100);
		}
	quit = 1;
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(t[i], NULL) == 0 && got[i] == i + 1);
	CHECK(hits == 0);
}

static void to_the_process(void)
{
	sigset_t set;
	pthread_t t;
	int got = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	CHECK(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
	CHECK(pthread_barrier_init(&barrier, NULL, 2) == 0);
	CHECK(pthread_create(&t, NULL, blocks, &got) == 0);
	pthread_barrier_wait(&barrier);
	CHECK(kill(getpid(), SIGUSR2) == 0);
	CHECK(pthread_join(t, NULL) == 0 && got == 1);
	CHECK(sigpending(&set) == 0 && !sigismember(&set, SIGUSR2));
}

int main(void)
{
	struct sigaction sa = {.sa_sigaction = counts, .sa_flags = SA_SIGINFO | SA_ONSTACK};

	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
	directed();
	to_the_process();
	puts("ok thread_signals");
	return 0;
}
