/*
 * GMP, whose inner loops for ARM are assembly (UMAAL, NEON): products, quotients, powers modulo a prime, common divisors
 * and roots of drawn numbers of many lengths, with the laws that bind them, and a factorial of which the end is known.
 */
#include "known.h"

enum { ROUNDS = 60 };

/* As gmp.h has it on both machines: two ints and a pointer. */
typedef struct {
	int room, size;
	void *limbs;
} number[1];

static void *gmp;
static void (*set)(number, size_t, int, size_t, int, size_t, const void *);
static unsigned wrong, tried;

#define GMP(type, name) ((type)function(gmp, "__gmpz_" #name))
typedef void three_fn(number, const number, const number);
typedef void four_fn(number, const number, const number, const number);
typedef int compare_fn(const number, const number);
typedef char *text_fn(char *, int, const number);

static void check(int good)
{
	wrong += !good;
	tried++;
}

static void draw(number n, uint64_t *seed, unsigned bytes)
{
	unsigned char data[4096];

	for (unsigned i = 0; i < bytes; i++) {
		uint64_t r = drawn(seed);

		data[i] = r % 16 < 4 ? 0xff : r % 16 < 8 ? 0 : (unsigned char)(r >> 8);
	}
	data[0] |= 1;
	data[bytes - 1] |= 1;
	/* Byte by byte, so that limbs of 32 and of 64 bits hold the same number. */
	set(n, bytes, -1, 1, 0, 0, data);
}

static uint64_t shown(const number n)
{
	text_fn *text = GMP(text_fn *, get_str);
	char *digits = text(NULL, 10, n);
	uint64_t hash = hashed(HASH_START, digits, strlen(digits));

	free(digits);
	return hash;
}

static void laws(number *n, uint64_t *seed, unsigned bytes)
{
	three_fn *mul = GMP(three_fn *, mul), *add = GMP(three_fn *, add), *gcd = GMP(three_fn *, gcd);
	four_fn *divide = GMP(four_fn *, tdiv_qr), *power = GMP(four_fn *, powm);
	compare_fn *compare = GMP(compare_fn *, cmp);

	draw(n[0], seed, bytes);
	draw(n[1], seed, 1 + bytes / 2);
	draw(n[2], seed, 1 + bytes / 3);
	mul(n[3], n[0], n[1]);
	add(n[4], n[3], n[2]);
	divide(n[5], n[6], n[4], n[0]);	/* the quotient is n1, the rest n2, which is less than n0 */
	check(bytes < 8 || (compare(n[5], n[1]) == 0 && compare(n[6], n[2]) == 0));
	gcd(n[7], n[3], n[0]);
	check(compare(n[7], n[0]) == 0);
	mul(n[4], n[3], n[3]);
	((void (*)(number, const number))function(gmp, "__gmpz_sqrt"))(n[5], n[4]);
	check(compare(n[5], n[3]) == 0);
	if (bytes < 200)
		power(n[4], n[1], n[2], n[0]);
	printf("%u %016llx %016llx\n", bytes, (unsigned long long)shown(n[3]), (unsigned long long)shown(n[4]));
}

int main(void)
{
	number n[8];
	uint64_t seed = 11;

	gmp = library("libgmp.so.10");
	set = function(gmp, "__gmpz_import");
	for (int i = 0; i < 8; i++)
		((void (*)(number))function(gmp, "__gmpz_init"))(n[i]);
	for (unsigned i = 0, bytes = 1; i < ROUNDS; i++, bytes += 1 + bytes / 10)
		laws(n, &seed, bytes);
	((void (*)(number, unsigned long))function(gmp, "__gmpz_fac_ui"))(n[0], 2000);
	printf("2000! %016llx, divisible by 2^1994: %d\n", (unsigned long long)shown(n[0]),
	       ((unsigned long (*)(const number, unsigned long))function(gmp, "__gmpz_scan1"))(n[0], 0) == 1994);
	printf("%u of %u wrong\n", wrong, tried);
	return 0;
}
