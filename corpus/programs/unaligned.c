/* Unaligned halfword and word accesses at all offsets, over page boundaries, and of doubles by copies. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

struct __attribute__((packed)) odd {
	uint8_t pad;
	uint16_t half;
	uint32_t word;
	uint64_t twice;
	double real;
	float single;
};

int main(void)
{
	unsigned char *p = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint32_t sum = 0;
	struct odd o[3] = { { 1, 2, 3, 4, 5.5, 6.25f }, { 7, 8, 9, 10, 11.5, 12.25f }, { 0 } };

	for (unsigned i = 0; i < 3 * 4096; i++)
		p[i] = (unsigned char)(i * 37 + (i >> 8));
	for (unsigned at = 4090; at < 4102; at++) {
		volatile uint16_t *h = (volatile uint16_t *)(void *)(p + at);
		volatile uint32_t *w = (volatile uint32_t *)(void *)(p + at);
		volatile int16_t *s = (volatile int16_t *)(void *)(p + at);

		sum = sum * 31 + *h;
		sum = sum * 31 + *w;
		sum = sum * 31 + (uint32_t)*s;
		*w = sum;
		*h = (uint16_t)(sum >> 3);
		sum += p[at] + p[at + 3];
	}
	printf("%08x\n", (unsigned)sum);
	o[2] = o[1];
	o[2].twice += o[0].twice << 33;
	o[2].real *= o[0].real;
	printf("%u %u %llu %g %g\n", o[2].half, (unsigned)o[2].word, (unsigned long long)o[2].twice, o[2].real,
	       (double)o[2].single);
	return 0;
}
