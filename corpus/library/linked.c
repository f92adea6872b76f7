/* Linked with libshape.so: `linked ROUNDS`. Standard error says where the library lies. */
#define _GNU_SOURCE
#include "scenario.h"

#include <dlfcn.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	struct library l = { shape_classes, &shape_calls, shape_make, shape_each, shape_run, shape_motto };
	Dl_info where;

	play(&l, argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) : 1);
	if (!dladdr((void *)l.motto, &where))
		return 1;
	fprintf(stderr, "%p\n", where.dli_fbase);
	return 0;
}
