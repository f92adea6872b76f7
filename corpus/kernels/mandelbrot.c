/* Points of the Mandelbrot set: short loops of doubles that end by a comparison.
 * One repetition is a row of 128 points, at most 64 rounds each. */
#include "kernel.h"

enum { W = 128, ROUNDS = 64 };

__attribute__((noinline)) static unsigned row(double y)
{
	unsigned sum = 0;

	for (int i = 0; i < W; i++) {
		double x = i * (3.0 / W) - 2.0, re = 0, im = 0, re2 = 0, im2 = 0;
		unsigned n = 0;

		while (n < ROUNDS && re2 + im2 <= 4.0) {
			im = 2.0 * re * im + y;
			re = re2 - im2 + x;
			re2 = re * re;
			im2 = im * im;
			n++;
		}
		sum = sum * 3 + n;
	}
	return sum;
}

int main(int argc, char **argv)
{
	unsigned reps = repetitions(argc, argv), sum = 0;

	for (unsigned r = 0; r < reps; r++)
		sum = sum * 31 + row((r % 64) * (1.0 / 32) - 1.0);
	return report("mandelbrot", sum);
}
