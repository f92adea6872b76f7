/* qsort and bsearch of the libc: callbacks from library code, with and without its temporary array. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct record {
	uint32_t key;
	char text[20];
};

static unsigned compared;

static int by_key(const void *a, const void *b)
{
	uint32_t x = ((const struct record *)a)->key, y = ((const struct record *)b)->key;

	compared++;
	return (x > y) - (x < y);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct record *)a)->text, ((const struct record *)b)->text);
}

int main(void)
{
	enum { N = 3000 };
	struct record *r = calloc(N, sizeof(*r)), wanted = { .key = 0 }, *found;
	uint32_t x = 42, sum = 0;

	for (int i = 0; i < N; i++) {
		x = x * 1664525 + 1013904223;
		r[i].key = x ^ (uint32_t)i;
		snprintf(r[i].text, sizeof(r[i].text), "%u-%d", (unsigned)(x >> 20), i);
	}
	qsort(r, N, sizeof(*r), by_key);
	for (int i = 0; i < N; i++)
		sum = sum * 31 + r[i].key;
	printf("by key %08x, first %s, last %s\n", (unsigned)sum, r[0].text, r[N - 1].text);
	wanted.key = r[1234].key;
	found = bsearch(&wanted, r, N, sizeof(*r), by_key);
	printf("found %d, compared at all %d\n", found == &r[1234], compared > 0);
	qsort(r, N, sizeof(*r), by_text);
	printf("by text first %s, last %s\n", r[0].text, r[N - 1].text);
	free(r);
	return 0;
}
