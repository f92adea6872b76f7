/*
 * Processes: fork with copied memory, wait statuses, pipes between children, vfork and execve of this very
 * program with arguments and environment, a script with this program as its interpreter, exec failures.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char self[PATH_MAX], script[PATH_MAX + 64];

static void show_status(const char *what, int status)
{
	if (WIFEXITED(status))
		printf("%s: exit %d\n", what, WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		printf("%s: signal %d\n", what, WTERMSIG(status));
	else
		printf("%s: other\n", what);
	fflush(stdout);
}

static int wait_for(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static void plain_fork(void)
{
	static int shared = 1;
	pid_t pid = fork();

	if (pid == 0) {
		shared = 99;
		_exit(shared == 99 && getppid() != getpid() ? 42 : 1);
	}
	show_status("fork", wait_for(pid));
	printf("parent's copy %d\n", shared);
	fflush(stdout);
	if ((pid = fork()) == 0) {
		raise(SIGTERM);
		_exit(1);
	}
	show_status("killed child", wait_for(pid));
	printf("no more children: %d\n", waitpid(-1, NULL, 0) < 0 && errno == ECHILD);
	fflush(stdout);
}

/* 1 MB through a pipe, summed by the child: more than the pipe holds, so both sides block in turn. */
static void pipeline(void)
{
	int ends[2];
	char block[4096];
	unsigned long sum = 0;
	pid_t pid;

	if (pipe(ends) || (pid = fork()) < 0)
		exit(1);
	if (pid == 0) {
		ssize_t n;

		close(ends[1]);
		while ((n = read(ends[0], block, sizeof(block))) > 0)
			for (ssize_t i = 0; i < n; i++)
				sum += (unsigned char)block[i];
		printf("pipe sum %lu\n", sum);
		fflush(stdout);
		_exit(0);
	}
	close(ends[0]);
	for (int i = 0; i < 256; i++) {
		memset(block, i, sizeof(block));
		if (write(ends[1], block, sizeof(block)) != sizeof(block))
			exit(1);
	}
	close(ends[1]);
	show_status("pipe reader", wait_for(pid));
}

static void exec_self(void)
{
	char *const args[] = { (char *)"renamed", (char *)"child", (char *)"two words", (char *)"", NULL };
	char *const env[] = { (char *)"ONLY=this", NULL };
	pid_t pid = vfork();

	if (pid == 0) {
		execve(self, args, env);
		_exit(126);
	}
	show_status("vfork and exec", wait_for(pid));
	if (posix_spawn(&pid, self, NULL, NULL, args, env) == 0)
		show_status("posix_spawn", wait_for(pid));
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		exit(1);
	fchmod(fd, mode);
	close(fd);
}

static void try_exec(const char *what, const char *path)
{
	char *const args[] = { (char *)"try", NULL }, *const env[] = { NULL };
	pid_t pid = fork();

	if (pid == 0) {
		execve(path, args, env);
		_exit(errno == ENOENT ? 1 : errno == EACCES ? 2 : errno == ENOEXEC ? 3 : 4);
	}
	show_status(what, wait_for(pid));
}

static void scripts_and_failures(void)
{
	char dir[] = "/tmp/corpus-fork_exec-XXXXXX";

	if (!mkdtemp(dir) || chdir(dir))
		exit(1);
	snprintf(script, sizeof(script), "#! %s  child script option \nignored\n", self);
	write_file("script", script, 0755);
	write_file("nonsense", "neither ELF nor script\n", 0755);
	write_file("plain", "#!/bin/sh\n", 0644);
	try_exec("script", "./script");
	try_exec("missing", "./missing");
	try_exec("not executable", "./plain");
	try_exec("directory", ".");
	try_exec("nonsense", "./nonsense");
	unlink("script");
	unlink("nonsense");
	unlink("plain");
	rmdir(dir);
}

static int child(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		printf("  argument [%s]\n", strstr(argv[i], "/script") ? "./script" : argv[i]);
	printf("  ONLY=%s\n", getenv("ONLY") ? getenv("ONLY") : "(unset)");
	return argc;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strncmp(argv[1], "child", 5))
		return child(argc, argv);
	if (!realpath("/proc/self/exe", self))
		return 1;
	plain_fork();
	pipeline();
	exec_self();
	scripts_and_failures();
	return 0;
}
