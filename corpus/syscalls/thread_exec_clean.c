/*
 * What execve leaves of a process of several threads: one thread with the process's number, pending signals and the mask
 * stay, handlers become default, ignored ones stay ignored; alternate stack, timers and descriptors with close-on-exec go.
 * qemu-arm 7.2 does not pass: it starts no ARM program by execve.
 */
#include "check.h"

#include <pthread.h>
#include <sys/time.h>

static char *self;
static int closing, staying;

static void handler(int sig)
{
	(void)sig;
}

static void *waits(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void *executes(void *arg)
{
	char pid[16], kept[16], gone[16];
	stack_t mine = {.ss_sp = malloc(65536), .ss_size = 65536};
	char *argv[] = {self, pid, kept, gone, NULL};
	struct itimerval interval = {{0, 0}, {30, 0}};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	struct itimerspec soon = {{0, 0}, {0, 50000000}};
	timer_t timer;

	snprintf(pid, sizeof(pid), "%d", getpid());
	snprintf(kept, sizeof(kept), "%d", staying);
	snprintf(gone, sizeof(gone), "%d", closing);
	CHECK(sigaltstack(&mine, NULL) == 0);
	CHECK(kill(getpid(), SIGUSR2) == 0);
	CHECK(pthread_kill(pthread_self(), SIGRTMIN + 3) == 0);
	CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 && timer_settime(timer, 0, &soon, NULL) == 0);
	CHECK(setitimer(ITIMER_REAL, &interval, NULL) == 0);
	execv(self, argv);
	CHECK(!"executed");
	return arg;
}

static void check_after(char **argv)
{
	struct itimerval left;
	struct sigaction sa;
	sigset_t set;
	stack_t old;

	CHECK(getpid() == atoi(argv[1]) && syscall(SYS_gettid) == getpid());
	CHECK(fcntl(atoi(argv[2]), F_GETFD) == 0);
	CHECK_FAILS(fcntl(atoi(argv[3]), F_GETFD), EBADF);
	CHECK(pthread_sigmask(SIG_BLOCK, NULL, &set) == 0);
	CHECK(sigismember(&set, SIGUSR1) && sigismember(&set, SIGUSR2) && sigismember(&set, SIGRTMIN + 3));
	CHECK(!sigismember(&set, SIGTERM));
	usleep(100000);
	CHECK(sigpending(&set) == 0 && sigismember(&set, SIGUSR2) && sigismember(&set, SIGRTMIN + 3));
	CHECK(!sigismember(&set, SIGUSR1)); /* its timer is gone */
	CHECK(sigaltstack(NULL, &old) == 0 && old.ss_flags == SS_DISABLE);
	CHECK(sigaction(SIGTERM, NULL, &sa) == 0 && sa.sa_handler == SIG_DFL && sa.sa_flags == 0);
	CHECK(sigaction(SIGHUP, NULL, &sa) == 0 && sa.sa_handler == SIG_IGN);
	CHECK(getitimer(ITIMER_REAL, &left) == 0 && left.it_value.tv_sec >= 28); /* this one stays */
	puts("ok thread_exec_clean");
}

int main(int argc, char **argv)
{
	struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART};
	sigset_t set;
	pthread_t t;

	self = argv[0];
	if (argc == 4) {
		check_after(argv);
		return 0;
	}
	CHECK(sigaction(SIGTERM, &sa, NULL) == 0 && sigaction(SIGUSR2, &sa, NULL) == 0);
	CHECK(signal(SIGHUP, SIG_IGN) != SIG_ERR);
	sigemptyset(&set); /* for all threads, so that nobody handles what shall be pending */
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGRTMIN + 3);
	CHECK(pthread_sigmask(SIG_SETMASK, &set, NULL) == 0);
	staying = open("/dev/null", O_RDONLY);
	closing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CHECK(staying >= 0 && closing >= 0);
	for (int i = 0; i < 3; i++)
		CHECK(pthread_create(&t, NULL, waits, NULL) == 0);
	CHECK(pthread_create(&t, NULL, executes, NULL) == 0);
	pthread_join(t, NULL);
	return 1;
}
