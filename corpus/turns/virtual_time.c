/*
 * What may move the clock and what may not. Prints times that must repeat, though a child process answers after a real
 * time of its own, and sleeps that cost processor time none.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts))
		exit(2);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static void show(const char *what)
{
	printf("%s %lld %lld\n", what, now(CLOCK_MONOTONIC), now(CLOCK_PROCESS_CPUTIME_ID));
	fflush(stdout);
}

static void fail(const char *what)
{
	printf("FAILED %s (%s)\n", what, strerror(errno));
	exit(1);
}

/* Processor time in hundredths of seconds is what ran, though the clock has gone on by a quarter of an hour. */
static void sleeping(void)
{
	struct tms before, after;
	clock_t from = times(&before), to;

	sleep(900);
	to = times(&after);
	if (to - from < 90000 || to - from > 90010)
		fail("times counts all time");
	if (after.tms_utime - before.tms_utime > 10)
		fail("a sleep uses no processor time");
}

/* A call that does not wait has not waited as long as it might. */
static void not_waiting(void)
{
	struct timeval tv = {1000, 0};
	long long before;
	char byte;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) || setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)))
		fail("socketpair");
	before = now(CLOCK_MONOTONIC);
	if (recv(ends[0], &byte, 1, MSG_DONTWAIT) != -1 || errno != EAGAIN)
		fail("recv");
	if (now(CLOCK_MONOTONIC) - before > 100000000)
		fail("MSG_DONTWAIT takes no time");
	tv = (struct timeval){0, 50000};
	setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	before = now(CLOCK_MONOTONIC);
	if (recv(ends[0], &byte, 1, 0) != -1 || errno != EAGAIN)
		fail("recv with a limit");
	if (now(CLOCK_MONOTONIC) - before < 50000000)
		fail("a limit takes its time");
	close(ends[0]);
	close(ends[1]);
}

static void *stands_by(void *fd_at)
{
	char byte;

	return (void *)(long)read(*(int *)fd_at, &byte, 1);
}

/* An answer from outside, which is asked for more or less often: no time passes here. */
static void answered(const char *what, int use_waitid)
{
	struct rusage usage = {.ru_minflt = 7};
	int answer[2], idle[2];
	siginfo_t info;
	pthread_t t;
	char byte = 0;
	pid_t pid;

	if (pipe(answer) || pipe(idle))
		fail("pipe");
	pid = fork();
	if (!pid) {
		usleep(3000); /* more or less, and some work */
		for (volatile int i = 0; i < 100000; i++)
			continue;
		_exit(write(answer[1], "x", 1) != 1);
	}
	if (pthread_create(&t, NULL, stands_by, &idle[0]))
		fail("pthread_create");
	usleep(1000); /* it stands by now, whether the answer comes late or is there */
	if (read(answer[0], &byte, 1) != 1 || byte != 'x')
		fail("read");
	show(what);
	if (use_waitid) {
		if (syscall(SYS_waitid, P_PID, pid, &info, WEXITED, &usage) || info.si_pid != pid)
			fail("waitid");
		printf("%ld %ld\n", (long)usage.ru_minflt, (long)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec));
	} else if (wait(NULL) != pid) {
		fail("wait");
	}
	show(what);
	close(idle[1]);
	pthread_join(t, NULL);
	close(idle[0]);
	close(answer[0]);
	close(answer[1]);
}

int main(void)
{
	show("begin");
	not_waiting();
	show("asked");
	sleeping();
	show("slept");
	for (int i = 0; i < 5; i++)
		answered("answered", i % 2);
	return 0;
}
