/* A fault is its own thread's signal, with the right address; the handler jumps out or repairs, four at a time. */
#include "check.h"

#include <pthread.h>
#include <setjmp.h>
#include <sys/mman.h>

static __thread sigjmp_buf back;
static __thread char *expected;
static __thread int repairs;

static void handles(int sig, siginfo_t *info, void *context)
{
	(void)context;
	CHECK(sig == SIGSEGV && info->si_addr == expected);
	if (!repairs)
		siglongjmp(back, 1);
	CHECK(mprotect(expected, 4096, PROT_READ | PROT_WRITE) == 0);
}

static void *works(void *arg)
{
	char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	expected = page;
	for (volatile int i = 0; i < 200; i++) {
		repairs = i & 1;
		CHECK(mprotect(page, 4096, PROT_NONE) == 0);
		if (sigsetjmp(back, 1))
			continue;
		*(volatile char *)page = 3;
		CHECK(repairs && page[0] == 3);
	}
	return arg;
}

int main(void)
{
	struct sigaction sa = {.sa_sigaction = handles, .sa_flags = SA_SIGINFO};
	pthread_t t[4];

	CHECK(sigaction(SIGSEGV, &sa, NULL) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, works, NULL) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	puts("ok thread_faults");
	return 0;
}
