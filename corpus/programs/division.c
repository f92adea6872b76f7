/* Division through the libgcc helpers (armv7-a without the divide extension), 32 and 64 bits, and by zero. */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

int main(int argc, char **argv)
{
	static const volatile int32_t values[] = { 0, 1, -1, 2, -2, 7, -7, 10, 1000, -12345, INT_MAX, INT_MIN + 1 };
	enum { N = sizeof(values) / sizeof(*values) };
	struct rlimit none = { 0, 0 };

	(void)argv;
	for (int i = 0; i < N; i++)
		for (int j = 1; j < N; j++) {
			int32_t a = values[i], b = values[j];
			int64_t c = (int64_t)a * 1000003 + b, d = (int64_t)b * 65537;

			printf("%d %d %u %u %lld %lld %llu\n", (int)(a / b), (int)(a % b),
			       (unsigned)((uint32_t)a / (uint32_t)b), (unsigned)((uint32_t)a % (uint32_t)b),
			       (long long)(c / d), (long long)(c % b), (unsigned long long)((uint64_t)c / (uint64_t)d));
		}
	if (argc > 1) {
		/* libgcc raises SIGFPE itself: ARM's own divide instruction would give 0. */
		setrlimit(RLIMIT_CORE, &none);
		fflush(stdout);
		printf("%d\n", (int)(values[5] / values[0]));
		return 1;
	}
	return 0;
}
