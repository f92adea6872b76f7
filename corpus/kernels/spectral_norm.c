/* Spectral norm of the matrix 1 / ((i + j)(i + j + 1) / 2 + i + 1): divisions in an inner loop.
 * One repetition is one step of the power method for 64 x 64. */
#include "kernel.h"
#include <string.h>

enum { N = 64 };

static double u[N], v[N], between[N];

static double entry(int i, int j)
{
	return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1);
}

__attribute__((noinline)) static void times(const double *in, double *out)
{
	for (int i = 0; i < N; i++) {
		double sum = 0;

		for (int j = 0; j < N; j++)
			sum += entry(i, j) * in[j];
		out[i] = sum;
	}
}

__attribute__((noinline)) static void times_transposed(const double *in, double *out)
{
	for (int i = 0; i < N; i++) {
		double sum = 0;

		for (int j = 0; j < N; j++)
			sum += entry(j, i) * in[j];
		out[i] = sum;
	}
}

int main(int argc, char **argv)
{
	unsigned reps = repetitions(argc, argv);
	uint32_t words[2];
	double top = 0, bottom = 0, norm;

	for (int i = 0; i < N; i++)
		u[i] = 1;
	for (unsigned r = 0; r < reps; r++) {
		times(u, between);
		times_transposed(between, v);
		times(v, between);
		times_transposed(between, u);
		for (int i = 0; i < N; i++)
			u[i] *= 0.3793; /* about 1 / norm^4, so that nothing grows */
	}
	for (int i = 0; i < N; i++) {
		top += u[i] * v[i];
		bottom += v[i] * v[i];
	}
	norm = top / bottom;
	memcpy(words, &norm, sizeof(words));
	return report("spectral_norm", words[0] * 31 + words[1]);
}
