/* Moving stack pointers: alloca in loops, variable-length arrays, large frames. */
#include <alloca.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

__attribute__((noinline)) static unsigned fill(unsigned char *p, unsigned n)
{
	unsigned sum = 0;

	memset(p, (int)n, n);
	for (unsigned i = 0; i < n; i++)
		sum += p[i] ^ i;
	return sum;
}

static unsigned with_alloca(unsigned n)
{
	unsigned sum = 0;

	for (unsigned i = 1; i < n; i++)
		sum = sum * 3 + fill(alloca(i * 7), i * 7);
	return sum;
}

static unsigned with_vla(unsigned n)
{
	unsigned grid[n][n + 1], sum = 0;

	for (unsigned i = 0; i < n; i++)
		for (unsigned j = 0; j <= n; j++)
			grid[i][j] = i * j + 1;
	for (unsigned i = 0; i < n; i++)
		sum = sum * 31 + grid[i][n - i];
	return n > 1 ? sum + with_vla(n / 2) : sum;
}

__attribute__((noinline)) static unsigned large_frame(int depth)
{
	volatile unsigned char big[70000];

	big[0] = (unsigned char)depth;
	big[sizeof(big) - 1] = 7;
	return depth ? large_frame(depth - 1) + big[0] + big[sizeof(big) - 1] : 0;
}

int main(void)
{
	printf("%u %u %u\n", with_alloca(60), with_vla(100), large_frame(20));
	return 0;
}
