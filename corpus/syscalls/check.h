/*
 * What every program in this folder uses: CHECK states what the kernel must do and ends the program where it does not.
 * Each file is one topic; its host build must pass on plain Linux before its ARM build says anything about xlate.
 */
#ifndef CHECK_H
#define CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static inline void check_at(int holds, const char *what, const char *file, int line)
{
	if (holds)
		return;
	printf("FAILED %s:%d: %s (errno %d, %s)\n", file, line, what, errno, strerror(errno));
	fflush(stdout);
	_exit(1);
}

#define CHECK(what) check_at(!!(what), #what, __FILE__, __LINE__)
/* The call fails, and with this errno. */
#define CHECK_FAILS(call, error) check_at((errno = 0, (long)(call) == -1 && errno == (error)), #call " fails with " #error, __FILE__, __LINE__)

/* A new empty folder in the current one, which it then is. It stays behind, so never in a checkout. */
static inline void enter_scratch_folder(void)
{
	char elsewhere[] = "/tmp/xlate-check-XXXXXX";
	char *name = access("pyproject.toml", F_OK) == 0 ? elsewhere : strrchr(elsewhere, '/') + 1;

	CHECK(mkdtemp(name));
	CHECK(chdir(name) == 0);
}

/* Exit status of a child that runs body(). */
static inline int in_child(void (*body)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		body();
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	return status;
}

static inline void make_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	CHECK(fd >= 0);
	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	CHECK(close(fd) == 0);
}

/* A condition that this machine, not the emulator, decides: say so and pass. */
static inline void leave_out(const char *what)
{
	printf("left out: %s (%s)\n", what, strerror(errno));
}

#endif
