/* Exit statuses and output order: atexit handlers, unflushed stdio, _exit from a handler. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void first(void)
{
	puts("registered first, runs last");
}

static void second(void)
{
	puts("registered second, runs first");
}

int main(int argc, char **argv)
{
	int status = argc > 1 ? atoi(argv[1]) : 0;

	atexit(first);
	atexit(second);
	printf("leaving with %d", status);
	putchar('\n');
	if (argc > 2) {
		fflush(stdout);
		_exit(status);
	}
	exit(status);
}
