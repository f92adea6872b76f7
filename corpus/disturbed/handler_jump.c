/* COUNT times raise(), whose handler leaves by siglongjmp (disturbed) or returns. Both variants call sigsetjmp with
 * the mask saved, so that the kernel is asked about as often: siglongjmp restores the mask, a return is sigreturn. */
#define _GNU_SOURCE
#include "disturbed.h"
#include <setjmp.h>
#include <signal.h>

static sigjmp_buf back;
static volatile uint32_t found;

static void handler(int sig)
{
	found = mix(found + (uint32_t)sig);
	if (is_disturbed)
		siglongjmp(back, 1);
}

__attribute__((noinline)) static uint32_t attempt(uint32_t x)
{
	found = x;
	if (sigsetjmp(back, 1) == 0)
		raise(SIGUSR1);
	return found;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = handler };
	uint32_t sum = 1;

	arguments(argc, argv);
	sigaction(SIGUSR1, &action, NULL);
	for (unsigned i = 0; i < count; i++)
		sum = attempt(sum + i) * 31 + sum;
	return report("handler_jump", sum, argc, argv);
}
