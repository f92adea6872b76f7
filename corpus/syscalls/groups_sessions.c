/*
 * Process groups and sessions: moving, foreground groups of a terminal, who may not, hang-up of a session's leader,
 * orphans and their adopter.
 * qemu-arm 7.2 does not pass: it does not know TIOCGSID.
 */
#include "check.h"

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <termios.h>

static volatile sig_atomic_t hung_up;

static void on_hangup(int sig)
{
	(void)sig;
	hung_up++;
}

static void groups(void)
{
	int ends[2], status;
	char c;
	pid_t pid;

	CHECK(pipe(ends) == 0);
	pid = fork();
	if (pid == 0) {
		CHECK(read(ends[0], &c, 1) == 1);
		_exit(getpgrp() == getpid() && getpgid(getppid()) != getpid() ? 0 : 1);
	}
	CHECK(setpgid(pid, pid) == 0 && getpgid(pid) == pid);
	CHECK_FAILS(setpgid(pid, 99999999), EPERM);
	CHECK_FAILS(setpgid(99999999, 0), ESRCH);
	CHECK_FAILS(setpgid(pid, -1), EINVAL);
	CHECK_FAILS(getpgid(99999999), ESRCH);
	CHECK_FAILS(getsid(99999999), ESRCH);
	CHECK(getsid(pid) == getsid(0));
	CHECK(write(ends[1], "g", 1) == 1 && waitpid(pid, &status, 0) == pid && status == 0);
	CHECK_FAILS(kill(-pid, 0), ESRCH);
}

/* In a session of its own, with a terminal. */
static void with_terminal(void)
{
	char name[64];
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave, status;
	pid_t pid, group = 0;

	CHECK(setsid() == getpid() && getsid(0) == getpid() && getpgrp() == getpid());
	CHECK_FAILS(setpgid(0, 0), EPERM); /* a leader stays */
	CHECK(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	CHECK(ptsname_r(master, name, sizeof(name)) == 0);
	CHECK_FAILS(open("/dev/tty", O_RDWR), ENXIO);
	slave = open(name, O_RDWR);
	CHECK(slave >= 0 && open("/dev/tty", O_RDWR) >= 0);
	CHECK(tcgetpgrp(slave) == getpid() && tcgetsid(slave) == getpid());
	CHECK(ioctl(slave, TIOCGPGRP, &group) == 0 && group == getpid());
	pid = fork();
	if (pid == 0) {
		CHECK(setpgid(0, 0) == 0);
		signal(SIGTTOU, SIG_DFL);
		tcsetpgrp(slave, getpgrp()); /* from the background: stops */
		_exit(tcgetpgrp(slave) == getpgrp() ? 9 : 10);
	}
	CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU);
	CHECK(tcsetpgrp(slave, pid) == 0 && tcgetpgrp(slave) == pid);
	CHECK(kill(pid, SIGCONT) == 0 && waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 9);
	signal(SIGTTOU, SIG_IGN);
	CHECK(tcsetpgrp(slave, getpgrp()) == 0);
	CHECK_FAILS(tcsetpgrp(slave, 99999999), ESRCH);
	signal(SIGHUP, on_hangup);
	close(master);
	for (int i = 0; i < 500 && !hung_up; i++)
		usleep(5000);
	CHECK(hung_up == 1);
}

static void orphans(void)
{
	int ends[2], on = 0, status;
	pid_t pid, grandchild = 0;

	CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_GET_CHILD_SUBREAPER, &on, 0, 0, 0) == 0 && on == 1);
	CHECK(pipe(ends) == 0);
	pid = fork();
	if (pid == 0) {
		pid_t parent = getpid(), own = fork();

		if (own == 0) {
			while (getppid() == parent)
				usleep(1000);
			own = getpid();
			CHECK(write(ends[1], &own, sizeof(own)) == sizeof(own));
			_exit(12);
		}
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(read(ends[0], &grandchild, sizeof(grandchild)) == sizeof(grandchild) && grandchild != pid);
	CHECK(waitpid(grandchild, &status, 0) == grandchild && WEXITSTATUS(status) == 12); /* it is ours now */
}

static void death_of_parent(void)
{
	int ends[2];
	pid_t pid;
	char c;

	CHECK(pipe(ends) == 0);
	pid = fork();
	if (pid == 0) {
		if (fork() == 0) {
			CHECK(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0);
			CHECK(write(ends[1], "r", 1) == 1);
			close(ends[0]);
			for (;;)
				pause();
		}
		CHECK(read(ends[0], &c, 1) == 1);
		_exit(0);
	}
	close(ends[1]);
	CHECK(waitpid(pid, NULL, 0) == pid);
	CHECK(read(ends[0], &c, 1) == 0); /* its end of the pipe is gone: it was killed */
}

int main(void)
{
	groups();
	CHECK(in_child(with_terminal) == 0);
	CHECK(in_child(orphans) == 0);
	CHECK(in_child(death_of_parent) == 0);
	puts("ok groups_sessions");
	return 0;
}
