/*
 * fork, vfork, exec, wait in all forms, sessions, names, limits of children.
 * qemu-arm does not pass where no binfmt handler is registered: it cannot execute ARM programs.
 */
#include "check.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <spawn.h>

extern char **environ;

static void exits_3(void)
{
	_exit(3);
}

static void kills_itself(void)
{
	kill(getpid(), SIGTERM);
}

static void burns_time(void)
{
	volatile unsigned x = 1;

	for (unsigned i = 0; i < 20000000; i++)
		x = x * 3 + i;
}

static void waiting(void)
{
	struct rusage ru;
	siginfo_t info;
	int status;
	pid_t pid;

	CHECK(WEXITSTATUS(in_child(exits_3)) == 3);
	CHECK(WTERMSIG(in_child(kills_itself)) == SIGTERM);
	pid = fork();
	if (pid == 0) {
		burns_time();
		_exit(9);
	}
	CHECK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
	CHECK(info.si_signo == SIGCHLD && info.si_code == CLD_EXITED && info.si_pid == pid && info.si_status == 9);
	CHECK(wait4(pid, &status, 0, &ru) == pid && WEXITSTATUS(status) == 9);
	CHECK(ru.ru_utime.tv_sec * 1000000 + ru.ru_utime.tv_usec > 1000 && ru.ru_maxrss > 0);
	CHECK_FAILS(wait4(-1, &status, 0, NULL), ECHILD);
	pid = fork();
	if (pid == 0) {
		raise(SIGSTOP);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	CHECK(waitpid(pid, &status, WNOHANG) == 0);
	memset(&info, 1, sizeof(info));
	CHECK(waitid(P_ALL, 0, &info, WEXITED | WNOHANG) == 0 && info.si_signo == 0 && info.si_pid == 0);
	CHECK(kill(pid, SIGCONT) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void executing(const char *self)
{
	char *const spawn_args[] = {"name", "child", "spawned", NULL};
	char *const env[] = {"MARK=here", NULL};
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		execl(self, "vforked", "child", "17", (char *)NULL);
		_exit(100);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 17);
	CHECK(posix_spawn(&pid, self, NULL, NULL, spawn_args, env) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 41);
	CHECK_FAILS(execl("/missing/program", "x", (char *)NULL), ENOENT);
	CHECK_FAILS(execl("/", "x", (char *)NULL), EACCES);
	CHECK_FAILS(execl("/dev/null", "x", (char *)NULL), EACCES);
}

static void new_session(void)
{
	CHECK(setsid() == getpid());
	CHECK(getpgrp() == getpid() && getsid(0) == getpid());
	CHECK_FAILS(setsid(), EPERM);
}

static void attributes(void)
{
	char name[16] = "";
	int dead = -1;

	CHECK(prctl(PR_SET_NAME, "renamed", 0, 0, 0) == 0);
	CHECK(prctl(PR_GET_NAME, name, 0, 0, 0) == 0 && !strcmp(name, "renamed"));
	CHECK(prctl(PR_SET_PDEATHSIG, SIGHUP, 0, 0, 0) == 0);
	CHECK(prctl(PR_GET_PDEATHSIG, &dead, 0, 0, 0) == 0 && dead == SIGHUP);
	CHECK(prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) == 0);
	CHECK_FAILS(prctl(123456, 0, 0, 0, 0), EINVAL);
	umask(027);
	CHECK(umask(022) == 027);
	CHECK(getpgid(0) == getpgrp() && getppid() > 0);
	CHECK_FAILS(kill(999999999, 0), ESRCH);
}

static int as_child(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[2], "spawned"))
		return !strcmp(argv[0], "name") && getenv("MARK") && !strcmp(getenv("MARK"), "here") ? 41 : 42;
	return argc == 3 && !strcmp(argv[0], "vforked") ? atoi(argv[2]) : 43;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return as_child(argc, argv);
	waiting();
	executing(argv[0]);
	CHECK(in_child(new_session) == 0);
	attributes();
	puts("ok process_calls");
	return 0;
}
