/*
 * IEEE arithmetic bit by bit: single and double, denormals, signed zeros, infinities, comparisons with NaN,
 * conversions that saturate nowhere undefined, square root, and a strtod and printf round trip.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t bits(double x)
{
	uint64_t u;

	memcpy(&u, &x, 8);
	return x != x ? 0x7ff8000000000000ull : u;	/* NaN payloads are fenv.c's subject */
}

static uint32_t bits_f(float x)
{
	uint32_t u;

	memcpy(&u, &x, 4);
	return x != x ? 0x7fc00000u : u;
}

static const volatile double operands[] = {
	0.0, -0.0, 1.0, -1.0, 1.5, 3.0, 1e-300, 1e300, 5e-324, 2.2250738585072014e-308, 1.0000000000000002,
	INFINITY, -INFINITY, NAN, 0.1, 16777217.0,
};

enum { COUNT = sizeof(operands) / sizeof(*operands) };

static void doubles(double a, double b)
{
	printf("%016llx %016llx %016llx %016llx", (unsigned long long)bits(a + b),
	       (unsigned long long)bits(a - b), (unsigned long long)bits(a * b),
	       (unsigned long long)bits(a / b));
	printf(" %d%d%d%d%d%d\n", a < b, a <= b, a == b, a != b, a > b, isunordered(a, b) != 0);
}

static void singles(float a, float b)
{
	printf("%08x %08x %08x %08x %08x\n", (unsigned)bits_f(a + b), (unsigned)bits_f(a - b),
	       (unsigned)bits_f(a * b), (unsigned)bits_f(a / b), (unsigned)bits_f(sqrtf(a)));
}

static void round_trips(void)
{
	uint64_t x = 88172645463325252ull, wrong = 0;
	char text[64];

	for (int i = 0; i < 3000; i++) {
		double d;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(&d, &x, 8);
		if (!isfinite(d))
			continue;
		snprintf(text, sizeof(text), "%.17g", d);
		wrong += bits(strtod(text, NULL)) != bits(d);
	}
	printf("round trips wrong: %llu\n", (unsigned long long)wrong);
}

int main(void)
{
	for (int i = 0; i < COUNT; i++)
		for (int j = 0; j < COUNT; j++)
			doubles(operands[i], operands[j]);
	for (int i = 0; i < COUNT; i++)
		for (int j = 0; j < COUNT; j++)
			singles((float)operands[i], (float)operands[j]);
	for (int i = 0; i < COUNT; i++)
		printf("%016llx\n", (unsigned long long)bits(sqrt(operands[i])));
	round_trips();
	for (int i = -3; i <= 3; i++) {
		volatile double v = i * 0.75;

		printf("%g: %d %u %lld %g %g %g\n", v, (int)v, (unsigned)(v + 8), (long long)(v * 1e12),
		       floor(v), rint(v), (double)(float)(v / 3));
	}
	return 0;
}
