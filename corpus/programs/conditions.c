/*
 * All fourteen conditions under all sixteen settings of N, Z, C, V, as predicated A32 instructions and in T32
 * IT blocks, checked against the definition of each condition. Flags are set through APSR.
 */
#include <stdint.h>
#include <stdio.h>

static int holds(unsigned cond, unsigned nzcv)
{
	int n = nzcv >> 3 & 1, z = nzcv >> 2 & 1, c = nzcv >> 1 & 1, v = nzcv & 1;
	int base[8] = { z, c, n, v, c && !z, n == v, n == v && !z, 1 };

	return base[cond >> 1] ^ (int)(cond & 1);
}

/* One asm block runs all conditions: bit i of the result is set when condition i held. */
#define TRY(cond, bit) "it " cond "\n\t" "orr" cond " %0, %0, #" bit "\n\t"

static uint32_t held_moves(uint32_t apsr)
{
	uint32_t r = 0;

	__asm__ volatile(".syntax unified\n\t"
			 "msr APSR_nzcvq, %1\n\t"
			 TRY("eq", "1") TRY("ne", "2") TRY("cs", "4") TRY("cc", "8") TRY("mi", "16")
			 TRY("pl", "32") TRY("vs", "64") TRY("vc", "128") TRY("hi", "256") TRY("ls", "512")
			 TRY("ge", "1024") TRY("lt", "2048") TRY("gt", "4096") TRY("le", "8192")
			 : "+r"(r) : "r"(apsr) : "cc");
	return r;
}

#define BRANCH(cond, bit) "b" cond " 1f\n\t" "eor %0, %0, #" bit "\n" "1:\n\t"

static uint32_t held_branches(uint32_t apsr)
{
	uint32_t r = 16383;	/* every branch not taken clears its bit */

	__asm__ volatile(".syntax unified\n\t"
			 "msr APSR_nzcvq, %1\n\t"
			 BRANCH("eq", "1") BRANCH("ne", "2") BRANCH("cs", "4") BRANCH("cc", "8") BRANCH("mi", "16")
			 BRANCH("pl", "32") BRANCH("vs", "64") BRANCH("vc", "128") BRANCH("hi", "256")
			 BRANCH("ls", "512") BRANCH("ge", "1024") BRANCH("lt", "2048") BRANCH("gt", "4096")
			 BRANCH("le", "8192")
			 : "+r"(r) : "r"(apsr) : "cc");
	return r;
}

/* Compare and branch, the way compilers ask: operands chosen to reach every flag setting. */
static unsigned compare_mismatches(void)
{
	static const volatile int32_t v[] = { 0, 1, -1, 2, 0x7fffffff, (int32_t)0x80000000, -2, 100 };
	unsigned wrong = 0;

	for (int i = 0; i < 8; i++)
		for (int j = 0; j < 8; j++) {
			int32_t a = v[i], b = v[j];
			int64_t difference = (int64_t)a - b;
			uint32_t flags, ua = (uint32_t)a, ub = (uint32_t)b;

			__asm__ volatile("cmp %1, %2\n\tmrs %0, APSR" : "=r"(flags) : "r"(a), "r"(b) : "cc");
			wrong += (flags >> 31) != ((ua - ub) >> 31);
			wrong += (flags >> 30 & 1) != (a == b);
			wrong += (flags >> 29 & 1) != (ua >= ub);
			wrong += (flags >> 28 & 1) != (difference != (int32_t)difference);
			__asm__ volatile("cmn %1, %2\n\tmrs %0, APSR" : "=r"(flags) : "r"(a), "r"(b) : "cc");
			wrong += (flags >> 29 & 1) != ((uint64_t)ua + ub) >> 32;
			wrong += (flags >> 28 & 1) != ((int64_t)a + b != (int32_t)((int64_t)a + b));
		}
	return wrong;
}

int main(void)
{
	unsigned wrong = 0;

	for (uint32_t nzcv = 0; nzcv < 16; nzcv++) {
		uint32_t want = 0;

		for (unsigned cond = 0; cond < 14; cond++)
			want |= (uint32_t)holds(cond, nzcv) << cond;
		wrong += held_moves(nzcv << 28) != want;
		wrong += held_branches(nzcv << 28) != want;
		printf("%x %04x\n", (unsigned)nzcv, (unsigned)held_moves(nzcv << 28));
	}
	printf("wrong %u, compares wrong %u\n", wrong, compare_mismatches());
	return 0;
}
