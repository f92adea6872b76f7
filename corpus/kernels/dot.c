/* Dot product and scaled addition of double vectors: loads, multiplies, adds.
 * One repetition is 4096 elements. */
#include "kernel.h"
#include <string.h>

enum { N = 4096 };

static double x[N], y[N];

__attribute__((noinline)) static double dot(void)
{
	double sum = 0;

	for (int i = 0; i < N; i++)
		sum += x[i] * y[i];
	return sum;
}

__attribute__((noinline)) static void add_scaled(double a)
{
	for (int i = 0; i < N; i++)
		y[i] = y[i] + a * x[i];
}

int main(int argc, char **argv)
{
	unsigned reps = repetitions(argc, argv);
	uint32_t seed = 17, words[2];
	double total = 0;

	for (int i = 0; i < N; i++) {
		x[i] = (next_random(&seed) >> 8) / 16777216.0;
		y[i] = (next_random(&seed) >> 8) / 16777216.0;
	}
	for (unsigned i = 0; i < reps; i++) {
		total = total * 0.5 + dot();
		add_scaled(i & 1 ? 0.001 : -0.001);
	}
	memcpy(words, &total, sizeof(total));
	return report("dot", words[0] * 31 + words[1]);
}
