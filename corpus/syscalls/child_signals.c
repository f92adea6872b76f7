/*
 * SIGCHLD: what it says about ends, stops and continuations; SA_NOCLDSTOP; children nobody waits for.
 * qemu-arm 7.2 does not pass: SA_NOCLDSTOP does not reach the kernel.
 */
#include "check.h"

static volatile siginfo_t last;
static volatile sig_atomic_t count;

static void note(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	last = *info;
	count++;
}

static void install(int flags)
{
	struct sigaction sa = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | flags};

	CHECK(sigaction(SIGCHLD, &sa, NULL) == 0);
}

static void wait_for_signal(int n)
{
	sigset_t set, old;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &old);
	while (count < n)
		sigsuspend(&old);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static pid_t child(int how)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (how < 0)
			kill(getpid(), -how);
		_exit(how);
	}
	return pid;
}

static void ends(void)
{
	int status;
	pid_t pid;

	install(0);
	pid = child(42);
	wait_for_signal(1);
	CHECK(last.si_signo == SIGCHLD && last.si_code == CLD_EXITED && last.si_pid == pid && last.si_status == 42);
	CHECK(last.si_uid == getuid() && waitpid(pid, &status, 0) == pid);
	pid = child(-SIGKILL);
	wait_for_signal(2);
	CHECK(last.si_code == CLD_KILLED && last.si_status == SIGKILL && last.si_pid == pid);
	CHECK(waitpid(pid, &status, 0) == pid && WTERMSIG(status) == SIGKILL);
}

static void stops(void)
{
	int status;
	pid_t pid;

	count = 0;
	pid = child(-SIGSTOP);
	wait_for_signal(1);
	CHECK(last.si_code == CLD_STOPPED && last.si_status == SIGSTOP && last.si_pid == pid);
	CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	CHECK(kill(pid, SIGCONT) == 0);
	while (waitpid(pid, &status, WCONTINUED) != pid)
		CHECK(errno == EINTR);
	wait_for_signal(2);
	if (WIFCONTINUED(status))
		while (waitpid(pid, &status, 0) != pid)
			CHECK(errno == EINTR);
	CHECK(WIFEXITED(status));
}

/* With SA_NOCLDSTOP only the end is told. */
static void quiet_stops(void)
{
	int status;
	pid_t pid;

	install(SA_NOCLDSTOP);
	count = 0;
	pid = child(-SIGSTOP);
	CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) && count == 0);
	CHECK(kill(pid, SIGKILL) == 0);
	wait_for_signal(1);
	CHECK(last.si_code == CLD_KILLED && waitpid(pid, &status, 0) == pid);
}

static void unwaited(int ignore)
{
	struct sigaction sa = {.sa_handler = ignore ? SIG_IGN : SIG_DFL, .sa_flags = SA_NOCLDWAIT};
	struct sigaction now;
	pid_t pid;

	if (ignore)
		sa.sa_flags = 0;
	CHECK(sigaction(SIGCHLD, &sa, NULL) == 0 && sigaction(SIGCHLD, NULL, &now) == 0);
	CHECK((now.sa_flags & SA_NOCLDWAIT) == (sa.sa_flags & SA_NOCLDWAIT));
	pid = child(1);
	child(2);
	CHECK_FAILS(waitpid(-1, NULL, 0), ECHILD); /* waits for both ends, then there is nobody */
	CHECK_FAILS(kill(pid, 0), ESRCH);
}

int main(void)
{
	ends();
	stops();
	quiet_stops();
	unwaited(1);
	unwaited(0);
	puts("ok child_signals");
	return 0;
}
