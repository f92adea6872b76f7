/*
 * A standstill somewhere else than in the first process: in a child, or after one that shared the memory is gone. The
 * argument says which; the process that stands still is the one that must be told.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *locks(void *arg)
{
	pthread_mutex_lock(&lock);
	return arg;
}

static void stand_still(void)
{
	pthread_t t;

	pthread_mutex_lock(&lock);
	if (!pthread_create(&t, NULL, locks, NULL))
		pthread_join(t, NULL);
}

static int leaves(void *arg)
{
	_exit(arg ? 1 : 0);
}

int main(int argc, char **argv)
{
	int status = 0;
	pid_t pid;

	if (argc > 1 && !strcmp(argv[1], "shared")) {
		char *stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		pid = clone(leaves, stack + 65536, CLONE_VM | SIGCHLD, NULL);
		if (waitpid(pid, &status, 0) != pid || status)
			return 2;
		stand_still();
		return 3;
	}
	pid = fork();
	if (!pid) {
		stand_still();
		_exit(3);
	}
	if (waitpid(pid, &status, 0) != pid)
		return 2;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT ? 0 : 3;
}
