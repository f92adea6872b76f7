/*
 * A process whose first thread has ended: signals, /proc, timers, fork, limits and execve go on as before.
 * qemu-arm 7.2 does not pass: it has a thread more than the program, and does not execute ARM programs.
 */
#include "check.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/time.h>

static char *self;
static volatile int handled;
static volatile pid_t by;

static void handler(int sig)
{
	(void)sig;
	by = (pid_t)syscall(SYS_gettid);
	handled++;
}

static int count_tasks(void)
{
	char line[128];
	int n = -1;
	FILE *f = fopen("/proc/self/status", "r");

	CHECK(f);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, "Threads:", 8))
			n = atoi(line + 8);
	fclose(f);
	return n;
}

/* State letter of the first thread, as ps shows it. */
static char state_of_leader(void)
{
	char path[64], text[512], *s;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", getpid());
	f = fopen(path, "r");
	if (!f)
		return 'X';
	CHECK(fgets(text, sizeof(text), f));
	fclose(f);
	s = strrchr(text, ')');
	return s ? s[2] : 0;
}

static void opens_files(void)
{
	char text[4096];
	int fd = open("/proc/self/maps", O_RDONLY);

	CHECK(fd >= 0 && read(fd, text, sizeof(text)) > 0 && close(fd) == 0);
	CHECK(readlink("/proc/self/exe", text, sizeof(text)) > 0);
	CHECK(access("/proc/self/cmdline", R_OK) == 0);
}

static void grandchild(void)
{
	CHECK(syscall(SYS_gettid) == getpid());
	opens_files();
}

static void *survives(void *arg)
{
	struct itimerval soon = {{0, 0}, {0, 20000}};
	struct rlimit limit;
	char pid[16];
	char *argv[] = {self, pid, NULL};

	for (int i = 0; i < 5000 && state_of_leader() != 'Z'; i++)
		usleep(1000);
	CHECK(state_of_leader() == 'Z');
	CHECK(syscall(SYS_gettid) != getpid() && count_tasks() == 2);
	CHECK(kill(getpid(), SIGUSR1) == 0);
	for (int i = 0; i < 5000 && !handled; i++)
		usleep(1000);
	CHECK(handled == 1 && by == (pid_t)syscall(SYS_gettid));
	CHECK(syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1) == 0); /* it exists, and will not handle it */
	CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
	for (int i = 0; i < 5000 && handled < 2; i++)
		usleep(1000);
	CHECK(handled == 2 && by == (pid_t)syscall(SYS_gettid));
	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0 && getpgid(getpid()) == getpgrp());
	CHECK(in_child(grandchild) == 0);
	snprintf(pid, sizeof(pid), "%d", getpid());
	execv(self, argv);
	CHECK(!"executed");
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t t;

	self = argv[0];
	if (argc == 2) {
		CHECK(getpid() == atoi(argv[1]) && syscall(SYS_gettid) == getpid() && count_tasks() == 1);
		opens_files();
		puts("ok thread_without_leader");
		return 0;
	}
	CHECK(signal(SIGUSR1, handler) != SIG_ERR && signal(SIGALRM, handler) != SIG_ERR);
	CHECK(pthread_create(&t, NULL, survives, NULL) == 0);
	pthread_exit(NULL);
}
