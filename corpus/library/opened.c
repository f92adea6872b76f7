/* Opens libshape.so with dlopen: `opened ROUNDS`. Learns first where the library comes to lie, puts a page in that
 * place and opens it again, so that it has to go elsewhere; the second time until it lies a megabyte away.
 * Standard error says where the library lies, each time it is used. */
#define _GNU_SOURCE
#include "scenario.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { FAR = 1 << 20 };

static int fail(const char *what)
{
	fprintf(stderr, "opened: %s\n", what);
	return 1;
}

static void *open_library(struct library *l, void **base)
{
	void *handle = dlopen("libshape.so", RTLD_NOW);
	Dl_info where;

	if (!handle)
		return NULL;
	l->classes = dlsym(handle, "shape_classes");
	l->calls = dlsym(handle, "shape_calls");
	l->make = (__typeof__(l->make))dlsym(handle, "shape_make");
	l->each = (__typeof__(l->each))dlsym(handle, "shape_each");
	l->run = (__typeof__(l->run))dlsym(handle, "shape_run");
	l->motto = (__typeof__(l->motto))dlsym(handle, "shape_motto");
	if (!dladdr((void *)l->motto, &where))
		return NULL;
	*base = where.dli_fbase;
	return handle;
}

static unsigned long distance(const char *a, const char *b)
{
	return (unsigned long)(a > b ? a - b : b - a);
}

/* Close the library, put a page where it was, open it again. */
static void *move_library(void *handle, struct library *l, void **base)
{
	if (!handle || dlclose(handle))
		return NULL;
	if (mmap(*base, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != *base)
		return NULL;
	return open_library(l, base);
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) : 1;
	struct library l;
	void *base, *handle = open_library(&l, &base);
	char *first = base;

	for (unsigned i = 0; i < 2; i++) {
		do {
			handle = move_library(handle, &l, &base);
			if (!handle)
				return fail("libshape.so was not opened, closed or unmapped");
		} while (i && distance(first, base) < FAR);
		play(&l, rounds);
		fprintf(stderr, "%p\n", base);
	}
	return 0;
}
