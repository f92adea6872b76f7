/* A thousand SIGALRMs a second, each counted by a handler, while something is computed: integer code with calls,
 * a recursion and a loop of doubles. COUNT is repetitions of some 0.1 ms each; undisturbed, no timer runs. */
#define _GNU_SOURCE
#include "disturbed.h"
#include <signal.h>
#include <sys/time.h>
#include <time.h>

enum { ITEMS = 1024 };

static volatile sig_atomic_t ticks;
static uint32_t items[ITEMS];
static double weights[ITEMS];

static void tick(int sig)
{
	(void)sig;
	ticks = ticks + 1;
}

__attribute__((noinline)) static void sift(unsigned root, unsigned end)
{
	for (unsigned child; (child = 2 * root + 1) < end; root = child) {
		uint32_t value = items[root];

		if (child + 1 < end && items[child] < items[child + 1])
			child++;
		if (value >= items[child])
			return;
		items[root] = items[child];
		items[child] = value;
	}
}

__attribute__((noinline)) static void heap_sort(void)
{
	for (unsigned i = ITEMS / 2; i-- > 0;)
		sift(i, ITEMS);
	for (unsigned end = ITEMS; end-- > 1;) {
		uint32_t greatest = items[0];

		items[0] = items[end];
		items[end] = greatest;
		sift(0, end);
	}
}

__attribute__((noinline)) static uint32_t fib(uint32_t n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

__attribute__((noinline)) static double weigh(double factor)
{
	double sum = 0;

	for (unsigned i = 0; i < ITEMS; i++) {
		weights[i] = weights[i] * factor + 1.0;
		sum += weights[i] * (1.0 / 64);
	}
	return sum;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = tick, .sa_flags = SA_RESTART };
	struct itimerval period = { { 0, 1000 }, { 0, 1000 } }, none = { { 0, 0 }, { 0, 0 } };
	struct timespec start, end;
	uint32_t seed = 2463534242u, sum = 0, words[2];
	double total = 0;
	long ms;

	arguments(argc, argv);
	sigaction(SIGALRM, &action, NULL);
	clock_gettime(CLOCK_MONOTONIC, &start);
	if (is_disturbed)
		setitimer(ITIMER_REAL, &period, NULL);
	for (unsigned i = 0; i < count; i++) {
		for (unsigned k = 0; k < ITEMS; k++)
			items[k] = seed = mix(seed);
		heap_sort();
		sum = sum * 31 + items[i % ITEMS] + fib(12 + (i & 1));
		total = total * 0.5 + weigh(i & 1 ? 0.75 : 0.5);
	}
	setitimer(ITIMER_REAL, &none, NULL);
	clock_gettime(CLOCK_MONOTONIC, &end);
	ms = (end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000;
	/* A busy machine merges ticks; that none comes in a tenth of a second means a handler that is not called. */
	if (is_disturbed ? ms >= 100 && ticks == 0 : ticks != 0) {
		fprintf(stderr, "%d ticks in %ld ms\n", (int)ticks, ms);
		return 3;
	}
	memcpy(words, &total, sizeof(total));
	return report("alarm", sum * 31 + words[0] + words[1], argc, argv);
}
