/*
 * Each thread has an alternate stack of its own: a thread that runs off its stack is told so on it and can jump out,
 * again and again, while the others go on; new threads have none.
 */
#include "check.h"

#include <pthread.h>
#include <setjmp.h>
#include <sys/mman.h>

enum { THREADS = 4, TIMES = 20, ALT_SIZE = 32768 };

static __thread sigjmp_buf out;
static __thread char *alternate;
static __thread volatile int overflows;

static void overflowed(int sig, siginfo_t *info, void *context)
{
	char here;

	(void)context;
	CHECK(sig == SIGSEGV && info->si_code > 0);
	CHECK(&here >= alternate && &here < alternate + ALT_SIZE);
	overflows++;
	siglongjmp(out, 1);
}

static int __attribute__((noinline)) deeper(volatile char *from)
{
	volatile char room[2048];

	if (!from[0])
		return 0;
	room[0] = (char)(from[0] | 1);
	return deeper(room) + room[0];
}

static void *runs_off(void *arg)
{
	stack_t old, mine = {.ss_size = ALT_SIZE};
	volatile char first = 1;

	CHECK(sigaltstack(NULL, &old) == 0 && old.ss_flags == SS_DISABLE);
	alternate = mmap(NULL, ALT_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(alternate != MAP_FAILED);
	mine.ss_sp = alternate;
	CHECK(sigaltstack(&mine, NULL) == 0);
	for (volatile int i = 0; i < TIMES; i++)
		if (!sigsetjmp(out, 1))
			CHECK(deeper(&first) == 0);
	CHECK(overflows == TIMES);
	CHECK(sigaltstack(NULL, &old) == 0 && old.ss_sp == alternate && old.ss_flags == 0);
	mine.ss_flags = SS_DISABLE;
	CHECK(sigaltstack(&mine, NULL) == 0);
	munmap(alternate, ALT_SIZE);
	return arg;
}

int main(void)
{
	struct sigaction sa = {.sa_sigaction = overflowed, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	pthread_attr_t attributes;
	pthread_t t[THREADS];

	CHECK(sigaction(SIGSEGV, &sa, NULL) == 0);
	CHECK(pthread_attr_init(&attributes) == 0 && pthread_attr_setstacksize(&attributes, 131072) == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], &attributes, runs_off, NULL) == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	runs_off(NULL);
	puts("ok thread_altstacks");
	return 0;
}
