/*
 * What execve refuses, and that the program goes on after it.
 * qemu-arm does not pass where no binfmt handler is registered: it cannot execute ARM programs.
 */
#include "check.h"

#include <limits.h>
#include <sys/stat.h>

static char self[PATH_MAX];

static int errno_of(const char *path)
{
	char *const words[] = {"x", NULL};

	errno = 0;
	CHECK(execve(path, words, words + 1) == -1);
	return errno;
}

static void copy_self(const char *name, long size)
{
	static char buf[65536];
	int in = open(self, O_RDONLY), out = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	long n;

	CHECK(in >= 0 && out >= 0);
	while (size && (n = read(in, buf, sizeof(buf))) > 0) {
		n = size > 0 && n > size ? size : n;
		CHECK(write(out, buf, (size_t)n) == n);
		size = size > 0 ? size - n : size;
	}
	close(in);
	close(out);
}

int main(int argc, char **argv)
{
	char long_name[PATH_MAX + 10];
	char *const words[] = {"x", "ran", NULL};
	char *bad_words[] = {"x", (char *)8, NULL};
	int fd, status;
	pid_t pid;

	if (argc > 1)
		return 33;
	CHECK(realpath(argv[0], self));
	enter_scratch_folder();
	CHECK(errno_of("missing") == ENOENT && errno_of("") == ENOENT);
	make_file("plain", "text");
	CHECK(errno_of("plain") == EACCES); /* no x bit */
	CHECK(errno_of("plain/below") == ENOTDIR);
	CHECK(mkdir("folder", 0755) == 0 && errno_of("folder") == EACCES);
	CHECK(chmod("plain", 0755) == 0 && errno_of("plain") == ENOEXEC);
	make_file("empty", "");
	CHECK(chmod("empty", 0755) == 0 && errno_of("empty") == ENOEXEC);
	copy_self("cut", 40);
	CHECK(errno_of("cut") == ENOEXEC);
	CHECK(symlink("round", "round") == 0 && errno_of("round") == ELOOP);
	memset(long_name, 'n', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = 0;
	CHECK(errno_of(long_name) == ENAMETOOLONG);
	long_name[300] = 0;
	CHECK(errno_of(long_name) == ENAMETOOLONG);
	CHECK_FAILS(syscall(SYS_execve, self, bad_words, NULL), EFAULT);
	CHECK_FAILS(syscall(SYS_execve, self, (char **)4, NULL), EFAULT);
	CHECK_FAILS(syscall(SYS_execve, self, words, (char **)4), EFAULT);
	/* Someone has it open for writing. */
	copy_self("program", -1);
	fd = open("program", O_WRONLY);
	CHECK(errno_of("program") == ETXTBSY);
	close(fd);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		execve("program", words, NULL);
		_exit(1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 33);
	puts("ok exec_errors");
	return 0;
}
