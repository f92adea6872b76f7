/* What both programs do with the library, once they have it: the functions and objects come as arguments. */
#ifndef CORPUS_SCENARIO_H
#define CORPUS_SCENARIO_H

#include "shape.h"

#include <stdio.h>
#include <string.h>

enum { SHAPES = 16, CODE = 64 };

struct library {
	const struct shape_class *const *classes;
	unsigned *calls;
	__typeof__(shape_make) *make;
	__typeof__(shape_each) *each;
	__typeof__(shape_run) *run;
	__typeof__(shape_motto) *motto;
};

static double area_over(const struct shape *s, void *context)
{
	double least = *(double *)context, area = s->class->area(s);

	return area > least ? area : 0;
}

static double outline(const struct shape *s, void *context)
{
	++*(unsigned *)context;
	return s->class->outline(s);
}

static inline void play(const struct library *l, unsigned rounds)
{
	struct shape shapes[SHAPES];
	uint8_t code[CODE];
	uint32_t x = 1, words[2];
	unsigned visits = 0;
	double total = 0, least = 1.5;

	printf("%s\n", l->motto());
	for (unsigned i = 0; i < SHAPE_KINDS; i++)
		printf("%s%s%s\n", l->classes[i]->name, l->classes[i]->base ? " is a " : "",
		       l->classes[i]->base ? l->classes[i]->base->name : "");
	for (unsigned i = 0; i < CODE; i++)
		code[i] = (uint8_t)(i * 7 + i / 16);
	for (unsigned i = 0; i < rounds; i++) {
		for (unsigned k = 0; k < SHAPES; k++) {
			l->make(&shapes[k], i + k, 0.25 * (k + 1), 1.0 + (i & 7));
			shapes[k].class->scale(&shapes[k], 1.125);
		}
		total = total * 0.5 + l->each(shapes, SHAPES, area_over, &least);
		total += l->each(shapes, SHAPES, outline, &visits);
		x = l->run(code, CODE, x);
	}
	memcpy(words, &total, sizeof(words));
	printf("%u visits, %u calls, %08x, %08x%08x\n", visits, *l->calls, (unsigned)x, (unsigned)words[1],
	       (unsigned)words[0]);
}

#endif
