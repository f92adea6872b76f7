/* Thread-local variables of the only thread: initial image, zeroed part, addresses, after fork. */
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static __thread int initialised = 41, zeroed;
static __thread char text[32] __attribute__((aligned(16))) = "thread local";
__thread double real = 2.5;

__attribute__((noinline)) static int *address(void)
{
	return &initialised;
}

int main(void)
{
	int status = 0;

	initialised++;
	*address() += 1;
	printf("%d %d %s %g aligned %d\n", initialised, zeroed, text, real, ((uintptr_t)text & 15) == 0);
	fflush(stdout);
	if (fork() == 0) {
		zeroed = initialised;
		_exit(zeroed);
	}
	wait(&status);
	printf("child %d, parent %d\n", WEXITSTATUS(status), zeroed);
	return 0;
}
