/* 64-bit and 128-bit sums, products, shifts and comparisons: carry chains and long multiplies. */
#include <stdint.h>
#include <stdio.h>

static uint64_t state = 0x9e3779b97f4a7c15ull;

static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

/* Four 32-bit limbs, as a bignum library does it: the compiler uses ADCS chains. */
static void add128(uint32_t r[4], const uint32_t a[4], const uint32_t b[4])
{
	uint64_t carry = 0;

	for (int i = 0; i < 4; i++) {
		carry += (uint64_t)a[i] + b[i];
		r[i] = (uint32_t)carry;
		carry >>= 32;
	}
}

int main(void)
{
	uint64_t sum = 0;
	uint32_t limbs[4] = { 0 }, other[4];

	for (int i = 0; i < 5000; i++) {
		uint64_t a = next(), b = next();
		int64_t sa = (int64_t)a, sb = (int64_t)b;
		unsigned n = (unsigned)(b & 63);

		sum = sum * 3 + (a + b) - (a ^ b);
		sum += a * b;
		sum ^= a << n | a >> (63 - n);
		sum += (uint64_t)(sa >> n);
		sum += (a < b) + 2u * (sa < sb) + 4u * (sa <= -sb) + 8u * (a == b);
		sum ^= (uint64_t)(uint32_t)a * (uint32_t)b;
		sum += (uint64_t)((int64_t)(int32_t)a * (int32_t)b);
		sum -= (uint64_t)__builtin_popcountll(a) + (unsigned)__builtin_clzll(a | 1) +
		       (unsigned)__builtin_ctzll(b | 1ull << 60);
		sum ^= __builtin_bswap64(b);
		other[0] = (uint32_t)a, other[1] = (uint32_t)b, other[2] = (uint32_t)(a >> 32), other[3] = ~(uint32_t)a;
		add128(limbs, limbs, other);
		if (i % 1000 == 0)
			printf("%016llx\n", (unsigned long long)sum);
	}
	printf("%016llx %08x%08x%08x%08x\n", (unsigned long long)sum, (unsigned)limbs[3], (unsigned)limbs[2],
	       (unsigned)limbs[1], (unsigned)limbs[0]);
	return 0;
}
