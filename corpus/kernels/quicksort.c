/* Quicksort with its comparison behind a pointer: indirect calls, swaps.
 * One repetition sorts 4096 words. */
#include "kernel.h"

enum { COUNT = 4096 };

typedef int compare_fn(const uint32_t *, const uint32_t *);

static uint32_t items[COUNT];

static int ascending(const uint32_t *a, const uint32_t *b)
{
	return (*a > *b) - (*a < *b);
}

static int by_low_half(const uint32_t *a, const uint32_t *b)
{
	uint32_t x = *a << 16 | *a >> 16, y = *b << 16 | *b >> 16;

	return (x > y) - (x < y);
}

/* Chosen at run time and volatile, so that the compiler cannot call it directly. */
static compare_fn *volatile orders[2] = { ascending, by_low_half };

static void swap(uint32_t *a, uint32_t *b)
{
	uint32_t t = *a;

	*a = *b;
	*b = t;
}

static void quicksort(uint32_t *lo, uint32_t *hi, compare_fn *compare)
{
	while (lo < hi) {
		uint32_t pivot = lo[(hi - lo) / 2], *i = lo, *j = hi;

		while (i <= j) {
			while (compare(i, &pivot) < 0)
				i++;
			while (compare(j, &pivot) > 0)
				j--;
			if (i <= j)
				swap(i++, j--);
		}
		quicksort(lo, j, compare);
		lo = i;
	}
}

int main(int argc, char **argv)
{
	unsigned reps = repetitions(argc, argv);
	uint32_t seed = 3, sum = 0;

	for (unsigned i = 0; i < reps; i++) {
		for (unsigned j = 0; j < COUNT; j++)
			items[j] = next_random(&seed);
		quicksort(items, items + COUNT - 1, orders[i & 1]);
		for (unsigned j = 0; j < COUNT; j += 17)
			sum = sum * 31 + items[j];
	}
	return report("quicksort", sum);
}
