/*
 * Every way to random bytes, one word a line: calls, devices, each process that is made or executed. All are of the
 * number, and no two of them alike.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void show(const char *what, uint32_t word)
{
	printf("%s %08x\n", what, (unsigned)word);
	fflush(stdout);
}

static void show_own(const char *what)
{
	uint32_t word = 0, given;

	memcpy(&given, (const void *)getauxval(AT_RANDOM), sizeof(given));
	if (getrandom(&word, sizeof(word), 0) != sizeof(word))
		exit(2);
	show(what, word);
	show(what, given);
}

static void show_device(const char *name)
{
	uint32_t words[8] = {0};
	struct iovec v[3] = {{&words[1], 4}, {&words[2], 1}, {(char *)&words[2] + 1, 3}};
	int fd = open(name, O_RDONLY);

	if (read(fd, &words[0], 4) != 4 || readv(fd, v, 3) != 8 || pread(fd, &words[3], 4, 0) != 4)
		exit(2);
	v[0] = (struct iovec){&words[4], 4};
	if (preadv(fd, v, 1, 0) != 4)
		exit(2);
	v[0] = (struct iovec){&words[5], 4};
	if (preadv2(fd, v, 1, -1, 0) != 4 || pread(fd, &words[6], 4, -1) != -1 || words[6] || words[7])
		exit(2);
	for (int i = 0; i < 6; i++)
		show(name, words[i]);
	close(fd);
	fd = open(name, O_WRONLY);
	if (read(fd, words, 4) != -1)
		exit(2);
	close(fd);
}

static void await(pid_t pid)
{
	int status;

	if (pid <= 0 || waitpid(pid, &status, 0) != pid || status)
		exit(2);
}

int main(int argc, char **argv)
{
	char *child[] = {argv[0], "executed", NULL}, *last[] = {argv[0], "replaced", NULL};
	pid_t pid;

	if (argc > 1) {
		show_own(argv[1]);
		return 0;
	}
	show_own("own");
	show_device("/dev/urandom");
	show_device("/dev/random");
	for (int i = 0; i < 3; i++) {
		if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, child, environ))
			return 2;
		await(pid);
	}
	for (int i = 0; i < 2; i++) {
		pid = vfork();
		if (!pid) {
			execv("/proc/self/exe", child);
			_exit(3);
		}
		await(pid);
	}
	for (int i = 0; i < 2; i++) {
		pid = fork();
		if (!pid) {
			uint32_t word = 0;

			if (getrandom(&word, sizeof(word), 0) != sizeof(word))
				exit(2);
			show("forked", word);
			execv("/proc/self/exe", child);
			_exit(3);
		}
		await(pid);
	}
	execv("/proc/self/exe", last);
	return 3;
}
