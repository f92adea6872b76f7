/* Dot product and scaled addition of single vectors, four lanes at a time: vmla, vmul, vadd.
 * One repetition is 4096 elements. */
#include "kernel.h"
#include "lanes.h"

enum { N = 4096 };

static float x[N], y[N];

__attribute__((noinline)) static float dot(void)
{
	lanes a = all(0), b = all(0);

	for (int i = 0; i < N; i += 8) {
		a = more(a, load(x + i), load(y + i));
		b = more(b, load(x + i + 4), load(y + i + 4));
	}
	return total(plus(a, b));
}

__attribute__((noinline)) static void add_scaled(float factor)
{
	lanes by = all(factor);

	for (int i = 0; i < N; i += 4)
		store(y + i, more(load(y + i), load(x + i), by));
}

int main(int argc, char **argv)
{
	unsigned reps = repetitions(argc, argv);
	uint32_t seed = 17, bits;
	float sum = 0;

	for (int i = 0; i < N; i++) {
		x[i] = (float)(next_random(&seed) >> 8) / 16777216.0f;
		y[i] = (float)(next_random(&seed) >> 8) / 16777216.0f;
	}
	for (unsigned i = 0; i < reps; i++) {
		sum = sum * 0.5f + dot();
		add_scaled(i & 1 ? 0.001f : -0.001f);
	}
	memcpy(&bits, &sum, sizeof(sum));
	return report("neon_dot", bits);
}
