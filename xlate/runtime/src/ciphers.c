/*
 * The operations of ciphers.py without the host's instructions, from the standards (FIPS 180-4, FIPS 197). Operands stand
 * in slots of sixteen bytes, then the fixed parameters, each in a slot; the result goes into the first. AES looks its
 * bytes up in tables, so its time depends on them: hosts without AES instructions are old.
 */
#include "ciphers.h"

#include "fp_exact.h"
#include "gen/ciphers.h"
#include "string.h"
#include "thread.h"

#define CPUID_FEATURES 1
#define CPUID_EXTENDED 7
#define ECX_PCLMULQDQ (1u << 1)
#define ECX_SSE4_2 (1u << 20)
#define ECX_AES (1u << 25)
#define EBX_SHA (1u << 29)

#define CRC32_REVERSED 0xedb88320u
#define CRC32C_REVERSED 0x82f63b78u

union slot {
	u64 d[2];
	u32 w[4];
	u8 b[16];
};

void ciphers_entry(void);	       /* host/x86_64/ciphers.S: keeps all registers around ciphers_run() */
void ciphers_run(union slot *s, u32 number);

static struct ciphers known = {.instead = ciphers_entry, .exact = fp_exact_entry};
static bool withheld;
static u8 aes_box[2][256];

/* --- polynomials over {0, 1} ------------------------------------------------------------------------ */

static void carryless_product(union slot *s)
{
	u64 a = s[0].d[0], b = s[1].d[0], low = 0, high = 0;

	for (u32 i = 0; i < 64; i++) {
		u64 there = -(b >> i & 1);

		low ^= a << i & there;
		high ^= a >> 1 >> (63 - i) & there;
	}
	s[0].d[0] = low;
	s[0].d[1] = high;
}

static void checksum(union slot *s)
{
	u32 bits = s[2].w[0], polynomial = s[3].w[0] ? CRC32C_REVERSED : CRC32_REVERSED;
	u32 crc = s[0].w[0] ^ (s[1].w[0] & (u32)((1ull << bits) - 1));

	for (u32 i = 0; i < bits; i++)
		crc = crc >> 1 ^ (polynomial & -(crc & 1));
	s[0].w[0] = crc;
}

/* --- AES -------------------------------------------------------------------------------------------- */

static u8 aes_double(u8 x)
{
	return (u8)(x << 1 ^ (x >> 7) * 0x1b);
}

static u8 aes_product(u8 x, u8 y)
{
	u8 sum = 0;

	for (; y; y >>= 1, x = aes_double(x))
		if (y & 1)
			sum ^= x;
	return sum;
}

/* Powers of 3 are all numbers but 0: as p goes up, q goes down, so q is the inverse of p. */
static void fill_boxes(void)
{
	u8 p = 1, q = 1;

	aes_box[0][0] = 0x63;
	do {
		u8 turned = 0;

		p ^= aes_double(p);
		q = aes_product(q, 0xf6); /* the inverse of 3 */
		for (u32 i = 0; i < 5; i++)
			turned ^= (u8)(q << i | q >> (8 - i));
		aes_box[0][p] = turned ^ 0x63;
	} while (p != 1);
	for (u32 i = 0; i < 256; i++)
		aes_box[1][aes_box[0][i]] = (u8)i;
}

static void aes_substitute(union slot *s)
{
	bool inverse = s[1].w[0];
	union slot old = s[0];

	for (u32 i = 0; i < 16; i++)
		s[0].b[i] = aes_box[inverse][old.b[(i + (inverse ? 12 : 4) * (i % 4)) % 16]];
}

static u32 left(u32 x, u32 n)
{
	return x << n | x >> (32 - n);
}

/* Each of four bytes times x. */
static u32 doubled(u32 column)
{
	return (column & 0x7f7f7f7f) << 1 ^ (column >> 7 & 0x01010101) * 0x1b;
}

/* The inverse is a product of MixColumns and a column of 5 0 4 0. */
static void aes_mix(union slot *s)
{
	bool inverse = s[1].w[0];

	for (u32 i = 0; i < 4; i++) {
		u32 c = s[0].w[i];

		if (inverse)
			c ^= doubled(doubled(c ^ left(c, 16)));
		s[0].w[i] = doubled(c ^ left(c, 24)) ^ left(c, 24) ^ left(c, 16) ^ left(c, 8);
	}
}

/* --- SHA -------------------------------------------------------------------------------------------- */

static u32 choose(u32 x, u32 y, u32 z)
{
	return ((y ^ z) & x) ^ z;
}

static u32 majority(u32 x, u32 y, u32 z)
{
	return (x & y) | ((x | y) & z);
}

static void sha1_rounds(union slot *s)
{
	u32 kind = s[3].w[0], e = s[1].w[0], *v = s[0].w;

	for (u32 i = 0; i < 4; i++) {
		u32 mixed = kind == 0 ? choose(v[1], v[2], v[3]) :
			    kind == 1 ? v[1] ^ v[2] ^ v[3] :
					majority(v[1], v[2], v[3]);
		u32 next = e + left(v[0], 5) + mixed + s[2].w[i];

		e = v[3];
		v[3] = v[2];
		v[2] = left(v[1], 30);
		v[1] = v[0];
		v[0] = next;
	}
}

static void sha256_rounds(union slot *s)
{
	u32 *x = s[0].w, *y = s[1].w;

	for (u32 i = 0; i < 4; i++) {
		u32 first = y[3] + (left(y[0], 26) ^ left(y[0], 21) ^ left(y[0], 7)) + choose(y[0], y[1], y[2]) + s[2].w[i];
		u32 second = first + (left(x[0], 30) ^ left(x[0], 19) ^ left(x[0], 10)) + majority(x[0], x[1], x[2]);

		y[3] = y[2], y[2] = y[1], y[1] = y[0], y[0] = x[3] + first;
		x[3] = x[2], x[2] = x[1], x[1] = x[0], x[0] = second;
	}
	if (s[3].w[0])
		s[0] = s[1];
}

/* --- what the host has ------------------------------------------------------------------------------ */

void ciphers_run(union slot *s, u32 number)
{
	static void (*const functions[])(union slot *) = {
		[CIPHERS_AES] = aes_substitute, [CIPHERS_AES_MIX] = aes_mix, [CIPHERS_CLMUL] = carryless_product,
		[CIPHERS_CRC32] = checksum,	[CIPHERS_SHA1] = sha1_rounds, [CIPHERS_SHA256] = sha256_rounds,
	};

	functions[number](s);
}

static void cpuid(u32 leaf, u32 *ebx, u32 *ecx)
{
	u32 eax = leaf, edx;

	*ecx = 0;
	__asm__("cpuid" : "+a"(eax), "=b"(*ebx), "+c"(*ecx), "=d"(edx));
	if (!leaf)
		*ecx = eax; /* the greatest leaf */
}

static u32 host_features(void)
{
	u32 ebx, ecx, most, features = 0;

	cpuid(0, &ebx, &most);
	cpuid(CPUID_FEATURES, &ebx, &ecx);
	features |= ecx & ECX_AES ? CIPHERS_HAVE_AES : 0;
	features |= ecx & ECX_PCLMULQDQ ? CIPHERS_HAVE_CLMUL : 0;
	features |= ecx & ECX_SSE4_2 ? CIPHERS_HAVE_CRC32C : 0;
	if (most >= CPUID_EXTENDED) {
		cpuid(CPUID_EXTENDED, &ebx, &ecx);
		features |= ebx & EBX_SHA ? CIPHERS_HAVE_SHA : 0;
	}
	return features;
}

void ciphers_withhold(void)
{
	withheld = true;
}

void ciphers_attach(struct thread *t)
{
	known.features = withheld ? 0 : host_features();
	if (!(known.features & CIPHERS_HAVE_AES))
		fill_boxes();
	t->cpu.host = (u64)&known;
}
