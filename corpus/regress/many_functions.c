/*
 * More code than a small translation cache holds: thousands of made functions called from few places, in order and at
 * random, some replaced on the way, and a loop that comes back after everything was forgotten.
 */
#include "emit.h"

enum { FUNCTIONS = 12000, STRIDE = 16 };

static unsigned value[FUNCTIONS];
static unsigned char *code;

static unsigned next_random(unsigned *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static void make(unsigned i, unsigned a, unsigned b)
{
	emit(code + i * STRIDE, a & 255, b & 255);
	flush(code + i * STRIDE, EMITTED);
	value[i] = (a & 255) + (b & 255);
}

static unsigned __attribute__((noinline)) wrong_at(unsigned i)
{
	return (unsigned)call(code + i * STRIDE) != value[i];
}

/* Two call sites in one loop: the second predicts, the first never can. */
static unsigned __attribute__((noinline)) alternate(unsigned i)
{
	return wrong_at(i) + ((unsigned)call(code) != value[0]);
}

int main(void)
{
	unsigned state = 1, wrong = 0;

	code = map_code(FUNCTIONS * STRIDE / PAGE + 1);
	for (unsigned i = 0; i < FUNCTIONS; i++)
		make(i, i, i >> 8);
	for (unsigned round = 0; round < 3; round++)
		for (unsigned i = 0; i < FUNCTIONS; i++)
			wrong += alternate(i);
	printf("in order: %u wrong\n", wrong);
	for (unsigned i = 0; i < 30000; i++)
		wrong += alternate(next_random(&state) % FUNCTIONS);
	printf("at random: %u wrong\n", wrong);
	for (unsigned i = 0; i < 4000; i++) {
		unsigned k = next_random(&state) % FUNCTIONS;

		make(k, i, i >> 4);
		wrong += alternate(k) + wrong_at(next_random(&state) % FUNCTIONS);
	}
	printf("replaced: %u wrong\n", wrong);
	return 0;
}
