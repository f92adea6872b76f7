/*
 * vfork and posix_spawn: the child works in its parent's memory, so a failed execve is the parent's error.
 * qemu-arm 7.2 does not pass: its vfork is a fork.
 */
#include "check.h"

#include <spawn.h>
#include <sys/resource.h>

extern char **environ;

static volatile int seen;

int main(int argc, char **argv)
{
	char *words[] = {argv[0], "again", NULL};
	char *self = realpath(argv[0], NULL);
	struct rlimit before, limit;
	int status;
	pid_t pid;

	if (argc > 1)
		return 7;
	for (volatile int i = 0; i < 50; i++) {
		pid = vfork();
		if (!pid) {
			seen = i + 1;
			if (i & 1)
				_exit(3);
			execv(self, words);
			_exit(4);
		}
		CHECK(pid > 0 && seen == i + 1);
		CHECK(waitpid(pid, &status, 0) == pid && status == (i & 1 ? 3 : 7) << 8);
		CHECK(posix_spawn(&pid, "/no/such/program", NULL, NULL, words, environ) == ENOENT);
		CHECK(posix_spawn(&pid, self, NULL, NULL, words, environ) == 0);
		CHECK(waitpid(pid, &status, 0) == pid && status == 7 << 8);
	}
	CHECK(getrlimit(RLIMIT_DATA, &before) == 0);
	limit = before;
	limit.rlim_cur = 50 << 20;
	pid = vfork();
	if (!pid)
		_exit(setrlimit(RLIMIT_DATA, &limit) == 0 ? 6 : 7);
	CHECK(waitpid(pid, &status, 0) == pid && status == 6 << 8);
	CHECK(getrlimit(RLIMIT_DATA, &limit) == 0 && limit.rlim_cur == before.rlim_cur); /* the child's own */
	pid = vfork();
	if (!pid) {
		kill(getpid(), SIGKILL);
		_exit(1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	pid = fork();
	if (!pid)
		_exit(9);
	CHECK(waitpid(pid, &status, 0) == pid && status == 9 << 8);
	puts("ok thread_vfork");
	return 0;
}
