/* FPSCR.FZ and FPSCR.DN: set, cleared, in a handler, in some threads of several; results and flags of each operation. */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { FZ = 1 << 24, DN = 1 << 25, UP = 1 << 22 };

static uint32_t get(void)
{
	uint32_t value;

	__asm__ volatile("vmrs %0, fpscr" : "=r"(value) : : "memory");
	return value;
}

static void set(uint32_t value)
{
	__asm__ volatile("vmsr fpscr, %0" : : "r"(value) : "memory");
}

static double of(uint64_t bits)
{
	double x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

static float single_of(uint32_t bits)
{
	float x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

/* The compiler does not know these numbers, so it does nothing with them itself. */
#define HIDE(x) __asm__ volatile("" : "+w"(x))
#define HIDE_SINGLE(x) __asm__ volatile("" : "+t"(x))

static __attribute__((noinline)) double times(double a, double b)
{
	HIDE(a);
	return a * b;
}

static __attribute__((noinline)) double plus(double a, double b)
{
	HIDE(a);
	return a + b;
}

static __attribute__((noinline)) double over(double a, double b)
{
	HIDE(a);
	return a / b;
}

static __attribute__((noinline)) double root(double a)
{
	__asm__("vsqrt.f64 %P0, %P0" : "+w"(a));
	return a;
}

static __attribute__((noinline)) float times_single(float a, float b)
{
	HIDE_SINGLE(a);
	return a * b;
}

static __attribute__((noinline)) float narrow(double a)
{
	HIDE(a);
	return (float)a;
}

static __attribute__((noinline)) double widen(float a)
{
	HIDE_SINGLE(a);
	return (double)a;
}

static __attribute__((noinline)) int less(double a, double b)
{
	HIDE(a);
	return a < b;
}

static __attribute__((noinline)) uint32_t to_integer(double a)
{
	HIDE(a);
	return (uint32_t)(int)a;
}

static void show(const char *what, uint32_t mode, uint64_t bits)
{
	printf(" %s %016llx %08x\n", what, (unsigned long long)bits, get() & ~mode);
	set(mode);
}

static void show_double(const char *what, uint32_t mode, double x)
{
	uint64_t bits;

	memcpy(&bits, &x, sizeof(bits));
	show(what, mode, bits);
}

static void show_single(const char *what, uint32_t mode, float x)
{
	uint32_t bits;

	memcpy(&bits, &x, sizeof(bits));
	show(what, mode, bits);
}

static void all(uint32_t mode)
{
	const double least = of(0x0010000000000000), denormal = of(0x000fffffffffffff);
	const double quiet = of(0xfff8000000000123), signalling = of(0x7ff0000000000456);

	printf("mode %08x\n", mode);
	set(mode);
	show_double("tiny only before rounding", mode, times(of(0x2000000002000000), of(0x1ffffffffc000000)));
	show_single("the same in single", mode, times_single(single_of(0x20000400), single_of(0x1ffff800)));
	show_double("half of the least", mode, times(least, 0.5));
	show_double("denormal times one", mode, times(denormal, 1));
	show_double("minus denormal times zero", mode, times(-denormal, 0));
	show_double("difference", mode, plus(of(0x0018000000000000), -least));
	show_double("sum of denormals", mode, plus(denormal, denormal));
	show_double("denormal over zero", mode, over(denormal, 0));
	show_double("one over denormal", mode, over(1, denormal));
	show_double("least over three", mode, over(least, 3));
	show_double("root of minus denormal", mode, root(-denormal));
	show_double("infinity times denormal", mode, times(of(0x7ff0000000000000), denormal));
	show_double("nan plus denormal", mode, plus(quiet, denormal));
	show_double("signalling", mode, plus(denormal, signalling));
	show_single("narrowed", mode, narrow(of(0x380fffffffffffff)));
	show_single("narrowed more", mode, narrow(of(0x3690000000000001)));
	show_double("widened", mode, widen(single_of(0x807fffff)));
	show_double("widened nan", mode, widen(single_of(0xffa00001)));
	show("less", mode, (uint64_t)less(0, denormal));
	show("to integer", mode, to_integer(denormal));
	set(0);
}

static volatile uint32_t seen;
static double in_handler;

static void handler(int sig)
{
	(void)sig;
	seen = get();
	set(0);
	in_handler = times(of(1), 3);
	set(DN);
}

static void with_handler(void)
{
	double before, after;

	signal(SIGUSR1, handler);
	set(FZ);
	before = times(of(1), 3);
	raise(SIGUSR1);
	after = times(of(1), 3);
	printf("handler: %d %d %d, seen %d, kept %d\n", before == 0, in_handler != 0, after == 0, seen >> 24 & 3,
	       get() >> 24 & 3);
	set(0);
}

struct job {
	uint32_t mode;
	unsigned zeros;
};

static void *work(void *argument)
{
	struct job *job = argument;

	set(job->mode);
	for (unsigned i = 1; i <= 100000; i++)
		job->zeros += less(0, times(of(i), 1)) == 0;
	return NULL;
}

static void with_threads(void)
{
	struct job jobs[4] = { { 0, 0 }, { FZ, 0 }, { 0, 0 }, { FZ | DN, 0 } };
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, work, &jobs[i]);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	printf("threads: %u %u %u %u, here %d\n", jobs[0].zeros, jobs[1].zeros, jobs[2].zeros, jobs[3].zeros,
	       get() >> 24 & 3);
}

int main(void)
{
	/* Not 0 first: optimised code has UFC as the host has it, until there is a mode. */
	static const uint32_t modes[] = { FZ, 0, DN, FZ | DN, FZ | UP, 0 };

	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		all(modes[i]);
	with_handler();
	with_threads();
	return 0;
}
