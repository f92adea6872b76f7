/* Adaptive Simpson quadrature: recursion with seven double arguments, the integrand through a pointer.
 * One repetition integrates three functions to a tolerance that takes some hundred levels of splitting each. */
#include "kernel.h"
#include <string.h>

typedef double integrand(double x);

static double rational(double x)
{
	return 1.0 / (1.0 + 25.0 * x * x);
}

static double root(double x)
{
	return __builtin_sqrt(x + 1.0);
}

static double cubic(double x)
{
	return ((x - 0.5) * x + 2.0) * x * x * x - 1.0 / (x + 1.125);
}

/* The area over [a, b], given the values at both ends and the middle and the estimate from those three. */
__attribute__((noinline)) static double simpson(integrand *f, double a, double b, double fa, double fm,
						double fb, double whole, double tolerance, int depth)
{
	double m = 0.5 * (a + b), h = (b - a) / 12.0;
	double left_fm = f(0.5 * (a + m)), right_fm = f(0.5 * (m + b));
	double left = h * (fa + 4.0 * left_fm + fm), right = h * (fm + 4.0 * right_fm + fb);
	double error = left + right - whole;

	if (depth == 0 || __builtin_fabs(error) < 15.0 * tolerance)
		return left + right + error / 15.0;
	return simpson(f, a, m, fa, left_fm, fm, left, 0.5 * tolerance, depth - 1) +
	       simpson(f, m, b, fm, right_fm, fb, right, 0.5 * tolerance, depth - 1);
}

__attribute__((noinline)) static double integrate(integrand *f, double a, double b)
{
	double fa = f(a), fm = f(0.5 * (a + b)), fb = f(b);

	return simpson(f, a, b, fa, fm, fb, (b - a) / 6.0 * (fa + 4.0 * fm + fb), 1e-11, 30);
}

int main(int argc, char **argv)
{
	/* Volatile, so that the compiler cannot make a copy of the recursion for each function. */
	static integrand *volatile const functions[] = { rational, root, cubic };
	unsigned reps = repetitions(argc, argv);
	uint32_t words[2];
	double total = 0;

	for (unsigned i = 0; i < reps; i++)
		for (unsigned k = 0; k < 3; k++)
			total = total * 0.5 + integrate(functions[k], -1.0, 1.0 + (i & 3) * 0.25);
	memcpy(words, &total, sizeof(total));
	return report("simpson", words[0] * 31 + words[1]);
}
