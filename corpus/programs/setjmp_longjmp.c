/* Non-local exits: over many frames, repeatedly, with live integer and FP registers, out of recursion. */
#include <setjmp.h>
#include <stdio.h>

static jmp_buf outer, inner;
static int volatile unwound, never;

/* Ends in longjmp from the bottom; `never` hides from the compiler that no call returns. */
__attribute__((noinline)) static double dive(int depth, double x)
{
	double saved = x * 1.5, more = x + depth, below;

	if (depth == 0) {
		if (!never)
			longjmp(outer, 7);
		return x;
	}
	below = dive(depth - 1, saved);
	unwound++;
	return below + saved + more;
}

__attribute__((noinline)) static int bounce(int n)
{
	volatile int rounds = 0;
	int value = setjmp(inner);

	rounds++;
	if (value < n)
		longjmp(inner, value + 1);
	return rounds;
}

__attribute__((noinline)) static double keep_registers(double a, double b, double c)
{
	volatile double sum = 0;
	const double x = a * b, y = b - c, z = a / c;

	for (volatile int i = 0; i < 5; i++) {
		if (setjmp(outer) == 0)
			dive(20 + i, a);
		sum += x + y * z;
	}
	return sum;
}

int main(void)
{
	int value = setjmp(outer);

	if (value == 0)
		dive(500, 1.0);
	printf("outer %d, frames unwound %d\n", value, unwound);
	printf("bounced %d times\n", bounce(1000));
	printf("registers %.6f\n", keep_registers(1.25, 7.5, 3.0));
	if (setjmp(inner) == 0)
		longjmp(inner, 0);
	else
		puts("longjmp with 0 arrives as 1");
	return 0;
}
