/*
 * One thread makes the root the root again and again, while another goes through it by names with links in them and the
 * first takes every descriptor number that becomes free. To the kernel nothing ever changes, so no name may be missed.
 * Needs the right to chroot, and a root with /etc/motd and a folder /spot that can be written to.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROUNDS = 4000 };

static volatile int ended;
static volatile long walks;

static void *walk(void *unused)
{
	struct stat st;

	for (; !ended; walks++) {
		int fd = open("/spot/link/../spot/link/motd", O_RDONLY);

		if (fd < 0 || stat("/spot/link/motd", &st)) {
			printf("missed after %ld: %s\n", walks, strerror(errno));
			fflush(stdout);
			_exit(1);
		}
		close(fd);
	}
	return unused;
}

int main(void)
{
	pthread_t id;

	unlink("/spot/link");
	if (symlink("/etc", "/spot/link") || pthread_create(&id, NULL, walk, NULL))
		return 2;
	for (int i = 0; i < ROUNDS; i++) {
		int fd;

		if (chroot("/"))
			return 3;
		fd = open("/etc/motd", O_RDONLY);
		if (fd < 0)
			return 4;
		close(fd);
	}
	while (walks < 100)
		continue;
	ended = 1;
	pthread_join(id, NULL);
	puts("ok chroots");
	return 0;
}
