/* Bit-field and bit-counting instructions, divides, wide moves and add-with-carry chains against C models. */
#include <stdint.h>
#include <stdio.h>

__asm__(".arch_extension idiv");

static unsigned wrong;

static void check(const char *op, uint32_t got, uint32_t right)
{
	if (got != right && wrong++ < 10)
		printf("%s: %08x, should be %08x\n", op, (unsigned)got, (unsigned)right);
}

#define FIELD(lsb, width)                                                                        \
	do {                                                                                     \
		const uint32_t mask = (width) == 32 ? ~0u : (1u << ((width) & 31)) - 1;          \
		uint32_t r;                                                                      \
		__asm__("ubfx %0, %1, #" #lsb ", #" #width : "=r"(r) : "r"(a));                  \
		check("ubfx " #lsb, r, a >> (lsb) & mask);                                       \
		__asm__("sbfx %0, %1, #" #lsb ", #" #width : "=r"(r) : "r"(a));                  \
		check("sbfx " #lsb, r, (uint32_t)((int32_t)(a << (32 - (lsb) - (width))) >> (32 - (width)))); \
		r = b;                                                                           \
		__asm__("bfi %0, %1, #" #lsb ", #" #width : "+r"(r) : "r"(a));                   \
		check("bfi " #lsb, r, (b & ~(mask << (lsb))) | (a & mask) << (lsb));             \
		r = b;                                                                           \
		__asm__("bfc %0, #" #lsb ", #" #width : "+r"(r));                                \
		check("bfc " #lsb, r, b & ~(mask << (lsb)));                                     \
	} while (0)

static void fields(uint32_t a, uint32_t b)
{
	FIELD(0, 1);
	FIELD(0, 32);
	FIELD(31, 1);
	FIELD(7, 13);
	FIELD(16, 16);
	FIELD(3, 28);
}

static uint32_t reversed(uint32_t x)
{
	uint32_t r = 0;

	for (int i = 0; i < 32; i++)
		r |= (x >> i & 1) << (31 - i);
	return r;
}

static void counts_and_divides(uint32_t a, uint32_t b)
{
	int32_t sa = (int32_t)a, sb = (int32_t)b;
	uint32_t r;

	__asm__("rbit %0, %1" : "=r"(r) : "r"(a));
	check("rbit", r, reversed(a));
	__asm__("clz %0, %1" : "=r"(r) : "r"(a));
	check("clz", r, a ? (uint32_t)__builtin_clz(a) : 32);
	__asm__("udiv %0, %1, %2" : "=r"(r) : "r"(a), "r"(b));
	check("udiv", r, b ? a / b : 0);
	__asm__("sdiv %0, %1, %2" : "=r"(r) : "r"(a), "r"(b));
	check("sdiv", r, b == 0 ? 0 : a == 0x80000000 && sb == -1 ? a : (uint32_t)(sa / sb));
	__asm__("mls %0, %1, %2, %3" : "=r"(r) : "r"(a), "r"(b), "r"(a ^ 5));
	check("mls", r, (a ^ 5) - a * b);
	r = a;
	__asm__("movt %0, #0xbeef" : "+r"(r));
	check("movt", r, 0xbeef0000 | (a & 0xffff));
	__asm__("movw %0, #0xcafe" : "=r"(r));
	check("movw", r, 0xcafe);
}

static void carries(uint32_t a, uint32_t b, uint32_t c)
{
	uint64_t x = (uint64_t)b << 32 | a, y = (uint64_t)a << 32 | c, sum = x + y, difference = x - y;
	uint32_t lo, hi, f;

	__asm__("adds %0, %3, %5\n\tadcs %1, %4, %6\n\tmrs %2, APSR"
		: "=&r"(lo), "=&r"(hi), "=&r"(f) : "r"(a), "r"(b), "r"(c), "r"(a) : "cc");
	check("adds", lo, (uint32_t)sum);
	check("adcs", hi, (uint32_t)(sum >> 32));
	check("adcs c", f >> 29 & 1, sum < x);
	check("adcs v", f >> 28 & 1, (uint32_t)(((x ^ sum) & (y ^ sum)) >> 63));
	__asm__("subs %0, %3, %5\n\tsbcs %1, %4, %6\n\tmrs %2, APSR"
		: "=&r"(lo), "=&r"(hi), "=&r"(f) : "r"(a), "r"(b), "r"(c), "r"(a) : "cc");
	check("subs", lo, (uint32_t)difference);
	check("sbcs", hi, (uint32_t)(difference >> 32));
	check("sbcs c", f >> 29 & 1, x >= y);
	check("sbcs n", f >> 31, (uint32_t)(difference >> 63));
	__asm__("rsbs %0, %2, #0\n\tmrs %1, APSR" : "=&r"(lo), "=&r"(f) : "r"(a) : "cc");
	check("rsbs", lo, -a);
	check("rsbs c", f >> 29 & 1, a == 0);
}

int main(void)
{
	static const uint32_t edges[] = { 0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff };
	uint32_t x = 88675123;

	for (int i = 0; i < 6; i++)
		for (int j = 0; j < 6; j++) {
			fields(edges[i], edges[j]);
			counts_and_divides(edges[i], edges[j]);
			carries(edges[i], edges[j], edges[(i + j) % 6]);
		}
	for (int i = 0; i < 20000; i++) {
		uint32_t a, b;

		x = x * 1664525 + 1013904223;
		a = x ^ x >> 15;
		x = x * 1664525 + 1013904223;
		b = (x ^ x >> 13) >> (i & 31);
		fields(a, b);
		counts_and_divides(a, b);
		carries(a, b, a * b);
	}
	printf("wrong %u\n", wrong);
	return 0;
}
