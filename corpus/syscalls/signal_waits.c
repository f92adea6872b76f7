/* sigtimedwait and sigsuspend: what they take, in which order, with times of 64 bits; signals sent while waiting. */
#include "check.h"

#ifdef __arm__
#define NR_TIMEDWAIT64 421
#else
#define NR_TIMEDWAIT64 SYS_rt_sigtimedwait
#endif

struct kernel_time {
	int64_t sec, nsec;
};

static volatile sig_atomic_t count;

static void on_signal(int sig)
{
	(void)sig;
	count++;
}

static void sends_later(void)
{
	usleep(30000);
	CHECK(sigqueue(getppid(), SIGRTMIN + 1, (union sigval){.sival_int = 99}) == 0);
	usleep(30000);
	CHECK(kill(getppid(), SIGUSR1) == 0);
}

int main(void)
{
	struct kernel_time t = {0, 20000000};
	struct sigaction sa = {.sa_handler = on_signal};
	struct timespec a, b;
	sigset_t set, old, all;
	siginfo_t info;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN + 1);
	sigaddset(&set, SIGRTMIN + 2);
	CHECK(sigprocmask(SIG_BLOCK, &set, &old) == 0);
	clock_gettime(CLOCK_MONOTONIC, &a);
	CHECK_FAILS(syscall(NR_TIMEDWAIT64, &set, &info, &t, 8), EAGAIN);
	clock_gettime(CLOCK_MONOTONIC, &b);
	CHECK((b.tv_sec - a.tv_sec) * 1000000000ll + b.tv_nsec - a.tv_nsec >= 20000000);
	CHECK(sigqueue(getpid(), SIGRTMIN + 2, (union sigval){.sival_int = 2}) == 0);
	CHECK(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 1}) == 0 && raise(SIGUSR1) == 0);
	t = (struct kernel_time){0, 0};
	CHECK(syscall(NR_TIMEDWAIT64, &set, &info, &t, 8) == SIGUSR1 && info.si_signo == SIGUSR1);
	CHECK(info.si_code == SI_TKILL);
	CHECK(syscall(NR_TIMEDWAIT64, &set, &info, NULL, 8) == SIGRTMIN + 1 && info.si_value.sival_int == 1);
	CHECK(syscall(NR_TIMEDWAIT64, &set, NULL, NULL, 8) == SIGRTMIN + 2);
	CHECK_FAILS(syscall(NR_TIMEDWAIT64, &set, &info, &t, 8), EAGAIN);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		sends_later();
		_exit(0);
	}
	CHECK(sigwaitinfo(&set, &info) == SIGRTMIN + 1 && info.si_pid == pid && info.si_value.sival_int == 99);
	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
	sigfillset(&all);
	sigdelset(&all, SIGUSR1);
	CHECK_FAILS(sigsuspend(&all), EINTR);
	CHECK(count == 1);
	CHECK(sigprocmask(SIG_BLOCK, NULL, &all) == 0 && sigismember(&all, SIGUSR1));
	CHECK(sigismember(&all, SIGRTMIN + 1) && !sigismember(&all, SIGHUP));
	while (waitpid(pid, NULL, 0) != pid)
		CHECK(errno == EINTR);
	/* An unblocked signal goes to its handler, not to the wait. */
	CHECK(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
	raise(SIGUSR1);
	CHECK(count == 2);
	CHECK_FAILS(syscall(NR_TIMEDWAIT64, &set, &info, &t, 8), EAGAIN);
	t.nsec = 1000000000;
	CHECK_FAILS(syscall(NR_TIMEDWAIT64, &set, &info, &t, 8), EINVAL);
	CHECK_FAILS(syscall(NR_TIMEDWAIT64, &set, &info, NULL, 4), EINVAL);
	CHECK_FAILS(syscall(NR_TIMEDWAIT64, (void *)8, &info, NULL, 8), EFAULT);
	puts("ok signal_waits");
	return 0;
}
