/* COUNT times setjmp, then down through twenty functions; disturbed, the innermost ends them all with longjmp,
 * undisturbed each returns. A register that lives across the setjmp and one in each frame show damage. */
#include "disturbed.h"
#include <setjmp.h>

static jmp_buf back;
static uint32_t found;

__attribute__((noinline)) static uint32_t frame0(uint32_t x)
{
	found = mix(x);
	if (is_disturbed)
		longjmp(back, 1);
	return found;
}

/* The empty asm keeps each call from becoming a jump. */
#define FRAME(n, below)                                                \
	__attribute__((noinline)) static uint32_t frame##n(uint32_t x) \
	{                                                              \
		uint32_t y = x * 0x9e3779b9u + n;                      \
									\
		x = frame##below(x ^ y >> 7);                          \
		__asm__ volatile("" : "+r"(x) : "r"(y));               \
		return x;                                              \
	}

FRAME(1, 0) FRAME(2, 1) FRAME(3, 2) FRAME(4, 3) FRAME(5, 4) FRAME(6, 5) FRAME(7, 6) FRAME(8, 7) FRAME(9, 8)
FRAME(10, 9) FRAME(11, 10) FRAME(12, 11) FRAME(13, 12) FRAME(14, 13) FRAME(15, 14) FRAME(16, 15) FRAME(17, 16)
FRAME(18, 17) FRAME(19, 18)

/* A function of its own, so that nothing of the loop lives across setjmp but what the ABI saves. */
__attribute__((noinline)) static uint32_t attempt(uint32_t x)
{
	if (setjmp(back) == 0 && frame19(x) != found)
		return 0;
	return found;
}

int main(int argc, char **argv)
{
	uint32_t sum = 1;

	arguments(argc, argv);
	for (unsigned i = 0; i < count; i++)
		sum = attempt(sum + i) * 31 + sum;
	return report("longjmp", sum, argc, argv);
}
