/*
 * What a receiver learns about the sender: kill, tgkill, sigqueue, forged codes, and whom signal 0 finds.
 * qemu-arm 7.2 does not pass: it refuses codes of the program's own.
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

static long queue_info(pid_t pid, int sig, int code, int value)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_signo = sig;
	info.si_code = code;
	info.si_pid = 4321;
	info.si_uid = 99;
	info.si_value.sival_int = value;
	return syscall(SYS_rt_sigqueueinfo, pid, sig, &info);
}

static void forges(void)
{
	CHECK_FAILS(queue_info(getppid(), SIGUSR1, SI_USER, 0), EPERM);
	CHECK_FAILS(queue_info(getppid(), SIGUSR1, SI_TKILL, 0), EPERM);
	CHECK_FAILS(queue_info(getppid(), SIGUSR1, 7, 0), EPERM);
	CHECK(queue_info(getppid(), SIGUSR1, SI_QUEUE, 31) == 0);
}

static void waits(void)
{
	pause();
}

int main(void)
{
	struct sigaction sa = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_RESTART};
	siginfo_t info = {.si_code = SI_QUEUE};
	pid_t pid;
	int status;

	signal(SIGINT, SIG_DFL); /* a shell starts background jobs without */
	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0 && sigaction(SIGRTMIN, &sa, NULL) == 0);
	CHECK(kill(getpid(), SIGUSR1) == 0);
	CHECK(count == 1 && last.si_code == SI_USER && last.si_pid == getpid() && last.si_uid == getuid());
	CHECK(syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1) == 0);
	CHECK(count == 2 && last.si_code == SI_TKILL && last.si_pid == getpid());
	CHECK(syscall(SYS_tkill, getpid(), SIGUSR1) == 0 && count == 3 && last.si_code == SI_TKILL);
	CHECK(sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 0x7fffffff}) == 0);
	CHECK(count == 4 && last.si_code == SI_QUEUE && last.si_value.sival_int == 0x7fffffff && last.si_errno == 0);
	/* To itself a process may say anything; the kernel passes on what was given. */
	CHECK(queue_info(getpid(), SIGRTMIN, -42, 1234) == 0);
	CHECK(count == 5 && last.si_code == -42 && last.si_pid == 4321 && last.si_uid == 99);
	CHECK(last.si_value.sival_int == 1234);
	info.si_value.sival_int = 55;
	CHECK(syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGRTMIN, &info) == 0);
	CHECK(count == 6 && last.si_value.sival_int == 55 && last.si_signo == SIGRTMIN);
	CHECK(in_child(forges) == 0);
	CHECK(count == 7 && last.si_value.sival_int == 31);
	CHECK(kill(getpid(), 0) == 0 && syscall(SYS_tgkill, getpid(), getpid(), 0) == 0);
	CHECK_FAILS(syscall(SYS_tgkill, getpid(), 99999999, SIGUSR1), ESRCH);
	CHECK_FAILS(syscall(SYS_tgkill, getppid(), getpid(), SIGUSR1), ESRCH);
	CHECK_FAILS(syscall(SYS_tgkill, 0, getpid(), SIGUSR1), EINVAL);
	CHECK_FAILS(kill(getpid(), 65), EINVAL);
	CHECK_FAILS(kill(getpid(), -1), EINVAL);
	CHECK_FAILS(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, (void *)4), EFAULT);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		waits();
		_exit(0);
	}
	CHECK(kill(pid, SIGINT) == 0 && waitpid(pid, &status, 0) == pid && WTERMSIG(status) == SIGINT);
	CHECK_FAILS(kill(pid, 0), ESRCH);
	puts("ok signal_senders");
	return 0;
}
