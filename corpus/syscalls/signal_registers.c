/*
 * Registers around handlers: integer and floating-point values of the interrupted program survive handlers that use all of
 * them, for signals it sends itself, timers and faults; the frame shows and takes the program counter.
 * qemu-arm 7.2 does not pass: frames do not hold the address of a fault.
 */
#include "check.h"

#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>

static volatile sig_atomic_t count;
static volatile double noise = 1.5;
static char *page;

static double churn(double x)
{
	double a = x * 1.25, b = x + 3, c = x - 7, d = x / 3, e = a * b, f = c * d, g = e + f, h = e - f;

	for (int i = 0; i < 10; i++) {
		a = a * 0.5 + g;
		b = b * 0.25 + h;
		c = c * 0.125 + a;
		d = d * 0.0625 + b;
	}
	return a + b + c + d + e + f + g + h;
}

static void on_signal(int sig)
{
	(void)sig;
	noise = churn(noise) > 1e100 ? 1.5 : noise + 0.5;
	count++;
}

static void mends(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	(void)info;
	(void)uc;
	noise = churn(noise) > 1e100 ? 1.5 : noise;
#ifdef __arm__
	CHECK(uc->uc_mcontext.arm_sp % 4 == 0 && uc->uc_mcontext.arm_pc != 0);
	CHECK(uc->uc_mcontext.fault_address == (uintptr_t)page);
#endif
	CHECK(mprotect(page, 4096, PROT_READ | PROT_WRITE) == 0);
	count++;
}

/* The same sums whatever comes between. */
static double sums(int rounds, int with)
{
	double a = 0, b = 1, c = 0.5, d = 2;
	float s = 1, t = 3;
	unsigned x = 1, y = 2, z = 3;

	for (int i = 0; i < rounds; i++) {
		a += b * 0.001;
		b = b * 0.9999 + c;
		c = c * 0.5 + 0.25;
		d -= a * 0.0001;
		s = s * 1.0001f + 0.125f;
		t = t * 0.999f + s * 0.0001f;
		x = x * 1664525 + 1013904223;
		y ^= x >> 3;
		z += y;
		if (with == 1 && i % 1000 == 0)
			raise(SIGUSR1);
		if (with == 2 && i % 1000 == 0) {
			mprotect(page, 4096, PROT_NONE);
			*(volatile char *)page = (char)i;
		}
	}
	return a + b + c + d + (double)s + (double)t + (double)z;
}

int main(void)
{
	struct sigaction sa = {.sa_handler = on_signal}, fault = {.sa_sigaction = mends, .sa_flags = SA_SIGINFO};
	struct itimerval it = {{0, 500}, {0, 500}};
	double expected = sums(200000, 0);

	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGALRM, &sa, NULL);
	sigaction(SIGSEGV, &fault, NULL);
	CHECK(sums(200000, 1) == expected && count == 200);
	count = 0;
	CHECK(sums(200000, 2) == expected && count == 200);
	count = 0;
	CHECK(setitimer(ITIMER_REAL, &it, NULL) == 0);
	while (count < 100)
		CHECK(sums(200000, 0) == expected);
	puts("ok signal_registers");
	return 0;
}
