/* Integer matrix product, row by column: multiply-add and strided loads.
 * One repetition is 48 x 48 x 48. */
#include "kernel.h"

enum { N = 48 };

static uint32_t a[N][N], b[N][N], c[N][N];

__attribute__((noinline)) static void multiply(void)
{
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			uint32_t dot = 0;

			for (int k = 0; k < N; k++)
				dot += a[i][k] * b[k][j];
			c[i][j] = dot;
		}
}

int main(int argc, char **argv)
{
	unsigned reps = repetitions(argc, argv);
	uint32_t seed = 5, sum = 0;

	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			a[i][j] = next_random(&seed);
			b[i][j] = next_random(&seed);
		}
	for (unsigned r = 0; r < reps; r++) {
		multiply();
		sum = sum * 31 + c[r % N][(r * 7) % N];
		a[r % N][r % 5] += sum;
	}
	return report("matmul", sum);
}
