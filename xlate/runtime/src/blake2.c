/*
 * BLAKE2b-256 as RFC 7693 has it, for little-endian hosts. The last block is kept back until the end, since it is
 * compressed in another way.
 */
#include "blake2.h"

#include "string.h"

#define ROUNDS 12

static const u64 IV[8] = {
	0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
	0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

/* Which word of the block a step takes; rounds 10 and 11 are 0 and 1 again. */
static const u8 SIGMA[10][16] = {
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
	{11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
	{9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
	{12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
	{6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

static inline u64 rotate_right(u64 x, int n)
{
	return x >> n | x << (64 - n);
}

static inline void mix(u64 *a, u64 *b, u64 *c, u64 *d, u64 x, u64 y)
{
	*a += *b + x;
	*d = rotate_right(*d ^ *a, 32);
	*c += *d;
	*b = rotate_right(*b ^ *c, 24);
	*a += *b + y;
	*d = rotate_right(*d ^ *a, 16);
	*c += *d;
	*b = rotate_right(*b ^ *c, 63);
}

static void compress(struct blake2 *s, const u8 *block, bool last)
{
	u64 m[16], v[16];

	memcpy(m, block, sizeof(m));
	for (u32 i = 0; i < 8; i++) {
		v[i] = s->h[i];
		v[i + 8] = IV[i];
	}
	v[12] ^= s->count;
	if (last)
		v[14] = ~v[14];
	for (u32 r = 0; r < ROUNDS; r++) {
		const u8 *w = SIGMA[r % 10];

		mix(&v[0], &v[4], &v[8], &v[12], m[w[0]], m[w[1]]);
		mix(&v[1], &v[5], &v[9], &v[13], m[w[2]], m[w[3]]);
		mix(&v[2], &v[6], &v[10], &v[14], m[w[4]], m[w[5]]);
		mix(&v[3], &v[7], &v[11], &v[15], m[w[6]], m[w[7]]);
		mix(&v[0], &v[5], &v[10], &v[15], m[w[8]], m[w[9]]);
		mix(&v[1], &v[6], &v[11], &v[12], m[w[10]], m[w[11]]);
		mix(&v[2], &v[7], &v[8], &v[13], m[w[12]], m[w[13]]);
		mix(&v[3], &v[4], &v[9], &v[14], m[w[14]], m[w[15]]);
	}
	for (u32 i = 0; i < 8; i++)
		s->h[i] ^= v[i] ^ v[i + 8];
}

void blake2_begin(struct blake2 *s)
{
	memset(s, 0, sizeof(*s));
	memcpy(s->h, IV, sizeof(IV));
	s->h[0] ^= 0x01010000 | BLAKE2_SIZE; /* no key, no tree */
}

void blake2_add(struct blake2 *s, const void *data, u64 len)
{
	const u8 *at = data;

	while (len) {
		u64 part = sizeof(s->block) - s->used;

		if (!part) {
			compress(s, s->block, false);
			s->used = 0;
			part = sizeof(s->block);
		}
		if (part > len)
			part = len;
		memcpy(s->block + s->used, at, part);
		s->used += part;
		s->count += part;
		at += part;
		len -= part;
	}
}

void blake2_end(struct blake2 *s, u8 out[BLAKE2_SIZE])
{
	memset(s->block + s->used, 0, sizeof(s->block) - s->used);
	compress(s, s->block, true);
	memcpy(out, s->h, BLAKE2_SIZE);
}

void blake2_of(const void *data, u64 len, u8 out[BLAKE2_SIZE])
{
	struct blake2 s;

	blake2_begin(&s);
	blake2_add(&s, data, len);
	blake2_end(&s, out);
}
