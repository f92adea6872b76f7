/* A polynomial sine called in a loop: a short function of one double, no memory but its constants.
 * One repetition is 4096 calls. Its own reduction and coefficients, so that no libm takes part. */
#include "kernel.h"
#include <string.h>

__attribute__((noinline)) static double sine(double x)
{
	int quarter = (int)(x * 0.63661977236758134);
	double r = x - quarter * 1.5707963267948966;
	double r2 = r * r, value;

	if (quarter & 1)
		value = 1.0 + r2 * (-0.5 + r2 * (1.0 / 24 + r2 * (-1.0 / 720 + r2 * (1.0 / 40320 - r2 / 3628800))));
	else
		value = r * (1.0 + r2 * (-1.0 / 6 + r2 * (1.0 / 120 + r2 * (-1.0 / 5040 + r2 * (1.0 / 362880)))));
	return quarter & 2 ? -value : value;
}

int main(int argc, char **argv)
{
	unsigned reps = repetitions(argc, argv);
	uint32_t words[2];
	double total = 0;

	for (unsigned i = 0; i < reps; i++) {
		double x = (i & 7) * 0.125;

		for (unsigned k = 0; k < 4096; k++) {
			total += sine(x);
			x += 0.00390625;
		}
		total *= 0.5;
	}
	memcpy(words, &total, sizeof(total));
	return report("sine", words[0] * 31 + words[1]);
}
