/*
 * Thousands of small pieces of code that jump to each other directly, in an order that has nothing to do with their
 * addresses, and are changed one at a time: every translated exit is linked, unlinked and linked again, while a small
 * translation cache is forgotten in the middle of a chain.
 */
#include "emit.h"

enum { LINKS = 6000, STRIDE = 16 };

static unsigned char *code;
static unsigned order[LINKS], weight[LINKS];

static unsigned next_random(unsigned *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static unsigned char *place(unsigned i)
{
	return code + STRIDE * (1 + order[i]);
}

/* Piece i adds its weight and goes to piece i + 1; the last one is a whole function's end. */
static void make(unsigned i, unsigned w)
{
	weight[i] = w;
	if (i + 1 == LINKS)
		emit_second(place(i) - SECOND_AT, w);
	else
		emit_link(place(i), w, place(i + 1));
	flush(place(i), STRIDE);
}

/* The function at the start of the code begins the chain at piece i. */
static unsigned from(unsigned i)
{
	emit_first(code, 0);
	emit_link(code + SECOND_AT, 0, place(i));
	flush(code, STRIDE);
	return (unsigned)call(code);
}

static unsigned sum_from(unsigned i)
{
	unsigned sum = 0;

	while (i < LINKS)
		sum += weight[i++];
	return sum;
}

int main(void)
{
	unsigned state = 5, wrong = 0;

	code = map_code((LINKS + 2) * STRIDE / PAGE + 1);
	for (unsigned i = 0; i < LINKS; i++)
		order[i] = i;
	for (unsigned i = LINKS - 1; i > 0; i--) {
		unsigned k = next_random(&state) % (i + 1), o = order[i];

		order[i] = order[k];
		order[k] = o;
	}
	for (unsigned i = 0; i < LINKS; i++)
		make(i, next_random(&state) & 255);
	for (unsigned round = 0; round < 6; round++)
		wrong += from(0) != sum_from(0);
	printf("whole chains: %u wrong\n", wrong);
	for (unsigned round = 0; round < 60; round++) {
		unsigned start = next_random(&state) % LINKS;

		make(start + next_random(&state) % (LINKS - start), round & 255);
		wrong += from(start) != sum_from(start);
		wrong += from(LINKS - 1 - round % 500) != sum_from(LINKS - 1 - round % 500);
	}
	printf("changed: %u wrong\n", wrong);
	return 0;
}
