/*
 * Stopping and continuing a process of several threads: all stand still, waitpid tells, and it goes on where it was; a
 * call that was interrupted by stopping alone goes on as if nothing had happened.
 */
#include "check.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>

static volatile unsigned *shared; /* counts of the threads, then what the sleeper found */

enum { COUNTERS = 2, SLEPT = 2, CONTINUED = 3, READ = 4, WORDS = 5 };

static int pipe_ends[2];

static void continued(int sig)
{
	(void)sig;
	shared[CONTINUED]++;
}

static void *counts(void *arg)
{
	for (;;)
		shared[(long)arg]++;
	return NULL;
}

static void *sleeps(void *arg)
{
	struct timespec ts = {0, 300000000};

	shared[SLEPT] = nanosleep(&ts, NULL) == 0 ? 1 : 2;
	return arg;
}

static void *reads(void *arg)
{
	char byte;

	shared[READ] = read(pipe_ends[0], &byte, 1) == 1 ? 1 : 2;
	return arg;
}

static void child(void)
{
	sigset_t set;
	pthread_t t;

	sigemptyset(&set);
	sigaddset(&set, SIGCONT);
	pthread_sigmask(SIG_BLOCK, &set, NULL); /* a handler is the first thread's alone */
	for (long i = 0; i < COUNTERS; i++)
		CHECK(pthread_create(&t, NULL, counts, (void *)i) == 0);
	CHECK(pthread_create(&t, NULL, sleeps, NULL) == 0);
	CHECK(pthread_create(&t, NULL, reads, NULL) == 0);
	CHECK(signal(SIGCONT, continued) != SIG_ERR);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	for (;;)
		pause();
}

static unsigned all_counts(void)
{
	return shared[0] + shared[1];
}

static void until_counting(unsigned from)
{
	for (int i = 0; i < 5000 && all_counts() == from; i++)
		usleep(1000);
	CHECK(all_counts() != from);
}

int main(void)
{
	unsigned before;
	int status;
	pid_t pid;

	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED && pipe(pipe_ends) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		child();
	until_counting(0);
	usleep(20000);
	CHECK(kill(pid, SIGSTOP) == 0);
	CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	usleep(20000);
	before = all_counts();
	usleep(50000);
	CHECK(all_counts() == before && !shared[CONTINUED]);
	CHECK(waitpid(pid, &status, WNOHANG | WUNTRACED) == 0); /* told once */
	CHECK(kill(pid, SIGCONT) == 0);
	CHECK(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status));
	until_counting(before);
	for (int i = 0; i < 5000 && (!shared[SLEPT] || !shared[CONTINUED]); i++)
		usleep(1000);
	CHECK(shared[CONTINUED] == 1 && shared[SLEPT] == 1 && !shared[READ]);
	CHECK(write(pipe_ends[1], "x", 1) == 1);
	for (int i = 0; i < 5000 && !shared[READ]; i++)
		usleep(1000);
	CHECK(shared[READ] == 1);
	CHECK(kill(pid, SIGTERM) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	puts("ok thread_stopped");
	return 0;
}
