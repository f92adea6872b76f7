/* Recursion: direct calls and returns, nearly nothing else. One repetition is fib(24). */
#include "kernel.h"

/* noinline keeps the calls: gcc would otherwise unroll the recursion several levels deep. */
__attribute__((noinline)) static uint32_t fib(uint32_t n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

int main(int argc, char **argv)
{
	unsigned reps = repetitions(argc, argv);
	uint32_t sum = 0;

	for (unsigned i = 0; i < reps; i++)
		sum = sum * 31 + fib(24 + (i & 1));
	return report("fib", sum);
}
