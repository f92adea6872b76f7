/* /proc/self/fd and fdinfo: where links lead, positions and flags in ARM's numbers, reopening, what is not open. */
#include "check.h"

#include <dirent.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

static char *link_of(int fd)
{
	static char text[PATH_MAX];
	char name[64];
	long n;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, text, sizeof(text) - 1);
	CHECK(n > 0);
	text[n] = 0;
	return text;
}

static long long info(int fd, const char *field, int base)
{
	char name[64], text[1024], *at;
	int f;
	long n;

	snprintf(name, sizeof(name), "/proc/%d/fdinfo/%d", (int)getpid(), fd);
	f = open(name, O_RDONLY);
	CHECK(f >= 0);
	n = read(f, text, sizeof(text) - 1);
	CHECK(n > 0 && close(f) == 0);
	text[n] = 0;
	at = strstr(text, field);
	CHECK(at);
	return strtoll(at + strlen(field), NULL, base);
}

int main(void)
{
	char here[PATH_MAX], name[64];
	struct dirent *d;
	struct stat st;
	int fd, ends[2], seen = 0;
	DIR *dir;

	enter_scratch_folder();
	CHECK(getcwd(here, sizeof(here)));
	fd = open("file", O_RDWR | O_CREAT, 0600);
	CHECK(write(fd, "0123456789", 10) == 10 && lseek(fd, 4, SEEK_SET) == 4);
	CHECK(!strncmp(link_of(fd), here, strlen(here)) && !strcmp(link_of(fd) + strlen(here), "/file"));
	CHECK(info(fd, "pos:\t", 10) == 4);
	CHECK((info(fd, "flags:\t", 8) & O_ACCMODE) == O_RDWR);
	CHECK(unlink("file") == 0 && strstr(link_of(fd), "/file (deleted)"));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	CHECK(stat(name, &st) == 0 && st.st_size == 10 && lstat(name, &st) == 0 && S_ISLNK(st.st_mode));
	CHECK(open(name, O_RDONLY) >= 0 && truncate(name, 3) == 0 && fstat(fd, &st) == 0 && st.st_size == 3);
	CHECK(pipe(ends) == 0 && !strncmp(link_of(ends[0]), "pipe:[", 6));
	CHECK(!strcmp(link_of(epoll_create1(0)), "anon_inode:[eventpoll]"));
	CHECK(!strcmp(link_of(eventfd(0, 0)), "anon_inode:[eventfd]"));
	CHECK(!strcmp(link_of(open("/dev/null", O_RDONLY)), "/dev/null"));
	snprintf(name, sizeof(name), "/dev/fd/%d", ends[0]);
	CHECK(open(name, O_RDONLY | O_NONBLOCK) >= 0);
	close(ends[0]);
	CHECK_FAILS(open(name, O_RDONLY), ENOENT);
	CHECK_FAILS(readlink("/proc/self/fd/999", here, sizeof(here)), ENOENT);
	dir = opendir("/proc/self/fd");
	CHECK(dir);
	while ((d = readdir(dir))) {
		if (d->d_name[0] == '.')
			continue;
		CHECK(fcntl(atoi(d->d_name), F_GETFD) >= 0);
		CHECK(fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0);
		seen |= atoi(d->d_name) == fd;
	}
	CHECK(seen);
	CHECK(realpath("/proc/self/root", here) && !strcmp(here, "/"));
	puts("ok proc_descriptors");
	return 0;
}
