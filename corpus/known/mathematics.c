/*
 * The C library's mathematical functions on a table of inputs: special values, edges of the formats, drawn numbers, in the
 * four rounding modes. One line for each function and mode: a hash of the results and one of the exceptions (but inexact
 * and underflow, which the standard leaves open). A NaN counts as one, whatever its bits. glibc computes all of these with
 * IEEE's operations alone, in the same source for both machines, so both must agree to the last bit, where neither is built
 * to fuse multiplication and addition. Not here: tgamma and lgamma, for which x86 builds use longer numbers.
 */
#define _GNU_SOURCE
#include <fenv.h>
#include <math.h>

#include "known.h"

enum { SPECIAL = 40 };

static const int MODES[] = { FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };
static const double SPECIALS[SPECIAL] = {
	0.0, -0.0, 0x1p-1074, -0x1p-1074, 0x0.fffffffffffffp-1022, 0x1p-1022, -0x1p-1022, 0x1p-149, 0x1p-126, -0x1p-126,
	0x1p-54, 0x1p-27, 0.5, -0.5, 0x1.fffffffffffffp-1, 1.0, -1.0, 0x1.0000000000001p0, -0x1.0000000000001p0, 1.5, 2.0, -2.0,
	2.5, 3.0, -3.0, 0x1.921fb54442d18p0, 0x1.921fb54442d18p1, 10.0, 100.0, -100.0, 709.78271289338397, -745.1332191019411,
	88.72283935546875, 0x1p24, 0x1.fffffep127, 0x1p52, 0x1.8p53, 0x1.fffffffffffffp1023, INFINITY, NAN,
};

static double inputs[2000];
static int count;

static double bits_of(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, 8);
	return value;
}

/* Drawn numbers: near 1, of middling size, and any. */
static void draw_inputs(int drawn_ones)
{
	uint64_t seed = 1;

	memcpy(inputs, SPECIALS, sizeof(SPECIALS));
	count = SPECIAL;
	for (int i = 0; i < drawn_ones; i++) {
		uint64_t r = drawn(&seed), mantissa = r & 0x800fffffffffffff;
		uint64_t exponent = i % 4 == 0 ? 1022 + r / 64 % 3 : i % 4 < 3 ? 1003 + r / 64 % 40 : r / 64 % 2047;

		inputs[count++] = bits_of(mantissa | exponent << 52);
	}
}

struct sums {
	uint64_t results, raised;
};

static void take(struct sums *s, double result)
{
	int said = fetestexcept(FE_ALL_EXCEPT);
	unsigned char raised[] = { !(said & FE_INVALID), !(said & FE_DIVBYZERO), !(said & FE_OVERFLOW) };
	double kept = isnan(result) ? NAN : result;

	s->results = hashed(s->results, &kept, sizeof(kept));
	s->raised = hashed(s->raised, raised, sizeof(raised));
}

static void said(const char *name, int mode, const struct sums *s)
{
	printf("%s %d %016llx %016llx\n", name, mode, (unsigned long long)s->results, (unsigned long long)s->raised);
}

#define BEGIN(mode) \
	struct sums s = { HASH_START, HASH_START }; \
	fesetround(MODES[mode])
#define CALL(call) \
	do { \
		feclearexcept(FE_ALL_EXCEPT); \
		volatile double result = call; \
		take(&s, result); \
	} while (0)

static void one(const char *name, double (*f)(double), int mode)
{
	BEGIN(mode);
	for (int i = 0; i < count; i++)
		CALL(f(inputs[i]));
	said(name, mode, &s);
}

static void onef(const char *name, float (*f)(float), int mode)
{
	BEGIN(mode);
	for (int i = 0; i < count; i++)
		CALL(f((float)inputs[i]));
	said(name, mode, &s);
}

/* Every pair of special values, and neighbours among all. */
static void two(const char *name, double (*f)(double, double), int mode)
{
	BEGIN(mode);
	for (int i = 0; i < SPECIAL; i++)
		for (int k = 0; k < SPECIAL; k++)
			CALL(f(inputs[i], inputs[k]));
	for (int i = 1; i < count; i++)
		CALL(f(inputs[i - 1], inputs[i]));
	said(name, mode, &s);
}

static void twof(const char *name, float (*f)(float, float), int mode)
{
	BEGIN(mode);
	for (int i = 0; i < SPECIAL; i++)
		for (int k = 0; k < SPECIAL; k++)
			CALL(f((float)inputs[i], (float)inputs[k]));
	for (int i = 1; i < count; i++)
		CALL(f((float)inputs[i - 1], (float)inputs[i]));
	said(name, mode, &s);
}

/* Which zero the lesser one is, is open. */
static double least(double a, double b)
{
	double value = fmin(a, b);

	return value == 0 ? 0 : value;
}

static float leastf(float a, float b)
{
	float value = fminf(a, b);

	return value == 0 ? 0 : value;
}

static double most(double a, double b)
{
	double value = fmax(a, b);

	return value == 0 ? 0 : value;
}

static float mostf(float a, float b)
{
	float value = fmaxf(a, b);

	return value == 0 ? 0 : value;
}

static void three(int mode)
{
	BEGIN(mode);
	for (int i = 0; i < SPECIAL; i++)
		for (int k = 0; k < SPECIAL; k++)
			CALL(fma(inputs[i], inputs[k], inputs[(i * 7 + k) % SPECIAL]));
	for (int i = 2; i < count; i++)
		CALL(fma(inputs[i - 2], inputs[i - 1], inputs[i]));
	said("fma", mode, &s);
}

static void to_integers(int mode)
{
	BEGIN(mode);
	for (int i = 0; i < count; i++) {
		int exponent = 0;

		CALL(isfinite(inputs[i]) ? (double)llrint(fmod(inputs[i], 0x1p62)) : 0);
		CALL(isfinite(inputs[i]) ? (double)lround(fmod(inputs[i], 0x1p30)) : 0);
		CALL(frexp(inputs[i], &exponent));
		CALL(isfinite(inputs[i]) ? ldexp(inputs[i], exponent / 2) : 0);
		exponent = 0;
		CALL(remquo(inputs[i], inputs[count - 1 - i], &exponent));
		CALL(exponent & 7);
	}
	said("integers", mode, &s);
}

#define ONE(name) (one(#name, name, mode), onef(#name "f", name##f, mode))
#define TWO(name) (two(#name, name, mode), twof(#name "f", name##f, mode))

static void elementary(int mode)
{
	(void)(ONE(sin), ONE(cos), ONE(tan), ONE(asin), ONE(acos), ONE(atan));
	(void)(ONE(sinh), ONE(cosh), ONE(tanh), ONE(asinh), ONE(acosh), ONE(atanh));
	(void)(ONE(exp), ONE(exp2), ONE(exp10), ONE(expm1), ONE(log), ONE(log2), ONE(log10), ONE(log1p));
	(void)(TWO(pow), TWO(atan2), TWO(hypot));
}

static void others(int mode)
{
	(void)(ONE(sqrt), ONE(cbrt), ONE(erf), ONE(erfc), ONE(j0), ONE(y1));
	(void)(ONE(floor), ONE(ceil), ONE(trunc), ONE(round), ONE(roundeven), ONE(rint), ONE(nearbyint));
	(void)(ONE(logb), ONE(fabs), TWO(fmod), TWO(remainder), TWO(least), TWO(most), TWO(fdim));
	(void)(TWO(nextafter), TWO(copysign));
	three(mode);
	to_integers(mode);
}

int main(int argc, char **argv)
{
	draw_inputs(argc > 1 ? atoi(argv[1]) : 100);
	for (int mode = 0; mode < 4; mode++) {
		elementary(mode);
		others(mode);
	}
	return 0;
}
