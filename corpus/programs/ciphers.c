/*
 * ARMv8's instructions for ciphers, digests and checksums, and for rounding, as compilers use them: the standards' own
 * examples (FIPS 197, FIPS 180-4, the check values of both CRCs), then long chains that depend on every step.
 */
#include <arm_acle.h>
#include <arm_neon.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ROUNDS 2000

static void print_bytes(const char *what, const void *bytes, int count)
{
	printf("%s ", what);
	for (int i = 0; i < count; i++)
		printf("%02x", ((const uint8_t *)bytes)[i]);
	printf("\n");
}

/* --- AES-128 ---------------------------------------------------------------------------------------- */

static uint8_t substitute(uint8_t x)
{
	/* A column of equal bytes is not moved by ShiftRows. */
	return vgetq_lane_u8(vaeseq_u8(vdupq_n_u8(x), vdupq_n_u8(0)), 0);
}

static void expand(const uint8_t key[16], uint8x16_t round[11])
{
	uint8_t w[176], rcon = 1;

	memcpy(w, key, 16);
	for (int i = 16; i < 176; i += 4) {
		uint8_t t[4];

		memcpy(t, w + i - 4, 4);
		if (i % 16 == 0) {
			uint8_t first = t[0];

			t[0] = substitute(t[1]) ^ rcon;
			t[1] = substitute(t[2]);
			t[2] = substitute(t[3]);
			t[3] = substitute(first);
			rcon = rcon << 1 ^ (rcon >> 7) * 0x1b;
		}
		for (int k = 0; k < 4; k++)
			w[i + k] = w[i + k - 16] ^ t[k];
	}
	for (int i = 0; i < 11; i++)
		round[i] = vld1q_u8(w + 16 * i);
}

static uint8x16_t encrypt(uint8x16_t x, const uint8x16_t key[11])
{
	for (int i = 0; i < 9; i++)
		x = vaesmcq_u8(vaeseq_u8(x, key[i]));
	return veorq_u8(vaeseq_u8(x, key[9]), key[10]);
}

static uint8x16_t decrypt(uint8x16_t x, const uint8x16_t key[11])
{
	x = vaesdq_u8(x, key[10]);
	for (int i = 9; i > 0; i--)
		x = vaesdq_u8(vaesimcq_u8(x), vaesimcq_u8(key[i]));
	return veorq_u8(x, key[0]);
}

static void aes(void)
{
	uint8_t bytes[16];
	uint8x16_t key[11], x;

	for (int i = 0; i < 16; i++)
		bytes[i] = i;
	expand(bytes, key);
	for (int i = 0; i < 16; i++)
		bytes[i] = 0x11 * i;
	x = encrypt(vld1q_u8(bytes), key);
	print_bytes("aes", &x, 16);
	x = decrypt(x, key);
	print_bytes("back", &x, 16);
	for (int i = 0; i < ROUNDS; i++)
		x = encrypt(x, key);
	print_bytes("chain", &x, 16);
	for (int i = 0; i < ROUNDS; i++)
		x = decrypt(x, key);
	print_bytes("back", &x, 16);
}

/* --- SHA: one block --------------------------------------------------------------------------------- */

static void schedule(uint32_t block[16])
{
	uint8_t text[64] = "abc\x80";

	text[63] = 24;
	for (int i = 0; i < 16; i++)
		block[i] = (uint32_t)text[4 * i] << 24 | text[4 * i + 1] << 16 | text[4 * i + 2] << 8 | text[4 * i + 3];
}

static void sha1_block(uint32x4_t *abcd, uint32_t *e, const uint32_t block[16])
{
	static const uint32_t k[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
	uint32x4_t w[4], x = *abcd;
	uint32_t y = *e;

	for (int i = 0; i < 4; i++)
		w[i] = vld1q_u32(block + 4 * i);
	for (int i = 0; i < 20; i++) {
		uint32x4_t wk = vaddq_u32(w[i % 4], vdupq_n_u32(k[i / 5]));
		uint32_t next = vsha1h_u32(vgetq_lane_u32(x, 0));

		x = i < 5 ? vsha1cq_u32(x, y, wk) : i >= 10 && i < 15 ? vsha1mq_u32(x, y, wk) : vsha1pq_u32(x, y, wk);
		y = next;
		w[i % 4] = vsha1su1q_u32(vsha1su0q_u32(w[i % 4], w[(i + 1) % 4], w[(i + 2) % 4]), w[(i + 3) % 4]);
	}
	*abcd = vaddq_u32(*abcd, x);
	*e += y;
}

/* The constants are the first bits behind the point of the cube roots of the primes. */
static uint32_t cube_root_bits(uint32_t prime)
{
	double root = cbrt(prime);

	return (uint32_t)((root - floor(root)) * 4294967296.0);
}

static void sha256_block(uint32x4_t state[2], const uint32_t block[16], const uint32_t k[64])
{
	uint32x4_t w[4], abcd = state[0], efgh = state[1];

	for (int i = 0; i < 4; i++)
		w[i] = vld1q_u32(block + 4 * i);
	for (int i = 0; i < 16; i++) {
		uint32x4_t wk = vaddq_u32(w[i % 4], vld1q_u32(k + 4 * i)), old = abcd;

		abcd = vsha256hq_u32(abcd, efgh, wk);
		efgh = vsha256h2q_u32(efgh, old, wk);
		w[i % 4] = vsha256su1q_u32(vsha256su0q_u32(w[i % 4], w[(i + 1) % 4]), w[(i + 2) % 4], w[(i + 3) % 4]);
	}
	state[0] = vaddq_u32(state[0], abcd);
	state[1] = vaddq_u32(state[1], efgh);
}

static void sha(void)
{
	static const uint32_t first1[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
	static const uint32_t first2[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	uint32_t block[16], e = first1[4], k[64];
	uint32x4_t abcd = vld1q_u32(first1), state[2] = {vld1q_u32(first2), vld1q_u32(first2 + 4)};
	int count = 0;

	schedule(block);
	for (uint32_t n = 2; count < 64; n++) {
		uint32_t d = 2;

		while (d * d <= n && n % d)
			d++;
		if (d * d > n)
			k[count++] = cube_root_bits(n);
	}
	sha1_block(&abcd, &e, block);
	for (int i = 0; i < 4; i++)
		printf("%s%08x", i ? "" : "sha1 ", abcd[i]);
	printf("%08x\n", e);
	sha256_block(state, block, k);
	for (int i = 0; i < 8; i++)
		printf("%s%08x", i ? "" : "sha256 ", state[i / 4][i % 4]);
	for (int i = 0; i < ROUNDS; i++) {
		sha1_block(&abcd, &e, block);
		sha256_block(state, block, k);
		vst1q_u32(block, veorq_u32(abcd, state[i & 1]));
	}
	printf("\nchains %08x %08x %08x\n", abcd[0] ^ abcd[3], e, state[0][1] ^ state[1][2]);
}

/* --- checksums and products ------------------------------------------------------------------------- */

static void crc(void)
{
	static const char text[] = "123456789";
	uint32_t a = ~0u, c = ~0u;

	for (int i = 0; i < 9; i++) {
		a = __crc32b(a, text[i]);
		c = __crc32cb(c, text[i]);
	}
	printf("crc32 %08x crc32c %08x\n", ~a, ~c);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		a = __crc32w(__crc32h(a, i), c);
		c = __crc32cw(__crc32ch(c, a), i);
	}
	printf("chains %08x %08x\n", a, c);
}

static void products(void)
{
	uint64_t x = 0x87;

	for (int i = 0; i < ROUNDS; i++) {
		poly128_t p = vmull_p64((poly64_t)x, (poly64_t)(0x9e3779b97f4a7c15u + i));
		uint64x2_t both = vreinterpretq_u64_p128(p);

		x = (vgetq_lane_u64(both, 0) ^ vgetq_lane_u64(both, 1)) + i;
	}
	printf("products %016llx\n", (unsigned long long)x);
}

/* --- rounding --------------------------------------------------------------------------------------- */

static int32x4_t nearest_away(float32x4_t x)
{
	int32x4_t result;

	__asm__("vcvta.s32.f32 %q0, %q1" : "=w"(result) : "w"(x));
	return result;
}

static int32x4_t upward(float32x4_t x)
{
	int32x4_t result;

	__asm__("vcvtp.s32.f32 %q0, %q1" : "=w"(result) : "w"(x));
	return result;
}

static void rounding(void)
{
	float32x4_t x = {-2.5f, 0.49999997f, 3.5f, -0.75f}, sum = vdupq_n_f32(0);
	int32x4_t whole = vdupq_n_s32(0);

	for (int i = 0; i < ROUNDS; i++) {
		sum = vaddq_f32(sum, vmaxnmq_f32(vrndnq_f32(x), vminnmq_f32(vrndaq_f32(x), vrndmq_f32(x))));
		whole = vaddq_s32(whole, vaddq_s32(nearest_away(x), upward(x)));
		x = vaddq_f32(x, vdupq_n_f32(0.375f));
	}
	printf("rounding %.1f %.1f %.1f %.1f", sum[0], sum[1], sum[2], sum[3]);
	printf(" %d %d %d %d\n", whole[0], whole[1], whole[2], whole[3]);
}

int main(void)
{
	aes();
	sha();
	crc();
	products();
	rounding();
	return 0;
}
