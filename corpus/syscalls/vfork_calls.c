/*
 * vfork and posix_spawn: the parent waits, errors of the execution come back, file actions, attributes, many in a row.
 * qemu-arm does not pass where no binfmt handler is registered: it cannot execute ARM programs.
 */
#include "check.h"

#include <sched.h>
#include <spawn.h>

extern char **environ;

static int run(const char *self, const char *what, posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes)
{
	char *const words[] = {"spawned", (char *)(uintptr_t)what, NULL};
	int status;
	pid_t pid;

	CHECK(posix_spawn(&pid, self, actions, attributes, words, environ) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int as_child(const char *what)
{
	struct sigaction sa;
	sigset_t set;
	char buf[8];

	if (!strcmp(what, "files")) {
		CHECK(fcntl(50, F_GETFD) == 0 && fcntl(51, F_GETFD) == -1);
		return read(0, buf, 8) == 4 && !memcmp(buf, "text", 4) ? 3 : 4;
	}
	if (!strcmp(what, "attributes")) {
		sigprocmask(SIG_BLOCK, NULL, &set);
		sigaction(SIGUSR1, NULL, &sa);
		CHECK(sigismember(&set, SIGHUP) && !sigismember(&set, SIGINT) && sa.sa_handler == SIG_DFL);
		return getpgrp() == getpid() ? 5 : 6;
	}
	return 9;
}

int main(int argc, char **argv)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char *const words[] = {"x", NULL};
	struct timespec a, b;
	sigset_t set;
	int status, ends[2];
	pid_t pid;
	char c;

	if (argc > 1)
		return as_child(argv[1]);
	enter_scratch_folder();
	make_file("file", "text");
	/* The parent goes on when the child ends or executes, not before. */
	clock_gettime(CLOCK_MONOTONIC, &a);
	pid = vfork();
	if (pid == 0) {
		usleep(30000);
		_exit(11);
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	CHECK((b.tv_sec - a.tv_sec) * 1000000000ll + b.tv_nsec - a.tv_nsec >= 30000000);
	CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 11);
	CHECK(pipe(ends) == 0);
	pid = vfork();
	if (pid == 0) {
		close(ends[0]); /* descriptors are the child's own */
		(void)!write(ends[1], "v", 1);
		execl("/proc/self/exe", "x", "nothing", (char *)NULL);
		_exit(100);
	}
	CHECK(read(ends[0], &c, 1) == 1 && waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 9);
	CHECK(posix_spawn(&pid, "./missing", NULL, NULL, words, environ) == ENOENT);
	CHECK(posix_spawn(&pid, "file", NULL, NULL, words, environ) == EACCES);
	CHECK_FAILS(waitpid(-1, &status, 0), ECHILD);
	CHECK(posix_spawn_file_actions_init(&actions) == 0);
	CHECK(posix_spawn_file_actions_addopen(&actions, 0, "file", O_RDONLY, 0) == 0);
	CHECK(posix_spawn_file_actions_adddup2(&actions, ends[1], 50) == 0);
	CHECK(posix_spawn_file_actions_adddup2(&actions, 50, 51) == 0);
	CHECK(posix_spawn_file_actions_addclose(&actions, 51) == 0);
	CHECK(run("/proc/self/exe", "files", &actions, NULL) == 3);
	CHECK(posix_spawnattr_init(&attributes) == 0 && posix_spawnattr_setpgroup(&attributes, 0) == 0);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	CHECK(posix_spawnattr_setsigmask(&attributes, &set) == 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	signal(SIGUSR1, SIG_IGN);
	CHECK(posix_spawnattr_setsigdefault(&attributes, &set) == 0);
	CHECK(posix_spawnattr_setflags(&attributes,
				       POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) == 0);
	CHECK(run("/proc/self/exe", "attributes", NULL, &attributes) == 5);
	for (int i = 0; i < 30; i++)
		CHECK(run("/proc/self/exe", "again", NULL, NULL) == 9);
	puts("ok vfork_calls");
	return 0;
}
