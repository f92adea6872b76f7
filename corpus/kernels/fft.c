/* Fast Fourier transform, radix 2, in place: products of complex doubles, strides that double.
 * One repetition is 1024 points, there and back. */
#include "kernel.h"
#include <math.h>
#include <string.h>

enum { N = 1024 };

struct complex {
	double re, im;
};

static struct complex points[N], roots[N / 2];

static void reverse_bits(void)
{
	for (unsigned i = 1, j = 0; i < N; i++) {
		unsigned bit = N >> 1;
		struct complex other;

		for (; j & bit; bit >>= 1)
			j ^= bit;
		j ^= bit;
		if (i < j) {
			other = points[i];
			points[i] = points[j];
			points[j] = other;
		}
	}
}

/* sign is 1 for the inverse. */
__attribute__((noinline)) static void transform(double sign)
{
	reverse_bits();
	for (unsigned half = 1; half < N; half *= 2)
		for (unsigned start = 0; start < N; start += 2 * half)
			for (unsigned k = 0; k < half; k++) {
				struct complex root = roots[k * (N / 2 / half)], *a = points + start + k, *b = a + half;
				double im = root.im * sign;
				double re_b = b->re * root.re - b->im * im, im_b = b->re * im + b->im * root.re;

				b->re = a->re - re_b;
				b->im = a->im - im_b;
				a->re += re_b;
				a->im += im_b;
			}
}

int main(int argc, char **argv)
{
	unsigned reps = repetitions(argc, argv);
	uint32_t seed = 29, words[2];
	/* By repeated rotation: the same numbers on every machine, whatever its cosine. */
	struct complex step = { 0.99998117528260111, -0.0061358846491544753 }, root = { 1, 0 };

	for (int i = 0; i < N / 2; i++) {
		double re = root.re * step.re - root.im * step.im;

		roots[i] = root;
		root.im = root.re * step.im + root.im * step.re;
		root.re = re;
	}
	for (int i = 0; i < N; i++)
		points[i] = (struct complex){ (next_random(&seed) >> 8) / 16777216.0, 0 };
	for (unsigned r = 0; r < reps; r++) {
		transform(1);
		transform(-1);
		for (int i = 0; i < N; i++) {
			points[i].re *= 1.0 / N;
			points[i].im *= 1.0 / N;
		}
	}
	memcpy(words, &points[5].re, sizeof(words));
	return report("fft", words[0] * 31 + words[1]);
}
