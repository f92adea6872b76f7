/*
 * The DSP and media instructions against models in C: saturation with its sticky flag, parallel add and
 * subtract with GE and SEL, dual multiplies, packing, extraction, sums of differences.
 */
#include <stdint.h>
#include <stdio.h>

static uint32_t seed = 2463534242u;

static uint32_t next(void)
{
	static const uint32_t edges[] = { 0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fff8000, 0x80007fff, 0x00ff7f80 };

	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % 5 ? seed : edges[seed >> 8 & 7];
}

static int32_t saturate(int64_t x, unsigned bits, int *q)
{
	int64_t top = (1ll << (bits - 1)) - 1;
	int64_t r = x > top ? top : x < -top - 1 ? -top - 1 : x;

	*q |= r != x;
	return (int32_t)r;
}

static int32_t half(uint32_t x, unsigned i)
{
	return (int16_t)(x >> 16 * i);
}

static int32_t byte(uint32_t x, unsigned i)
{
	return (int8_t)(x >> 8 * i);
}

/* Run op on a and b with APSR cleared; *flags is APSR after. */
#define RUN2(op, r, a, b, flags)                                                                 \
	__asm__ volatile("msr APSR_nzcvqg, %4\n\t" op " %0, %2, %3\n\tmrs %1, APSR"              \
			 : "=&r"(r), "=&r"(flags) : "r"(a), "r"(b), "r"(0) : "cc")
#define RUN3(op, r, a, b, c, flags)                                                              \
	__asm__ volatile("msr APSR_nzcvqg, %5\n\t" op " %0, %2, %3, %4\n\tmrs %1, APSR"          \
			 : "=&r"(r), "=&r"(flags) : "r"(a), "r"(b), "r"(c), "r"(0) : "cc")

static unsigned wrong;

static void check(const char *op, uint32_t got, uint32_t right)
{
	if (got != right && wrong++ < 10)
		printf("%s: %08x, should be %08x\n", op, (unsigned)got, (unsigned)right);
}

static void saturating(uint32_t a, uint32_t b)
{
	int32_t sa = (int32_t)a, sb = (int32_t)b;
	uint32_t r, f;
	int q = 0;

	RUN2("qadd", r, a, b, f);
	check("qadd", r, (uint32_t)saturate((int64_t)sa + sb, 32, &q));
	check("qadd q", f >> 27 & 1, (uint32_t)q);
	q = 0;
	RUN2("qsub", r, a, b, f);
	check("qsub", r, (uint32_t)saturate((int64_t)sa - sb, 32, &q));
	check("qsub q", f >> 27 & 1, (uint32_t)q);
	q = 0;
	RUN2("qdadd", r, a, b, f);
	check("qdadd", r, (uint32_t)saturate((int64_t)sa + saturate(2 * (int64_t)sb, 32, &q), 32, &q));
	check("qdadd q", f >> 27 & 1, (uint32_t)q);
	q = 0;
	RUN2("qdsub", r, a, b, f);
	check("qdsub", r, (uint32_t)saturate((int64_t)sa - saturate(2 * (int64_t)sb, 32, &q), 32, &q));
	check("qdsub q", f >> 27 & 1, (uint32_t)q);
	q = 0;
	__asm__ volatile("msr APSR_nzcvqg, %3\n\tssat %0, #12, %2, asr #5\n\tmrs %1, APSR"
			 : "=&r"(r), "=&r"(f) : "r"(a), "r"(0) : "cc");
	check("ssat", r, (uint32_t)saturate(sa >> 5, 12, &q));
	check("ssat q", f >> 27 & 1, (uint32_t)q);
	__asm__ volatile("msr APSR_nzcvqg, %3\n\tusat %0, #9, %2, lsl #3\n\tmrs %1, APSR"
			 : "=&r"(r), "=&r"(f) : "r"(a), "r"(0) : "cc");
	int32_t shifted = (int32_t)(a << 3);
	check("usat", r, shifted < 0 ? 0 : shifted > 511 ? 511 : (uint32_t)shifted);
	check("usat q", f >> 27 & 1, shifted < 0 || shifted > 511);
}

static void parallel(uint32_t a, uint32_t b)
{
	uint32_t r, f, want = 0, ge = 0;
	int q = 0;

	for (unsigned i = 0; i < 2; i++) {
		int32_t s = half(a, i) + half(b, i);

		want |= (uint32_t)(s & 0xffff) << 16 * i;
		ge |= (s >= 0 ? 3u : 0) << 2 * i;
	}
	RUN2("sadd16", r, a, b, f);
	check("sadd16", r, want);
	check("sadd16 ge", f >> 16 & 15, ge);
	want = ge = 0;
	for (unsigned i = 0; i < 4; i++) {
		uint32_t s = (a >> 8 * i & 255) + (b >> 8 * i & 255);

		want |= (s & 255) << 8 * i;
		ge |= (s >= 256) << i;
	}
	RUN2("uadd8", r, a, b, f);
	check("uadd8", r, want);
	check("uadd8 ge", f >> 16 & 15, ge);
	want = ge = 0;
	for (unsigned i = 0; i < 4; i++) {
		int32_t s = (int32_t)(a >> 8 * i & 255) - (int32_t)(b >> 8 * i & 255);

		want |= (uint32_t)(s & 255) << 8 * i;
		ge |= (uint32_t)(s >= 0) << i;
	}
	RUN2("usub8", r, a, b, f);
	check("usub8", r, want);
	check("usub8 ge", f >> 16 & 15, ge);
	/* SEL right after: the maximum of unsigned bytes. */
	__asm__ volatile("usub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(r) : "r"(a), "r"(b) : "cc");
	want = 0;
	for (unsigned i = 0; i < 4; i++)
		want |= ((a >> 8 * i & 255) >= (b >> 8 * i & 255) ? a : b) & 255u << 8 * i;
	check("sel", r, want);
	want = 0;
	for (unsigned i = 0; i < 2; i++)
		want |= (uint32_t)(saturate(half(a, i) - half(b, i), 16, &q) & 0xffff) << 16 * i;
	RUN2("qsub16", r, a, b, f);
	check("qsub16", r, want);
	want = 0;
	for (unsigned i = 0; i < 4; i++)
		want |= (uint32_t)((byte(a, i) + byte(b, i)) >> 1 & 255) << 8 * i;
	RUN2("shadd8", r, a, b, f);
	check("shadd8", r, want);
	want = (uint32_t)((half(a, 0) - half(b, 1)) & 0xffff) | (uint32_t)(half(a, 1) + half(b, 0)) << 16;
	RUN2("sasx", r, a, b, f);
	check("sasx", r, want);
}

static void multiplies(uint32_t a, uint32_t b, uint32_t c)
{
	int64_t p0 = half(a, 0) * (int64_t)half(b, 0), p1 = half(a, 1) * (int64_t)half(b, 1);
	int64_t product = (int64_t)(int32_t)a * (int32_t)b;
	uint32_t r, f, lo, hi;

	RUN2("smuad", r, a, b, f);
	check("smuad", r, (uint32_t)(p0 + p1));
	check("smuad q", f >> 27 & 1, p0 + p1 != (int32_t)(p0 + p1));
	RUN2("smusd", r, a, b, f);
	check("smusd", r, (uint32_t)(p0 - p1));
	RUN3("smlad", r, a, b, c, f);
	check("smlad", r, (uint32_t)(p0 + p1 + (int32_t)c));
	check("smlad q", f >> 27 & 1, p0 + p1 + (int32_t)c != (int32_t)(p0 + p1 + (int32_t)c));
	RUN2("smulbt", r, a, b, f);
	check("smulbt", r, (uint32_t)(half(a, 0) * half(b, 1)));
	RUN3("smlatb", r, a, b, c, f);
	check("smlatb", r, (uint32_t)(half(a, 1) * half(b, 0)) + c);
	RUN2("smulwt", r, a, b, f);
	check("smulwt", r, (uint32_t)((int64_t)(int32_t)a * half(b, 1) >> 16));
	RUN2("smmul", r, a, b, f);
	check("smmul", r, (uint32_t)(product >> 32));
	RUN3("smmlar", r, a, b, c, f);
	check("smmlar", r, (uint32_t)((((uint64_t)c << 32) + (uint64_t)product + 0x80000000u) >> 32));
	lo = c, hi = a;
	__asm__ volatile("smlald %0, %1, %2, %3" : "+r"(lo), "+r"(hi) : "r"(a), "r"(b));
	uint64_t wide = ((uint64_t)a << 32 | c) + (uint64_t)(p0 + p1);
	check("smlald lo", lo, (uint32_t)wide);
	check("smlald hi", hi, (uint32_t)(wide >> 32));
	lo = c, hi = b;
	__asm__ volatile("umaal %0, %1, %2, %3" : "+r"(lo), "+r"(hi) : "r"(a), "r"(b));
	wide = (uint64_t)a * b + c + b;
	check("umaal", lo ^ hi * 3, (uint32_t)wide ^ (uint32_t)(wide >> 32) * 3);
}

static void packing(uint32_t a, uint32_t b)
{
	uint32_t r, f, want = 0;

	__asm__("pkhbt %0, %1, %2, lsl #7" : "=r"(r) : "r"(a), "r"(b));
	check("pkhbt", r, (a & 0xffff) | (b << 7 & 0xffff0000));
	__asm__("pkhtb %0, %1, %2, asr #9" : "=r"(r) : "r"(a), "r"(b));
	check("pkhtb", r, (a & 0xffff0000) | ((uint32_t)((int32_t)b >> 9) & 0xffff));
	__asm__("uxtab16 %0, %1, %2, ror #8" : "=r"(r) : "r"(a), "r"(b));
	check("uxtab16", r, ((a + (b >> 8 & 255)) & 0xffff) | ((a >> 16) + (b >> 24)) << 16);
	__asm__("sxtah %0, %1, %2, ror #16" : "=r"(r) : "r"(a), "r"(b));
	check("sxtah", r, a + (uint32_t)half(b, 1));
	__asm__("sxtb16 %0, %1" : "=r"(r) : "r"(a));
	check("sxtb16", r, (uint32_t)(byte(a, 0) & 0xffff) | (uint32_t)byte(a, 2) << 16);
	for (unsigned i = 0; i < 4; i++) {
		int32_t d = (int32_t)(a >> 8 * i & 255) - (int32_t)(b >> 8 * i & 255);

		want += (uint32_t)(d < 0 ? -d : d);
	}
	RUN2("usad8", r, a, b, f);
	check("usad8", r, want);
	__asm__("rev16 %0, %1" : "=r"(r) : "r"(a));
	check("rev16", r, (a & 0xff00ff) << 8 | (a >> 8 & 0xff00ff));
	__asm__("revsh %0, %1" : "=r"(r) : "r"(a));
	check("revsh", r, (uint32_t)(int16_t)((a & 255) << 8 | (a >> 8 & 255)));
}

int main(void)
{
	for (int i = 0; i < 20000; i++) {
		uint32_t a = next(), b = next(), c = next();

		saturating(a, b);
		parallel(a, b);
		multiplies(a, b, c);
		packing(a, b);
	}
	printf("wrong %u\n", wrong);
	return 0;
}
