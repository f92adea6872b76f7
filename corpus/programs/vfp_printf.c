/* printf of floating point: every conversion, special values, rounding at halves, %a. */
#include <math.h>
#include <stdio.h>

int main(void)
{
	static const double values[] = {
		0.0, -0.0, 1.0, -1.5, 0.5, 2.5, 3.5, 0.1, 1.0 / 3.0, 123456789.125, 1e-5, 9.9999995e5,
		1e21, 1.7976931348623157e308, 2.2250738585072014e-308, 4.9406564584124654e-324,
		3.14159265358979, 6.02214076e23,
	};

	for (unsigned i = 0; i < sizeof(values) / sizeof(*values); i++) {
		double v = values[i];

		printf("%f %e %g %.0f %.3f %.17g %a\n", v, v, v, v, v, v, v);
	}
	printf("%f %f %F %g %5.1f|%-8.2f|%+d|%08.3f\n", INFINITY, -INFINITY, INFINITY, (double)NAN, 2.25,
	       2.345, 7, -3.14159);
	printf("%d %d %d %u\n", (int)2.9, (int)-2.9, (int)1e9, (unsigned)3e9);
	printf("%.9g %.9g\n", (double)(float)0.1, (double)(1.0f / 3.0f));
	return 0;
}
