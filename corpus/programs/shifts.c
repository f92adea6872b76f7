/* Every shift by every amount, immediate and by register, with its carry; RRX; the operand's edge cases. */
#include <stdint.h>
#include <stdio.h>

struct result {
	uint32_t value, carry;
};

/* The manual's shift with carry for amounts 0 to 255 taken from a register. */
static struct result want(unsigned kind, uint32_t x, unsigned n, uint32_t carry)
{
	uint64_t wide = x;

	if (n == 0)
		return (struct result){ x, carry };
	switch (kind) {
	case 0:
		return n > 32 ? (struct result){ 0, 0 } : (struct result){ (uint32_t)(wide << n), wide << n >> 32 & 1 };
	case 1:
		return n > 32 ? (struct result){ 0, 0 } : (struct result){ (uint32_t)(wide >> n), wide >> (n - 1) & 1 };
	case 2:
		if (n > 31)
			return (struct result){ x >> 31 ? ~0u : 0, x >> 31 };
		return (struct result){ (uint32_t)((int32_t)x >> n), x >> (n - 1) & 1 };
	default:
		n &= 31;
		if (n)
			x = x >> n | x << (32 - n);
		return (struct result){ x, x >> 31 };
	}
}

#define BY_REGISTER(op)                                                                          \
	__asm__ volatile("msr APSR_nzcvq, %4\n\t" op " %0, %2, %3\n\tmrs %1, APSR"               \
			 : "=&r"(got.value), "=&r"(flags) : "r"(x), "r"(n), "r"(carry << 29) : "cc")

static struct result by_register(unsigned kind, uint32_t x, uint32_t n, uint32_t carry)
{
	struct result got;
	uint32_t flags;

	switch (kind) {
	case 0: BY_REGISTER("lsls"); break;
	case 1: BY_REGISTER("lsrs"); break;
	case 2: BY_REGISTER("asrs"); break;
	default: BY_REGISTER("rors"); break;
	}
	got.carry = flags >> 29 & 1;
	return got;
}

#define BY_IMMEDIATE(form)                                                                       \
	do {                                                                                     \
		uint32_t r, f;                                                                   \
		__asm__ volatile("msr APSR_nzcvq, %3\n\tmovs %0, %2, " form "\n\tmrs %1, APSR"   \
				 : "=&r"(r), "=&r"(f) : "r"(x), "r"(carry << 29) : "cc");        \
		sum = (sum * 31 + r) * 3 + (f >> 28);                                            \
	} while (0)

static uint32_t by_immediate(uint32_t x, uint32_t carry)
{
	uint32_t sum = 0;

	BY_IMMEDIATE("lsl #1");
	BY_IMMEDIATE("lsl #31");
	BY_IMMEDIATE("lsr #1");
	BY_IMMEDIATE("lsr #32");
	BY_IMMEDIATE("asr #7");
	BY_IMMEDIATE("asr #32");
	BY_IMMEDIATE("ror #1");
	BY_IMMEDIATE("ror #16");
	BY_IMMEDIATE("rrx");
	return sum;
}

int main(void)
{
	static const uint32_t values[] = { 0, 1, 0x80000000, 0x7fffffff, 0xffffffff, 0x12345678, 0xfedcba98 };
	static const char *const names[] = { "lsl", "lsr", "asr", "ror" };

	for (unsigned kind = 0; kind < 4; kind++) {
		unsigned wrong = 0;

		for (unsigned i = 0; i < 7; i++)
			for (uint32_t n = 0; n < 256; n++)
				for (uint32_t carry = 0; carry < 2; carry++) {
					/* Only the low byte of the register counts. */
					struct result got = by_register(kind, values[i], n | 0xa500, carry);
					struct result right = want(kind, values[i], n, carry);

					wrong += got.value != right.value || got.carry != right.carry;
				}
		printf("%s wrong %u\n", names[kind], wrong);
	}
	for (unsigned i = 0; i < 7; i++)
		printf("immediate %08x %08x\n", (unsigned)by_immediate(values[i], 0),
		       (unsigned)by_immediate(values[i], 1));
	return 0;
}
