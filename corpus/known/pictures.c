/*
 * pixman, which has a routine of its own in NEON for most pairs of operator and format: every operator over many formats
 * and sizes, with and without a mask, at places that are aligned to nothing. With PIXMAN_DISABLE="arm-neon arm-simd" it
 * computes the same in C, and its authors want the same bits of every routine.
 */
#include "known.h"

enum { MOST = 67, PIXELS = 80 * 80 };

#define FORMAT(bpp, type, a, r, g, b) ((uint32_t)(bpp) << 24 | (type) << 16 | (a) << 12 | (r) << 8 | (g) << 4 | (b))

static const struct {
	const char *name;
	uint32_t format;
} FORMATS[] = {
	{ "a8r8g8b8", FORMAT(32, 2, 8, 8, 8, 8) }, { "x8r8g8b8", FORMAT(32, 2, 0, 8, 8, 8) },
	{ "a8b8g8r8", FORMAT(32, 3, 8, 8, 8, 8) }, { "r5g6b5", FORMAT(16, 2, 0, 5, 6, 5) },
	{ "a8", FORMAT(8, 1, 8, 0, 0, 0) },	   { "r8g8b8", FORMAT(24, 2, 0, 8, 8, 8) },
	{ "a1r5g5b5", FORMAT(16, 2, 1, 5, 5, 5) },
};

enum { FORMAT_COUNT = sizeof(FORMATS) / sizeof(*FORMATS), OPERATORS = 14 };

typedef void *make_fn(uint32_t, int, int, uint32_t *, int);
typedef void composite_fn(int, void *, void *, void *, int16_t, int16_t, int16_t, int16_t, int16_t, int16_t, uint16_t,
			  uint16_t);

static uint32_t source[PIXELS], mask[PIXELS], target[PIXELS], drawn_target[PIXELS];
static make_fn *make;
static composite_fn *composite;
static int (*drop)(void *);
static void (*repeat)(void *, int);

/* Whole colours, transparent and opaque ones among them, which have routines of their own. */
static void fill(uint32_t *pixels, uint64_t seed)
{
	for (int i = 0; i < PIXELS; i++) {
		uint64_t r = drawn(&seed);

		pixels[i] = r % 8 == 0 ? 0 : r % 8 == 1 ? ~0u : r % 8 == 2 ? (uint32_t)(r >> 32) | 0xff000000 : (uint32_t)(r >> 32);
	}
}

static uint64_t one(int op, int from, int to, int with, int round)
{
	void *s = make(FORMATS[from].format, round % 3 == 2 ? 1 : 80, round % 3 == 2 ? 1 : 40, source, 320);
	void *d = make(FORMATS[to].format, 80, 40, target, 320);
	void *m = with ? make(FORMATS[with == 1 ? 4 : 0].format, 80, 40, mask, 320) : NULL;
	int width = 1 + (op * 7 + from * 13 + to * 5 + round * 29) % MOST;

	memcpy(target, drawn_target, sizeof(target));
	repeat(s, 1);
	composite(op, s, m, d, (int16_t)(round & 3), 1, (int16_t)(round & 1), 0, (int16_t)(1 + round), 2, (uint16_t)width, 5);
	drop(s);
	drop(d);
	if (m)
		drop(m);
	/* Bits that a format does not use may be anything. */
	for (int i = 0; to == 1 && i < PIXELS; i++)
		target[i] &= 0xffffff;
	return hashed(HASH_START, target, 320 * 10);
}

int main(void)
{
	void *pixman = library("libpixman-1.so.0");

	make = function(pixman, "pixman_image_create_bits");
	composite = function(pixman, "pixman_image_composite");
	drop = function(pixman, "pixman_image_unref");
	repeat = function(pixman, "pixman_image_set_repeat");
	fill(source, 1);
	fill(mask, 2);
	fill(drawn_target, 3);
	for (int from = 0; from < FORMAT_COUNT; from++)
		for (int to = 0; to < FORMAT_COUNT; to++) {
			uint64_t hash = 0;

			for (int op = 0; op < OPERATORS; op++)
				for (int with = 0; with < 3; with++)
					for (int round = 0; round < 3; round++)
						hash = hash * HASH_PRIME + one(op, from, to, with, round);
			printf("%s to %s %016llx\n", FORMATS[from].name, FORMATS[to].name, (unsigned long long)hash);
		}
	return 0;
}
