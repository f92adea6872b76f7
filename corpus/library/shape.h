/* The interface of libshape.so: shapes as classes of function pointers, callbacks into the program. */
#ifndef CORPUS_SHAPE_H
#define CORPUS_SHAPE_H

#include <stdint.h>

enum { SHAPE_KINDS = 4 };

struct shape;

struct shape_class {
	const char *name;
	double (*area)(const struct shape *s);
	double (*outline)(const struct shape *s);
	void (*scale)(struct shape *s, double factor);
	const struct shape_class *base;
};

struct shape {
	const struct shape_class *class;
	double a, b;
};

/* Called for each shape; what it returns is added up. */
typedef double shape_visitor(const struct shape *s, void *context);

extern const struct shape_class *const shape_classes[SHAPE_KINDS];
extern unsigned shape_calls;

void shape_make(struct shape *s, unsigned kind, double a, double b);
double shape_each(const struct shape *shapes, unsigned n, shape_visitor *visit, void *context);
uint32_t shape_run(const uint8_t *code, unsigned n, uint32_t seed);
const char *shape_motto(void);

#endif
