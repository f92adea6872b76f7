/* CRC-32 with one 256-word table: a dependent chain of load, shift, xor.
 * One repetition is 64 KiB. */
#include "kernel.h"

enum { SIZE = 1 << 16 };

static uint8_t data[SIZE];
static uint32_t table[256];

static void make_table(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int bit = 0; bit < 8; bit++)
			c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
		table[i] = c;
	}
}

__attribute__((noinline)) static uint32_t crc(uint32_t c, const uint8_t *p, uint32_t n)
{
	c = ~c;
	while (n--)
		c = table[(c ^ *p++) & 0xff] ^ (c >> 8);
	return ~c;
}

int main(int argc, char **argv)
{
	unsigned reps = repetitions(argc, argv);
	uint32_t seed = 1, sum = 0;

	make_table();
	for (unsigned i = 0; i < SIZE; i++)
		data[i] = (uint8_t)next_random(&seed);
	for (unsigned i = 0; i < reps; i++)
		sum = crc(sum, data, SIZE);
	return report("crc32", sum);
}
