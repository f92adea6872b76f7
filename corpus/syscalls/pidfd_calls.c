/* Descriptors of processes: opening, signalling, waiting with poll, taking another process's descriptor. */
#include "check.h"

#include <poll.h>

#define NR_PIDFD_SEND_SIGNAL 424
#define NR_PIDFD_OPEN 434
#define NR_PIDFD_GETFD 438

static volatile int value, code;

static void note(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	value = info->si_value.sival_int;
	code = info->si_code;
}

static void to_itself(void)
{
	struct sigaction sa = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
	siginfo_t info;
	int fd = (int)syscall(NR_PIDFD_OPEN, getpid(), 0);

	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
	CHECK(syscall(NR_PIDFD_SEND_SIGNAL, fd, SIGUSR1, NULL, 0) == 0 && code == SI_USER);
	memset(&info, 0, sizeof(info));
	info.si_signo = SIGUSR1;
	info.si_code = SI_QUEUE;
	info.si_value.sival_int = 909;
	CHECK(syscall(NR_PIDFD_SEND_SIGNAL, fd, SIGUSR1, &info, 0) == 0 && code == SI_QUEUE && value == 909);
	CHECK_FAILS(syscall(NR_PIDFD_SEND_SIGNAL, fd, SIGUSR2, &info, 0), EINVAL); /* the numbers disagree */
	CHECK_FAILS(syscall(NR_PIDFD_SEND_SIGNAL, 0, SIGUSR1, NULL, 0), EBADF);
	CHECK(syscall(NR_PIDFD_SEND_SIGNAL, fd, 0, NULL, 0) == 0);
	close(fd);
}

static void to_a_child(void)
{
	int ends[2], status, fd, got;
	struct pollfd p;
	char c;
	pid_t pid;

	CHECK(pipe(ends) == 0);
	pid = fork();
	if (pid == 0) {
		CHECK(dup2(ends[1], 200) == 200 && write(ends[1], "r", 1) == 1);
		for (;;)
			pause();
	}
	CHECK(read(ends[0], &c, 1) == 1);
	fd = (int)syscall(NR_PIDFD_OPEN, pid, 0);
	CHECK(fd >= 0);
	p = (struct pollfd){fd, POLLIN, 0};
	CHECK(poll(&p, 1, 0) == 0);
	got = (int)syscall(NR_PIDFD_GETFD, fd, 200, 0);
	if (got >= 0)
		CHECK(write(got, "z", 1) == 1 && read(ends[0], &c, 1) == 1 && c == 'z');
	else
		leave_out("pidfd_getfd");
	CHECK_FAILS(syscall(NR_PIDFD_GETFD, fd, 999, 0), got >= 0 ? EBADF : errno);
	CHECK_FAILS(syscall(NR_PIDFD_GETFD, fd, 200, 5), EINVAL);
	CHECK(syscall(NR_PIDFD_SEND_SIGNAL, fd, SIGTERM, NULL, 0) == 0);
	CHECK(poll(&p, 1, 5000) == 1 && p.revents & POLLIN);
	CHECK(waitpid(pid, &status, 0) == pid && WTERMSIG(status) == SIGTERM);
	CHECK_FAILS(syscall(NR_PIDFD_SEND_SIGNAL, fd, SIGTERM, NULL, 0), ESRCH);
}

int main(void)
{
	if (syscall(NR_PIDFD_OPEN, getpid(), 0) == -1 && errno == ENOSYS) {
		leave_out("pidfd_open");
		puts("ok pidfd_calls");
		return 0;
	}
	CHECK_FAILS(syscall(NR_PIDFD_OPEN, 0, 0), EINVAL);
	CHECK_FAILS(syscall(NR_PIDFD_OPEN, getpid(), 1), EINVAL);
	CHECK_FAILS(syscall(NR_PIDFD_OPEN, 99999999, 0), ESRCH);
	to_itself();
	to_a_child();
	puts("ok pidfd_calls");
	return 0;
}
