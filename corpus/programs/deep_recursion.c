/* Recursion 50,000 deep works; endless recursion ends as the guest's own SIGSEGV, caught or not. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>

static sigjmp_buf out;
static char alternate[32768];

__attribute__((noinline)) static unsigned deep(unsigned n, volatile unsigned *x)
{
	unsigned r;

	if (n == 0)
		return *x;
	r = deep(n - 1, x) * 3 + n;
	*x = r;
	return r ^ *x >> 3;
}

static void overflowed(int sig, siginfo_t *si, void *context)
{
	(void)sig, (void)si, (void)context;
	siglongjmp(out, 1);
}

int main(int argc, char **argv)
{
	volatile unsigned x = 1;
	struct rlimit none = { 0, 0 };

	(void)argv;
	setrlimit(RLIMIT_CORE, &none);
	printf("deep %u\n", deep(50000, &x));
	if (argc > 1) {
		stack_t ss = { .ss_sp = alternate, .ss_size = sizeof(alternate) };
		struct sigaction sa = { .sa_sigaction = overflowed, .sa_flags = SA_SIGINFO | SA_ONSTACK };

		sigaltstack(&ss, NULL);
		sigaction(SIGSEGV, &sa, NULL);
		for (volatile int i = 0; i < 2; i++)
			if (sigsetjmp(out, 1))
				puts("stack overflow caught");
			else
				deep(1u << 30, &x);
		return 0;
	}
	fflush(stdout);
	printf("%u\n", deep(1u << 30, &x));
	return 1;
}
