/* waitid and waitpid: by process, group and descriptor; without taking; what each option asks for; clone's own bits. */
#include "check.h"

#include <sys/resource.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static pid_t exits(int code)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(code);
	return pid;
}

static pid_t pauses_in_group(pid_t group)
{
	pid_t pid = fork();

	if (pid == 0) {
		for (;;)
			pause();
	}
	CHECK(setpgid(pid, group) == 0);
	return pid;
}

static void by_kind(void)
{
	siginfo_t info;
	pid_t pid = exits(3), other = exits(4);
	int status, fd;

	CHECK(waitid(P_PID, (id_t)other, &info, WEXITED | WNOWAIT) == 0 && info.si_status == 4);
	CHECK(waitid(P_PID, (id_t)other, &info, WEXITED | WNOWAIT) == 0 && info.si_pid == other);
	CHECK(waitpid(other, &status, 0) == other && WEXITSTATUS(status) == 4);
	CHECK_FAILS(waitpid(other, &status, 0), ECHILD);
	CHECK(waitid(P_ALL, 0, &info, WEXITED) == 0 && info.si_pid == pid && info.si_code == CLD_EXITED);
	CHECK(info.si_signo == SIGCHLD && info.si_uid == getuid() && info.si_status == 3);
	pid = exits(5);
	fd = (int)syscall(434 /* pidfd_open */, pid, 0);
	if (fd >= 0) {
		CHECK(syscall(SYS_waitid, P_PIDFD, fd, &info, WEXITED, NULL) == 0 && info.si_pid == pid);
		CHECK_FAILS(syscall(SYS_waitid, P_PIDFD, fd, &info, WEXITED, NULL), ECHILD);
		CHECK_FAILS(syscall(SYS_waitid, P_PIDFD, 0, &info, WEXITED, NULL), EBADF);
	} else {
		CHECK(waitpid(pid, NULL, 0) == pid);
	}
}

static void by_group(void)
{
	pid_t a = pauses_in_group(0), b = pauses_in_group(a);
	int status;
	siginfo_t info;

	CHECK_FAILS(waitpid(-99999999, &status, 0), ECHILD);
	CHECK(waitpid(-a, &status, WNOHANG) == 0);
	CHECK(waitpid(0, &status, WNOHANG) == -1 && errno == ECHILD); /* nobody in our own group */
	CHECK(kill(-a, SIGSTOP) == 0);
	CHECK(waitid(P_PGID, (id_t)a, &info, WSTOPPED | WNOWAIT) == 0 && info.si_code == CLD_STOPPED);
	CHECK(info.si_status == SIGSTOP && (info.si_pid == a || info.si_pid == b));
	for (int i = 0; i < 2; i++)
		CHECK(waitid(P_PGID, (id_t)a, &info, WSTOPPED) == 0);
	CHECK(waitid(P_PGID, (id_t)a, &info, WSTOPPED | WNOHANG) == 0 && info.si_pid == 0);
	CHECK(kill(b, SIGCONT) == 0);
	CHECK(waitid(P_PID, (id_t)b, &info, WCONTINUED) == 0 && info.si_code == CLD_CONTINUED);
	CHECK(info.si_status == SIGCONT);
	CHECK(kill(-a, SIGKILL) == 0);
	CHECK(waitpid(-a, &status, 0) > 0 && WTERMSIG(status) == SIGKILL);
	CHECK(waitpid(-a, &status, 0) > 0);
	CHECK_FAILS(waitpid(-a, &status, 0), ECHILD);
}

static void wrong(void)
{
	siginfo_t info;
	struct rusage ru;
	pid_t pid = exits(0);
	int status;

	CHECK_FAILS(waitid(P_ALL, 0, &info, 0), EINVAL);
	CHECK_FAILS(waitid(P_ALL, 0, &info, WEXITED | 0x100), EINVAL);
	CHECK_FAILS(waitid((idtype_t)17, 0, &info, WEXITED), EINVAL);
	CHECK_FAILS(waitpid(pid, &status, 0x100), EINVAL);
	CHECK_FAILS(syscall(SYS_wait4, pid, (int *)4, 0, NULL), EFAULT); /* and the child is gone */
	CHECK_FAILS(waitpid(pid, &status, 0), ECHILD);
	pid = exits(9);
	CHECK(syscall(SYS_waitid, P_PID, pid, NULL, WEXITED, &ru) == 0 && ru.ru_maxrss > 0);
	pid = exits(1);
	CHECK(waitpid(pid, NULL, __WALL) == pid);
	pid = exits(1);
	CHECK_FAILS(waitpid(pid, NULL, __WCLONE), ECHILD);
	CHECK(waitpid(pid, NULL, __WNOTHREAD) == pid);
}

int main(void)
{
	by_kind();
	by_group();
	wrong();
	puts("ok wait_variants");
	return 0;
}
