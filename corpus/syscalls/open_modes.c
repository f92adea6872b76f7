/* open: creating and truncating, exclusive, appending, folders, places (O_PATH), links, devices, modes and flags kept. */
#include "check.h"

#include <limits.h>
#include <sys/ioctl.h>

static int contents_are(const char *text)
{
	char buf[64];
	int fd = open("file", O_RDONLY);
	long n = read(fd, buf, sizeof(buf));

	close(fd);
	return n == (long)strlen(text) && !memcmp(buf, text, (size_t)n);
}

int main(void)
{
	char buf[64], link[32];
	struct stat st;
	int fd, other;

	enter_scratch_folder();
	umask(022);
	fd = open("file", O_WRONLY | O_CREAT | O_EXCL, 0666);
	CHECK(fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0777) == 0644 && write(fd, "first", 5) == 5);
	CHECK_FAILS(read(fd, buf, 1), EBADF);
	CHECK_FAILS(open("file", O_WRONLY | O_CREAT | O_EXCL, 0666), EEXIST);
	fd = open("file", O_WRONLY | O_APPEND);
	CHECK(write(fd, "+", 1) == 1 && lseek(fd, 0, SEEK_SET) == 0 && write(fd, "+", 1) == 1);
	CHECK(contents_are("first++"));
	CHECK(fcntl(fd, F_SETFL, 0) == 0 && pwrite(fd, "F", 1, 0) == 1 && contents_are("First++"));
	CHECK((fcntl(fd, F_GETFL) & (O_APPEND | O_ACCMODE)) == O_WRONLY);
	CHECK(creat("file", 0600) >= 0 && contents_are(""));
	CHECK(open("file", O_RDONLY | O_TRUNC) >= 0);
	CHECK(mkdir("dir", 0755) == 0 && symlink("file", "link") == 0 && symlink("nowhere", "broken") == 0);
	CHECK_FAILS(open("dir", O_WRONLY), EISDIR);
	CHECK_FAILS(open("dir", O_RDWR | O_CREAT, 0600), EISDIR);
	CHECK_FAILS(open("file", O_RDONLY | O_DIRECTORY), ENOTDIR);
	CHECK_FAILS(open("link", O_RDONLY | O_NOFOLLOW), ELOOP);
	CHECK_FAILS(open("broken", O_RDONLY), ENOENT);
	CHECK_FAILS(open("broken", O_WRONLY | O_CREAT | O_EXCL, 0600), EEXIST);
	CHECK(open("broken", O_WRONLY | O_CREAT, 0600) >= 0 && access("nowhere", F_OK) == 0);
	fd = open("link", O_PATH | O_NOFOLLOW);
	CHECK(fd >= 0 && fstat(fd, &st) == 0 && S_ISLNK(st.st_mode) && readlinkat(fd, "", buf, sizeof(buf)) == 4);
	CHECK_FAILS(read(fd, buf, 1), EBADF);
	CHECK_FAILS(ioctl(fd, FIONREAD, buf), EBADF);
	CHECK((fcntl(fd, F_GETFL) & (O_PATH | O_NOFOLLOW)) == (O_PATH | O_NOFOLLOW));
	fd = open("dir", O_PATH | O_DIRECTORY);
	other = openat(fd, "inside", O_RDWR | O_CREAT | O_CLOEXEC | O_NOATIME, 0600);
	CHECK(other >= 0 && fcntl(other, F_GETFD) == FD_CLOEXEC && access("dir/inside", F_OK) == 0);
	CHECK(fcntl(other, F_GETFL) & O_NOATIME);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", other);
	CHECK(open(link, O_RDONLY) >= 0 && stat(link, &st) == 0 && S_ISREG(st.st_mode));
	CHECK_FAILS(open(link, O_RDONLY | O_NOFOLLOW), ELOOP);
	CHECK(openat(fd, "/dev/null", O_RDONLY) >= 0); /* an absolute name needs no folder */
	CHECK_FAILS(openat(other, "x", O_RDONLY), ENOTDIR);
	CHECK_FAILS(openat(-7, "x", O_RDONLY), EBADF);
	fd = open("file", O_RDWR | O_SYNC);
	CHECK((fcntl(fd, F_GETFL) & O_SYNC) == O_SYNC);
	fd = open("file", O_RDWR | O_DSYNC);
	CHECK((fcntl(fd, F_GETFL) & O_SYNC) == O_DSYNC);
	fd = open("file", O_RDWR | O_DIRECT);
	if (fd >= 0)
		CHECK(fcntl(fd, F_GETFL) & O_DIRECT);
	else
		leave_out("O_DIRECT");
	CHECK(write(open("/dev/null", O_WRONLY), buf, 64) == 64);
	CHECK(read(open("/dev/zero", O_RDONLY), buf, 64) == 64 && !buf[63]);
	CHECK_FAILS(write(open("/dev/full", O_WRONLY), buf, 1), ENOSPC);
	CHECK(mknod("node", S_IFIFO | 0600, 0) == 0 && lstat("node", &st) == 0 && S_ISFIFO(st.st_mode));
	CHECK(mknodat(AT_FDCWD, "plain", S_IFREG | 0640, 0) == 0 && stat("plain", &st) == 0 && st.st_size == 0);
	puts("ok open_modes");
	return 0;
}
