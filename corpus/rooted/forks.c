/*
 * One thread goes through links all the time, another forks: no child has more descriptors than the program itself.
 * Needs a root with /etc/motd and a folder /spot that can be written to.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 200, DESCRIPTORS = 20 };

static volatile int failed;

static void *walk(void *unused)
{
	struct stat st;

	while (!failed)
		failed |= stat("/spot/link/motd", &st);
	return unused;
}

static int descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < DESCRIPTORS; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

int main(void)
{
	int before = descriptors(), more = 0;
	pthread_t id;

	unlink("/spot/link");
	if (symlink("/etc", "/spot/link") || pthread_create(&id, NULL, walk, NULL))
		return 2;
	for (int i = 0; i < CHILDREN && !failed; i++) {
		pid_t pid = fork();
		int status = -1;

		if (!pid)
			_exit(descriptors() != before);
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			return 3;
		more += status != 0;
	}
	if (more || failed)
		printf("%d children had other descriptors, failed %d\n", more, failed);
	puts("ok forks");
	return 0;
}
