/*
 * What it costs to ask the kernel, in nanoseconds of real time a call: one line each, `name ns`. The fastest of several
 * rounds, since whoever disturbs only slows down.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile int hits;
static int fds[2];
static char *self;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void counts(int sig)
{
	(void)sig;
	hits++;
}

static void *nothing(void *arg)
{
	return arg;
}

static void null_call(void)
{
	syscall(SYS_getppid);
}

static void clock_call(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
}

static void signal_self(void)
{
	raise(SIGUSR1);
}

static void fork_exec(void)
{
	char *words[] = {self, "child", NULL};
	int status;
	pid_t pid = fork();

	if (!pid) {
		execv(self, words);
		_exit(1);
	}
	waitpid(pid, &status, 0);
	if (status)
		exit(1);
}

static void thread(void)
{
	pthread_t t;

	if (pthread_create(&t, NULL, nothing, NULL) || pthread_join(t, NULL))
		exit(1);
}

static void pipe_byte(void)
{
	char c = 1;

	if (write(fds[1], &c, 1) != 1 || read(fds[0], &c, 1) != 1)
		exit(1);
}

static void map_page(void)
{
	char *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		exit(1);
	p[0] = p[4096] = 1;
	munmap(p, 65536);
}

static const struct {
	const char *name;
	void (*call)(void);
	int count;
} CALLS[] = {
	{"null", null_call, 20000}, {"clock_gettime", clock_call, 20000}, {"signal", signal_self, 5000},
	{"fork_exec", fork_exec, 20},	{"thread", thread, 300},	      {"pipe", pipe_byte, 10000},
	{"mmap", map_page, 3000},
};

int main(int argc, char **argv)
{
	struct sigaction sa = {.sa_handler = counts};

	if (argc > 1 && !strcmp(argv[1], "child"))
		return 0;
	self = realpath(argv[0], NULL);
	if (pipe(fds) || sigaction(SIGUSR1, &sa, NULL))
		return 1;
	for (size_t i = 0; i < sizeof(CALLS) / sizeof(CALLS[0]); i++) {
		double best = 1e18;

		if (argc > 1 && !strcmp(argv[1], "no-exec") && CALLS[i].call == fork_exec)
			continue;
		for (int round = 0; round < 7; round++) {
			double from = now(), each;

			for (int k = 0; k < CALLS[i].count; k++)
				CALLS[i].call();
			each = (now() - from) / CALLS[i].count;
			best = each < best ? each : best;
		}
		printf("%s %.0f\n", CALLS[i].name, best);
		fflush(stdout);
	}
	return 0;
}
