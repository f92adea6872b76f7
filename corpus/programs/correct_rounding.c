/*
 * Operations whose results IEEE 754 fixes to the last bit, in the four rounding modes: sum, product, quotient, square root,
 * fused multiply-add, remainder and conversion, of drawn numbers, of near ties, of results at the edges of the formats.
 * Prints operands and results, so many rows of each as the argument says; tests/run/test_correct_rounding.py computes the
 * same with fractions.
 */
#include <fenv.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	int mode;
	char name;
} MODES[] = { { FE_TONEAREST, 'n' }, { FE_UPWARD, 'p' }, { FE_DOWNWARD, 'm' }, { FE_TOWARDZERO, 'z' } };

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint64_t draw(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return seed >> 32 | (seed * 0xd1342543de82ef95u) >> 32 << 32;
}

/* Exponents near each other, so that sums and products come near ties; now and then an edge. */
static double number(int row)
{
	static const uint64_t EDGES[] = { 0x1, 0xfffffffffffff, 0x10000000000000, 0x7fefffffffffffff, 0x3ff0000000000001,
					  0x3fefffffffffffff, 0x4340000000000001, 0x3ca0000000000000 };
	uint64_t r = draw(), bits;
	double value;

	if (row % 3 == 0)
		bits = EDGES[r & 7] ^ (r >> 63 << 63);
	else
		bits = (r & 0x800fffffffffffff & (row % 3 == 1 ? ~0ull : ~0xffffffull)) | (1023 + r / 8 % 64 - 32) << 52;
	memcpy(&value, &bits, 8);
	return value;
}

static float single(int row)
{
	static const uint32_t EDGES[] = { 1, 0x7fffff, 0x800000, 0x7f7fffff, 0x3f800001, 0x3f7fffff, 0x4b800001, 0x33000000 };
	uint64_t r = draw();
	uint32_t bits;
	float value;

	if (row % 3 == 0)
		bits = EDGES[r & 7] ^ (uint32_t)(r >> 63) << 31;
	else
		bits = ((uint32_t)r & 0x807fffff & (row % 3 == 1 ? ~0u : ~0xfffu)) |
		       (uint32_t)(127 + (r >> 32) % 40 - 20) << 23;
	memcpy(&value, &bits, 4);
	return value;
}

static void put(const char *what, char mode, double a, double b, double c, double result)
{
	printf("%s %c %a %a %a %a\n", what, mode, a, b, c, result);
}

static void doubles(char mode, int row)
{
	volatile double a = number(row), b = number(row + row / 3), c = number(row + row / 9);

	put("add", mode, a, b, 0, a + b);
	put("mul", mode, a, b, 0, a * b);
	put("div", mode, a, b, 0, a / b);
	put("sqrt", mode, fabs(a), 0, 0, sqrt(fabs(a)));
	put("fma", mode, a, b, c, fma(a, b, c));
	put("fma", mode, a, b, -(a * b), fma(a, b, -(a * b)));
	put("fmod", mode, a, b, 0, fmod(a, b));
	put("remainder", mode, a, b, 0, remainder(a, b));
	put("tof", mode, a, 0, 0, (float)a);
}

static void singles(char mode, int row)
{
	volatile float a = single(row), b = single(row + row / 3), c = single(row + row / 9);

	put("addf", mode, a, b, 0, a + b);
	put("mulf", mode, a, b, 0, a * b);
	put("divf", mode, a, b, 0, a / b);
	put("sqrtf", mode, fabsf(a), 0, 0, sqrtf(fabsf(a)));
	put("fmaf", mode, a, b, c, fmaf(a, b, c));
	put("fmaf", mode, a, b, -(a * b), fmaf(a, b, -(a * b)));
}

int main(int argc, char **argv)
{
	int rows = argc > 1 ? atoi(argv[1]) : 4;

	for (unsigned m = 0; m < sizeof(MODES) / sizeof(*MODES); m++) {
		fesetround(MODES[m].mode);
		for (int row = 0; row < rows; row++) {
			doubles(MODES[m].name, row);
			singles(MODES[m].name, row);
		}
	}
	return 0;
}
