/* Matrix product in singles, row by row: one factor times a row, added to another.
 * One repetition is 48 x 48 x 48. */
#include "kernel.h"
#include <string.h>

enum { N = 48 };

static float a[N][N], b[N][N], c[N][N];

__attribute__((noinline)) static void multiply(void)
{
	memset(c, 0, sizeof(c));
	for (int i = 0; i < N; i++)
		for (int k = 0; k < N; k++) {
			float factor = a[i][k];

			for (int j = 0; j < N; j++)
				c[i][j] += factor * b[k][j];
		}
}

int main(int argc, char **argv)
{
	unsigned reps = repetitions(argc, argv);
	uint32_t seed = 5, sum = 0, bits;

	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			a[i][j] = (float)(next_random(&seed) >> 8) / 16777216.0f;
			b[i][j] = (float)(next_random(&seed) >> 8) / 16777216.0f;
		}
	for (unsigned r = 0; r < reps; r++) {
		multiply();
		memcpy(&bits, &c[r % N][(r * 7) % N], sizeof(bits));
		sum = sum * 31 + bits;
		a[r % N][r % 5] = (float)(sum & 255) / 256.0f;
	}
	return report("matrix_single", sum);
}
