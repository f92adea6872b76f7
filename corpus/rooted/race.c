/*
 * A folder and a link to a folder of the host's change places all the time, while others open, ask for and change what is
 * in them. Nobody may ever get to the host's: argv[1] is a folder that exists on the host and not in the root, argv[2] a
 * file in it that everybody may read.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile int ended;
static volatile long turns;

static void *turn(void *folder)
{
	int at = *(int *)folder; /* the working folder changes */

	while (!ended) {
		if (renameat2(at, "x", at, "y", RENAME_EXCHANGE))
			_exit(2);
		turns++;
	}
	return folder;
}

static void never(int reached, const char *by)
{
	if (!reached)
		return;
	printf("the host's was reached by %s\n", by);
	fflush(stdout);
	_exit(1);
}

/* Names on the way. */
static void try_file(const char *file, int root, int events)
{
	struct stat st;
	int fd;

	fd = open(file, O_RDONLY);
	never(fd >= 0, "open");
	fd = openat(root, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	never(fd >= 0, "openat");
	fd = open(file, O_PATH);
	never(fd >= 0, "open, O_PATH");
	never(!stat(file, &st), "stat");
	never(!lstat(file, &st), "lstat");
	never(!access(file, F_OK), "access");
	never(!chmod(file, 0644) || errno == EPERM || errno == EROFS, "chmod");
	never(inotify_add_watch(events, file, IN_ATTRIB) >= 0, "inotify_add_watch");
	never(!link(file, "stolen"), "link");
	never(!syscall(SYS_truncate, file, 100000000) || errno == EACCES, "truncate");
	never(!chdir(file) || errno == EACCES, "chdir");
}

/* The last name. */
static void try_folder(const char *name, int root, const struct stat *own)
{
	int fd = open("x", O_RDONLY | O_DIRECTORY);
	struct stat st;

	never(fd >= 0 && !faccessat(fd, name, F_OK, 0), "open of the folder");
	never(!stat("x", &st) && st.st_ino != own->st_ino, "stat of the folder");
	errno = 0;
	never(chmod("x", 0755) && errno == EPERM, "chmod of the folder");
	never(chdir("x") == 0 && !access(name, F_OK), "chdir");
	if (fchdir(root))
		_exit(5);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	int seconds = argc > 3 ? atoi(argv[3]) : 1, root, events = inotify_init();
	char file[300], up[300];
	pthread_t other;
	time_t end;
	struct stat own;
	long tries = 0;

	snprintf(file, sizeof(file), "x/%s", argv[2]);
	snprintf(up, sizeof(up), "y/../x/%s", argv[2]);
	if (!geteuid())
		return 6; /* what is reached could be harmed */
	if (mkdir("x", 0755) || mkdir("x/deep", 0755) || symlink(argv[1], "y") || stat("x", &own))
		return 3;
	root = open(".", O_RDONLY | O_DIRECTORY);
	if (pthread_create(&other, NULL, turn, &root))
		return 4;
	for (end = time(NULL) + seconds + 1; time(NULL) < end; tries++) {
		try_file(file, root, events);
		try_file(up, root, events);
		try_folder(argv[2], root, &own);
	}
	ended = 1;
	pthread_join(other, NULL);
	if (tries < 20 || turns < 20)
		printf("only %ld tries and %ld turns\n", tries, turns);
	puts("ok race");
	return 0;
}
