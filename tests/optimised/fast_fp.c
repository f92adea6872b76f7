/*
 * What --fp fast keeps and what it does not: prints results of scalar and vector floating point on ordinary numbers, what
 * becomes of NaNs and infinities, and last a sum of lanes that ARM flushes to zero. Without a libc.
 */
#include <arm_neon.h>

static long call3(long nr, long a, long b, long c)
{
	register long r7 __asm__("r7") = nr, r0 __asm__("r0") = a, r1 __asm__("r1") = b, r2 __asm__("r2") = c;

	__asm__ volatile("svc 0" : "+r"(r0) : "r"(r1), "r"(r2), "r"(r7) : "memory");
	return r0;
}

static char line[64];

static void put(const char *name, unsigned high, unsigned low)
{
	unsigned n = 0;

	while (*name)
		line[n++] = *name++;
	for (int shift = 60; shift >= 0; shift -= 4)
		line[n++] = "0123456789abcdef"[(shift >= 32 ? high >> (shift - 32) : low >> shift) & 15];
	line[n++] = '\n';
	call3(4, 1, (long)line, n);
}

static void put_double(const char *name, double value)
{
	union {
		double value;
		unsigned half[2];
	} u = { value };

	put(name, u.half[1], u.half[0]);
}

__attribute__((noinline)) static double polynomial(double x, const double *c, int n)
{
	double sum = c[0];

	for (int i = 1; i < n; i++)
		sum = sum * x + c[i];
	return sum / (1 + x * x);
}

__attribute__((noinline)) static float product(const float *a, const float *b, int n)
{
	float sum = 0;

	for (int i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

__attribute__((noinline)) static void scaled(float *to, const float *a, const float *b, int n)
{
	for (int i = 0; i < n; i += 4)
		vst1q_f32(to + i, vaddq_f32(vmulq_f32(vld1q_f32(a + i), vld1q_f32(b + i)), vld1q_f32(to + i)));
}

__attribute__((noinline)) static int unordered(double a, double b)
{
	return !(a < b) + 2 * !(a > b) + 4 * (a != a) + 8 * (b != b);
}

static const double C[] = { 0.25, -1.5, 3.125, 7, -0.1 };
static float a[16], b[16], to[16];
static volatile double zero;

static void values(void)
{
	unsigned hash = 0;

	for (int i = 0; i < 16; i++) {
		a[i] = (float)(i * i) * 0.37f - 11;
		b[i] = 1.5f / (float)(i + 1);
		to[i] = (float)i;
	}
	put_double("polynomial ", polynomial(1.7, C, 5));
	put_double("product ", product(a, b, 16));
	scaled(to, a, b, 16);
	for (int i = 0; i < 16; i++) {
		union {
			float value;
			unsigned bits;
		} u = { to[i] };
		hash = hash * 31 + u.bits;
	}
	put("lanes ", 0, hash);
	put("integer ", 0, (unsigned)(int)(polynomial(9.5, C, 4) * 1000));
	put("unsigned ", 0, (unsigned)(zero + 4e9));
}

void _start(void)
{
	double nan = zero / zero, infinity = 1 / zero;

	values();
	put("nan ", 0, (unsigned)unordered(nan, 1));
	put("sum ", 0, (unsigned)unordered(polynomial(nan, C, 5), polynomial(infinity, C, 2)));
	for (int i = 0; i < 4; i++)
		a[i] = 0x1p-140f, b[i] = 1, to[i] = 0x1p-130f;
	scaled(to, a, b, 4);
	put_double("flushed ", to[2]);
	call3(1, 0, 0, 0);
}
