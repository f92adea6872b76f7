/* Five bodies under gravity in doubles: multiply, divide, square root. One repetition is 200 steps.
 * Compiled with -ffp-contract=off, so that ARM and amd64 round alike and the checksums are equal. */
#include "kernel.h"
#include <string.h>

enum { BODIES = 5 };

struct body {
	double x[3], v[3], mass;
};

static struct body bodies[BODIES] = {
	{ { 0, 0, 0 }, { 0, 0, 0 }, 40 },
	{ { 5, -1, 0.5 }, { 0.5, 2.75, -0.02 }, 0.04 },
	{ { -8, 3.5, 1 }, { -1, 1.75, 0.008 }, 0.012 },
	{ { 12.5, -14, -0.25 }, { 1.0625, 0.875, -0.01 }, 0.002 },
	{ { 15, 25, -0.125 }, { -0.96875, 0.59375, -0.03 }, 0.0021 },
};

static double square_root(double x)
{
	return __builtin_sqrt(x);
}

static void advance(double dt)
{
	for (int i = 0; i < BODIES; i++)
		for (int j = i + 1; j < BODIES; j++) {
			struct body *a = &bodies[i], *b = &bodies[j];
			double d[3], r2 = 1e-9;

			for (int k = 0; k < 3; k++) {
				d[k] = a->x[k] - b->x[k];
				r2 += d[k] * d[k];
			}
			double mag = dt / (r2 * square_root(r2));

			for (int k = 0; k < 3; k++) {
				a->v[k] -= d[k] * b->mass * mag;
				b->v[k] += d[k] * a->mass * mag;
			}
		}
	for (int i = 0; i < BODIES; i++)
		for (int k = 0; k < 3; k++)
			bodies[i].x[k] += dt * bodies[i].v[k];
}

int main(int argc, char **argv)
{
	unsigned reps = repetitions(argc, argv);
	uint32_t sum = 0, words[sizeof(bodies) / 4];

	for (unsigned i = 0; i < reps * 200; i++)
		advance(0.001);
	memcpy(words, bodies, sizeof(bodies));
	for (unsigned i = 0; i < sizeof(bodies) / 4; i++)
		sum = sum * 31 + words[i];
	return report("nbody", sum);
}
