/* The FP environment: cumulative exception flags, the four rounding modes, ARM's NaN results. */
#include <fenv.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static volatile double one = 1.0, three = 3.0, zero = 0.0, huge = 1.7e308, tiny = 3e-308;

static void flags(const char *what)
{
	printf("%s:%s%s%s%s%s\n", what, fetestexcept(FE_INVALID) ? " invalid" : "",
	       fetestexcept(FE_DIVBYZERO) ? " divbyzero" : "", fetestexcept(FE_OVERFLOW) ? " overflow" : "",
	       fetestexcept(FE_UNDERFLOW) ? " underflow" : "", fetestexcept(FE_INEXACT) ? " inexact" : "");
	feclearexcept(FE_ALL_EXCEPT);
}

static void show(const char *what, double x)
{
	uint64_t u;

	memcpy(&u, &x, 8);
	printf("%s %016llx\n", what, (unsigned long long)u);
}

static void exceptions(void)
{
	volatile double r;
	volatile int n;

	flags("start");
	r = one + one;
	flags("exact");
	r = one / three;
	flags("third");
	r = one / zero;
	flags("by zero");
	r = zero / zero;
	flags("zero by zero");
	r = huge * huge;
	flags("overflow");
	r = tiny / 1e10;
	flags("underflow");
	n = (int)(volatile double){ 1e20 };
	flags("to integer");
	(void)r, (void)n;
}

static void rounding(void)
{
	static const int modes[] = { FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };

	for (int i = 0; i < 4; i++) {
		fesetround(modes[i]);
		printf("mode %d kept %d\n", i, fegetround() == modes[i]);
		show(" 1/3", one / three);
		show(" -1/3", -one / three);
		show(" float", (double)(float)(one / three));
		printf(" rint %.1f %.1f\n", rint((volatile double){ 2.5 }), rint((volatile double){ -2.5 }));
	}
	fesetround(FE_TONEAREST);
}

/* ARM: a quiet NaN operand is passed on (the first one), a made NaN is positive; x86 would differ. */
static void nans(void)
{
	volatile double a, b;
	uint64_t first = 0xfff8000000000123ull, second = 0x7ff8000000000456ull, signalling = 0x7ff0000000000789ull;

	memcpy((void *)&a, &first, 8);
	memcpy((void *)&b, &second, 8);
	show("made", zero / zero);
	show("inf - inf", INFINITY - (volatile double){ INFINITY });
	show("sqrt(-1)", sqrt((volatile double){ -1.0 }));
	show("nan + 1", a + one);
	show("1 + nan", one + b);
	show("nan * nan", a * b);
	show("nan - nan", b - a);
	show("-nan", -a);
	show("fabs", fabs(a));
	memcpy((void *)&b, &signalling, 8);
	feclearexcept(FE_ALL_EXCEPT);
	show("signalling first", a + b);
	flags("signalling");
	show("to float", (double)(float)a);
}

int main(void)
{
	feclearexcept(FE_ALL_EXCEPT);
	exceptions();
	rounding();
	nans();
	return 0;
}
