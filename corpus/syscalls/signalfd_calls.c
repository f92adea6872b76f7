/*
 * signalfd: what a record says of each sender, several in one read, changing the set, after fork, wrong arguments.
 * qemu-arm 7.2 does not pass: it does not look at the size of the set.
 */
#include "check.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/time.h>

static void sends(void)
{
	CHECK(sigqueue(getppid(), SIGRTMIN + 4, (union sigval){.sival_int = 12321}) == 0);
	_exit(6);
}

int main(void)
{
	struct signalfd_siginfo r[4];
	struct itimerval it = {{0, 0}, {0, 1000}};
	struct pollfd p;
	sigset_t set, small;
	pid_t pid;
	int fd;

	CHECK(sizeof(r[0]) == 128);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGALRM);
	sigaddset(&set, SIGRTMIN + 4);
	CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_FAILS(read(fd, r, sizeof(r)), EAGAIN);
	CHECK_FAILS(read(fd, r, 100), EINVAL);
	for (int i = 0; i < 3; i++)
		CHECK(sigqueue(getpid(), SIGRTMIN + 4, (union sigval){.sival_int = i}) == 0);
	raise(SIGUSR1);
	CHECK(read(fd, r, sizeof(r)) == sizeof(r));
	CHECK(r[0].ssi_signo == SIGUSR1 && r[0].ssi_code == SI_TKILL && r[0].ssi_pid == (uint32_t)getpid());
	for (int i = 1; i < 4; i++) {
		CHECK(r[i].ssi_signo == (uint32_t)SIGRTMIN + 4 && r[i].ssi_int == i - 1 && r[i].ssi_code == SI_QUEUE);
		CHECK(r[i].ssi_uid == getuid());
	}
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		sends();
	p = (struct pollfd){fd, POLLIN, 0};
	for (int seen = 0; seen < 2;) {
		CHECK(poll(&p, 1, 5000) == 1 && read(fd, r, sizeof(r[0])) == sizeof(r[0]));
		CHECK(r[0].ssi_pid == (uint32_t)pid);
		if (r[0].ssi_signo == SIGCHLD)
			CHECK(r[0].ssi_code == CLD_EXITED && r[0].ssi_status == 6);
		else
			CHECK(r[0].ssi_int == 12321);
		seen++;
	}
	CHECK(waitpid(pid, NULL, 0) == pid);
	CHECK(setitimer(ITIMER_REAL, &it, NULL) == 0 && poll(&p, 1, 5000) == 1);
	CHECK(read(fd, r, sizeof(r)) == sizeof(r[0]) && r[0].ssi_signo == SIGALRM && r[0].ssi_code == SI_KERNEL);
	/* The same descriptor with another set; what it does not name waits elsewhere. */
	sigemptyset(&small);
	sigaddset(&small, SIGUSR1);
	CHECK(signalfd(fd, &small, 0) == fd);
	CHECK(kill(getpid(), SIGALRM) == 0);
	CHECK(poll(&p, 1, 0) == 0);
	CHECK(sigtimedwait(&set, NULL, &(struct timespec){0, 0}) == SIGALRM);
	CHECK_FAILS(signalfd(0, &set, 0), fcntl(0, F_GETFD) < 0 ? EBADF : EINVAL);
	CHECK_FAILS(signalfd(-1, &set, 0x40), EINVAL);
	CHECK_FAILS(syscall(SYS_signalfd4, -1, &set, 4, 0), EINVAL);
	puts("ok signalfd_calls");
	return 0;
}
