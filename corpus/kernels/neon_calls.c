/* Calls that pass and return 128-bit vectors: q registers on ARM (hard-float AAPCS), xmm on amd64.
 * One repetition is 1024 calls of each of two functions. For the decision on NEON quads across calls, so integer
 * lanes are enough; gcc makes scalar code of float operators on vectors for ARM, since NEON flushes denormals. */
#include "kernel.h"
#include <string.h>

typedef uint16_t halves __attribute__((vector_size(16)));
typedef uint32_t words __attribute__((vector_size(16)));

/* x * a + b in every lane. */
__attribute__((noinline)) static halves scale(halves x, halves a, halves b)
{
	return x * a + b;
}

/* A round of xorshift in every lane, then the key. */
__attribute__((noinline)) static words mix(words x, words key)
{
	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x + key;
}

int main(int argc, char **argv)
{
	unsigned reps = repetitions(argc, argv);
	uint32_t sum = 0, lanes[4], pairs[4];
	halves h = { 1, 2, 3, 4, 5, 6, 7, 8 }, a = { 25, 5, 125, 9, 17, 33, 65, 3 }, b = { 1, 3, 5, 7, 9, 11, 13, 15 };
	words w = { 1, 2, 3, 4 }, key = { 0x9e3779b9u, 7, 11, 13 };

	for (unsigned i = 0; i < reps; i++) {
		for (unsigned k = 0; k < 1024; k++) {
			w = mix(w, key);
			h = scale(h, a, b);
		}
		/* Also keeps both functions from being cloned for constant arguments. */
		key += w;
		a += (halves)w & 0xfffe;
		b += a;
	}
	memcpy(lanes, &w, sizeof(lanes));
	memcpy(pairs, &h, sizeof(pairs));
	for (unsigned i = 0; i < 4; i++)
		sum = (sum * 31 + lanes[i]) * 31 + pairs[i];
	return report("neon_calls", sum);
}
