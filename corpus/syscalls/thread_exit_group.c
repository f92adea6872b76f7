/* exit_group, a fatal signal and execve in one thread end all of them, wherever they are. */
#include "check.h"

#include <pthread.h>

static char *self;
static volatile int *volatile nowhere = (volatile int *)16;

static void *sleeps(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void *spins(void *arg)
{
	for (volatile int *p = arg;;)
		(*p)++;
	return NULL;
}

static void *acts(void *arg)
{
	char *words[] = {self, "again", NULL};

	usleep(20000);
	if (!arg)
		syscall(SYS_exit_group, 17);
	if (arg == (void *)1)
		*nowhere = 1;
	execv(self, words);
	_exit(99);
}

static void with(void *what)
{
	static int room;
	pthread_t t;

	CHECK(pthread_create(&t, NULL, sleeps, NULL) == 0);
	CHECK(pthread_create(&t, NULL, spins, &room) == 0);
	CHECK(pthread_create(&t, NULL, acts, what) == 0);
	sleeps(NULL);
}

static void with_exit(void)
{
	with(NULL);
}

static void with_fault(void)
{
	with((void *)1);
}

static void with_exec(void)
{
	with((void *)2);
}

int main(int argc, char **argv)
{
	int status;

	if (argc > 1)
		return 23;
	self = realpath(argv[0], NULL);
	CHECK(in_child(with_exit) == 17 << 8);
	status = in_child(with_fault);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	CHECK(in_child(with_exec) == 23 << 8);
	puts("ok thread_exit_group");
	return 0;
}
