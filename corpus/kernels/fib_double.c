/* Recursion with double arguments and results: the FP calling convention. One repetition is fib(22). */
#include "kernel.h"

__attribute__((noinline)) static double fib(double n)
{
	return n < 2.0 ? n : fib(n - 1.0) + fib(n - 2.0);
}

int main(int argc, char **argv)
{
	unsigned reps = repetitions(argc, argv);
	uint32_t sum = 0;

	for (unsigned i = 0; i < reps; i++)
		sum = sum * 31 + (uint32_t)fib(22.0 + (i & 1));
	return report("fib_double", sum);
}
