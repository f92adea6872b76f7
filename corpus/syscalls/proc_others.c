/*
 * /proc of another process: its program, words, environment and name, while it runs, after it executed something else and
 * when it has ended.
 * qemu-arm 7.2 does not pass: it cannot execute ARM programs where no binfmt handler is registered.
 */
#include "check.h"

#include <limits.h>

static char text[8192];

static long contents(pid_t pid, const char *file)
{
	char name[64];
	int fd;
	long n, len = 0;

	snprintf(name, sizeof(name), "/proc/%d/%s", (int)pid, file);
	fd = open(name, O_RDONLY);
	if (fd < 0)
		return -1;
	while ((n = read(fd, text + len, sizeof(text) - 1 - (size_t)len)) > 0)
		len += n;
	close(fd);
	text[len] = 0;
	return n < 0 ? -1 : len;
}

static int as_child(void)
{
	char c = 'r';

	CHECK(write(1, &c, 1) == 1 && read(0, &c, 1) == 1);
	return 5;
}

int main(int argc, char **argv)
{
	char link[PATH_MAX], self[PATH_MAX], name[64], *const env[] = {"CHECK_MARK=other", NULL};
	int in[2], out[2], status;
	struct stat a, b;
	pid_t pid;
	char c;
	const char *own_name;
	long n;

	if (argc > 1)
		return as_child();
	CHECK(realpath(argv[0], self) && pipe(in) == 0 && pipe(out) == 0);
	own_name = strrchr(self, '/') + 1; /* the name in comm is cut after 15 bytes */
	pid = fork();
	if (pid == 0) {
		char *const words[] = {"its-name", "two", "", "last", NULL};

		CHECK(dup2(in[0], 0) == 0 && dup2(out[1], 1) == 1 && close(in[1]) == 0);
		execve(self, words, env);
		_exit(1);
	}
	CHECK(read(out[0], &c, 1) == 1);
	CHECK(contents(pid, "cmdline") == 19 && !memcmp(text, "its-name\0two\0\0last", 19));
	CHECK(contents(pid, "environ") > 0 && !strcmp(text, "CHECK_MARK=other"));
	CHECK(contents(pid, "comm") > 0 && !strncmp(text, own_name, strlen(text) - 1));
	snprintf(name, sizeof(name), "/proc/%d/exe", (int)pid);
	n = readlink(name, link, sizeof(link) - 1);
	CHECK(n > 0);
	link[n] = 0;
	CHECK(!strcmp(link, self) && stat(name, &a) == 0 && stat(self, &b) == 0 && a.st_ino == b.st_ino);
	CHECK(lstat(name, &a) == 0 && S_ISLNK(a.st_mode));
	CHECK(write(in[1], "g", 1) == 1 && waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT) == 0);
	CHECK(contents(pid, "cmdline") <= 0); /* it has ended: nothing to say */
	CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 5);
	CHECK(contents(pid, "cmdline") == -1 && errno == ENOENT);
	CHECK(contents(1, "cmdline") >= 0);
	puts("ok proc_others");
	return 0;
}
