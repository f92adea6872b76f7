/* Sieve of Eratosthenes over bytes: strided stores and short loops.
 * One repetition is 64 Ki numbers. */
#include "kernel.h"
#include <string.h>

enum { LIMIT = 1 << 16 };

static uint8_t composite[LIMIT];

static uint32_t count_primes(void)
{
	uint32_t count = 0;

	memset(composite, 0, sizeof(composite));
	for (uint32_t i = 2; i < LIMIT; i++) {
		if (composite[i])
			continue;
		count += i ^ (count << 1);
		for (uint32_t j = 2 * i; j < LIMIT; j += i)
			composite[j] = 1;
	}
	return count;
}

int main(int argc, char **argv)
{
	unsigned reps = repetitions(argc, argv);
	uint32_t sum = 0;

	for (unsigned i = 0; i < reps; i++)
		sum = sum * 31 + count_primes();
	return report("sieve", sum);
}
