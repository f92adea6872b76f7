/*
 * Code that is changed while it is hot: both halves of a function that lies across a page boundary, one function of
 * many in a page, a page whose data is written between calls, a function that patches its neighbour page and itself.
 */
#include "emit.h"

/* The boundary lies before the second instruction; each side is patched alone, and only what was patched is flushed. */
static void across_pages(void)
{
	unsigned char *at = map_code(2) + PAGE - SECOND_AT;
	unsigned a = 0, b = 0, wrong = 0;

	emit(at, a, b);
	flush(at, EMITTED);
	for (unsigned i = 1; i < 3000; i++) {
		if (i % 3 == 0) {
			emit_first(at, a = i & 255);
			flush(at, SECOND_AT);
		} else if (i % 3 == 1) {
			emit_second(at, b = i * 7 & 255);
			flush(at + SECOND_AT, EMITTED - SECOND_AT);
		}
		wrong += (unsigned)call(at) != a + b;
	}
	printf("across pages: %u wrong\n", wrong);
}

/* Each round changes one function and calls all of the page through one call site. */
static void one_of_many(void)
{
	enum { FUNCTIONS = 64, STRIDE = 48 };
	unsigned char *page = map_code(1);
	unsigned value[FUNCTIONS], wrong = 0;

	for (unsigned i = 0; i < FUNCTIONS; i++)
		emit(page + i * STRIDE, value[i] = i, 0);
	flush(page, PAGE);
	for (unsigned round = 0; round < 400; round++) {
		unsigned i = round * 29 % FUNCTIONS;

		emit(page + i * STRIDE, round & 255, i);
		flush(page + i * STRIDE, EMITTED);
		value[i] = (round & 255) + i;
		for (unsigned k = 0; k < FUNCTIONS; k++)
			wrong += (unsigned)call(page + k * STRIDE) != value[k];
	}
	printf("one of many: %u wrong\n", wrong);
}

/* The first write of each round hits a page that translations were made from; the code itself never changes. */
static void data_between(void)
{
	unsigned char *page = map_code(3);
	volatile uint32_t *data = (volatile uint32_t *)(page + PAGE - 128);
	uint32_t sum = 0;

	emit(page, 5, 6);
	emit(page + 2 * PAGE - SECOND_AT, 7, 8); /* and its second half in the third page */
	flush(page, 3 * PAGE);
	for (unsigned i = 0; i < 1000; i++) {
		data[i & 15] += (uint32_t)call(page);
		data[PAGE / 4 + (i & 15)] += (uint32_t)call(page + 2 * PAGE - SECOND_AT);
		memset(page + 2 * PAGE + 128, (int)i, 64);
	}
	for (unsigned i = 0; i < 16; i++)
		sum = sum * 31 + data[i] + data[PAGE / 4 + i];
	printf("data between: %u\n", sum);
}

/* The page goes away and comes back with other code at the same addresses, with and without write permission. */
static void comes_back(void)
{
	unsigned char *page = map_code(2), *at = page + PAGE - SECOND_AT;
	unsigned wrong = 0;

	for (unsigned i = 0; i < 300; i++) {
		emit(at, i & 255, i >> 3);
		flush(at, EMITTED);
		if (i & 1)
			mprotect(page, 2 * PAGE, PROT_READ | PROT_EXEC);
		wrong += (unsigned)call(at) != (i & 255) + (i >> 3);
		if (i % 3 == 0) /* the second half only */
			mmap(page + PAGE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		mprotect(page, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
	}
	printf("comes back: %u wrong\n", wrong);
}

int main(void)
{
	across_pages();
	one_of_many();
	data_between();
	comes_back();
	return 0;
}
