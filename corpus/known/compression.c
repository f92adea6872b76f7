/*
 * zlib: checksums of which the values are published (RFC 1950's Adler-32, CRC-32 of "123456789"), of drawn bytes at every
 * alignment and many lengths against bit-by-bit loops, and what each level makes of a text and gives back.
 */
#include "known.h"

enum { SIZE = 60000 };

static unsigned char text[SIZE], packed[2 * SIZE], again[SIZE];
static void *zlib;

typedef unsigned long sum_fn(unsigned long, const unsigned char *, unsigned);
typedef int pack_fn(unsigned char *, unsigned long *, const unsigned char *, unsigned long, int);
typedef int unpack_fn(unsigned char *, unsigned long *, const unsigned char *, unsigned long);

static uint32_t crc_by_bits(const unsigned char *p, unsigned n)
{
	uint32_t crc = ~0u;

	while (n--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static uint32_t adler_by_bytes(const unsigned char *p, unsigned n)
{
	uint32_t a = 1, b = 0;

	while (n--) {
		a = (a + *p++) % 65521;
		b = (b + a) % 65521;
	}
	return b << 16 | a;
}

static void sums(void)
{
	sum_fn *crc = function(zlib, "crc32"), *adler = function(zlib, "adler32");
	unsigned wrong = 0, tried = 0;

	printf("crc32 %08lx\n", crc(0, (const unsigned char *)"123456789", 9));
	printf("adler32 %08lx\n", adler(1, (const unsigned char *)"Wikipedia", 9));
	for (unsigned at = 0; at < 17; at++)
		for (unsigned n = 0; n < 6000; n += n < 70 ? 1 : 997, tried++) {
			wrong += crc(0, text + at, n) != crc_by_bits(text + at, n);
			wrong += adler(1, text + at, n) != adler_by_bytes(text + at, n);
		}
	printf("sums: %u of %u wrong\n", wrong, 2 * tried);
}

static void levels(void)
{
	pack_fn *pack = function(zlib, "compress2");
	unpack_fn *unpack = function(zlib, "uncompress");

	for (int level = 0; level < 10; level++) {
		unsigned long size = sizeof(packed), back = SIZE;
		int a = pack(packed, &size, text, SIZE, level), b = unpack(again, &back, packed, size);

		printf("level %d: %d %d, %lu bytes, %016llx, %s\n", level, a, b, size,
		       (unsigned long long)hashed(HASH_START, packed, size),
		       back == SIZE && !memcmp(text, again, SIZE) ? "the same" : "another");
		packed[size / 2] ^= 0x10;
		printf("damaged: %d\n", unpack(again, &back, packed, size));
	}
}

int main(void)
{
	uint64_t seed = 7;

	zlib = library("libz.so.1");
	for (unsigned i = 0; i < SIZE; i++) {	/* words of few letters, repeated at random distances, and noise */
		uint64_t r = drawn(&seed);

		text[i] = i > 300 && r % 8 < 6 ? text[i - 1 - r / 8 % 300] : (unsigned char)("etaoin shrdlu"[r / 8 % 13] ^ (r % 64 ? 0 : r >> 56));
	}
	sums();
	levels();
	return 0;
}
