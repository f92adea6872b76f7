/*
 * A shared library with what makes translating one hard: pointers in data that the dynamic loader relocates (its own
 * and imported), classes of function pointers, a switch that becomes a jump table, a constructor that runs before
 * main, data that both sides write, and calls back into the program.
 */
#include "shape.h"

#include <string.h>

unsigned shape_calls;

static char motto[32];
static const char *const words[] = { "measure", " ", "twice" };
/* A pointer into another library: the loader has to find it. */
static size_t (*const volatile length)(const char *) = strlen;

static double rectangle_area(const struct shape *s)
{
	return s->a * s->b;
}

static double rectangle_outline(const struct shape *s)
{
	return 2 * (s->a + s->b);
}

static double triangle_area(const struct shape *s)
{
	return 0.5 * s->a * s->b;
}

static double triangle_outline(const struct shape *s)
{
	return s->a + s->b + __builtin_sqrt(s->a * s->a + s->b * s->b);
}

static double ellipse_area(const struct shape *s)
{
	return 3.141592653589793 * s->a * s->b;
}

static double ellipse_outline(const struct shape *s)
{
	double d = s->a - s->b, sum = s->a + s->b, h = d * d / (sum * sum);

	return 3.141592653589793 * sum * (1 + 3 * h / (10 + __builtin_sqrt(4 - 3 * h)));
}

static void scale_both(struct shape *s, double factor)
{
	s->a *= factor;
	s->b *= factor;
	shape_calls++;
}

/* Through the base class's pointer, as an overriding method does. */
static void scale_area(struct shape *s, double factor)
{
	s->class->base->scale(s, __builtin_sqrt(factor));
}

static const struct shape_class rectangle = { "rectangle", rectangle_area, rectangle_outline, scale_both, 0 };
static const struct shape_class square = { "square", rectangle_area, rectangle_outline, scale_area, &rectangle };
static const struct shape_class triangle = { "triangle", triangle_area, triangle_outline, scale_both, 0 };
static const struct shape_class ellipse = { "ellipse", ellipse_area, ellipse_outline, scale_area, &triangle };

const struct shape_class *const shape_classes[SHAPE_KINDS] = { &rectangle, &square, &triangle, &ellipse };

__attribute__((constructor)) static void set_motto(void)
{
	char *at = motto;

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		memcpy(at, words[i], length(words[i]));
		at += length(words[i]);
	}
}

const char *shape_motto(void)
{
	return motto;
}

void shape_make(struct shape *s, unsigned kind, double a, double b)
{
	s->class = shape_classes[kind % SHAPE_KINDS];
	s->a = a;
	s->b = s->class == &square ? a : b;
	shape_calls++;
}

double shape_each(const struct shape *shapes, unsigned n, shape_visitor *visit, void *context)
{
	double sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += visit(&shapes[i], context);
	return sum;
}

/* An interpreter of one-byte instructions: a dense switch. */
uint32_t shape_run(const uint8_t *code, unsigned n, uint32_t seed)
{
	uint32_t x = seed, y = 1;

	for (unsigned i = 0; i < n; i++) {
		switch (code[i] & 15) {
		case 0: x += y; break;
		case 1: x -= y * 3; break;
		case 2: x ^= x << 7; break;
		case 3: x = x >> 9 | x << 23; break;
		case 4: y += x & 0xff; break;
		case 5: y = y * 5 + 1; break;
		case 6: x *= 0x9e3779b1u; break;
		case 7: y ^= x >> 16; break;
		case 8: x = ~x; break;
		case 9: y -= i; break;
		case 10: shape_calls++; break;
		case 11: x += (uint32_t)motto[y % 8]; break;
		case 12: y = y << 1 | y >> 31; break;
		case 13: x ^= y; break;
		case 14: i += x & 1; break;
		default: x -= i; break;
		}
	}
	return x ^ y;
}
