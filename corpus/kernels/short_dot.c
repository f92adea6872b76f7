/* A dot product of twelve doubles, called again and again: what a small helper with a loop costs.
 * One repetition is 1024 calls. */
#include "kernel.h"
#include <string.h>

enum { ROWS = 64, LENGTH = 12 };

static double rows[ROWS][LENGTH];

__attribute__((noinline)) static double product(const double *a, const double *b, unsigned count)
{
	double sum = 0;

	for (unsigned i = 0; i < count; i++)
		sum += a[i] * b[i];
	return sum;
}

int main(int argc, char **argv)
{
	/* Volatile, so that the compiler cannot make a copy of the function for this length. */
	static volatile unsigned length = LENGTH;
	unsigned reps = repetitions(argc, argv);
	uint32_t seed = 5, words[2];
	double total = 0;

	for (int i = 0; i < ROWS; i++)
		for (int k = 0; k < LENGTH; k++)
			rows[i][k] = (next_random(&seed) >> 8) / 16777216.0 - 0.5;
	for (unsigned i = 0; i < reps; i++)
		for (unsigned k = 0; k < 1024; k++)
			total = total * 0.25 + product(rows[k % ROWS], rows[k / 16 % ROWS], length);
	memcpy(words, &total, sizeof(total));
	return report("short_dot", words[0] * 31 + words[1]);
}
