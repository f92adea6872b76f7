/* open, openat, creat: flag bits whose numbers differ between ARM and x86-64. */
#include "check.h"

static void status_flags(void)
{
	int fd = open("file", O_RDWR | O_APPEND | O_NONBLOCK | O_LARGEFILE);
	int flags = fcntl(fd, F_GETFL);

	CHECK(fd >= 0);
	CHECK((flags & O_ACCMODE) == O_RDWR);
	CHECK(flags & O_APPEND);
	CHECK(flags & O_NONBLOCK);
	CHECK(!(flags & (O_DIRECTORY | O_NOFOLLOW)));
	CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
	CHECK((fcntl(fd, F_GETFL) & (O_APPEND | O_NONBLOCK)) == O_NONBLOCK);
	close(fd);
}

static void temporary_file(void)
{
	struct stat st;
	int fd = open(".", O_TMPFILE | O_RDWR, 0600);

	if (fd < 0) {
		CHECK(errno == EOPNOTSUPP);
		leave_out("O_TMPFILE");
		return;
	}
	CHECK(fstat(fd, &st) == 0 && st.st_nlink == 0);
	close(fd);
}

int main(void)
{
	int fd;

	enter_scratch_folder();
	make_file("file", "text");
	CHECK(symlink("file", "link") == 0);
	CHECK(mkdir("folder", 0755) == 0);

	CHECK_FAILS(open("file", O_RDONLY | O_DIRECTORY), ENOTDIR);
	fd = open("folder", O_RDONLY | O_DIRECTORY);
	CHECK(fd >= 0);
	CHECK(fcntl(fd, F_GETFL) & O_DIRECTORY);
	close(fd);
	CHECK_FAILS(open("link", O_RDONLY | O_NOFOLLOW), ELOOP);
	fd = open("link", O_PATH | O_NOFOLLOW);
	CHECK(fd >= 0);
	close(fd);
	CHECK_FAILS(open("file", O_CREAT | O_EXCL | O_WRONLY, 0600), EEXIST);
	CHECK_FAILS(open("folder", O_WRONLY), EISDIR);
	CHECK_FAILS(open("missing", O_RDONLY), ENOENT);
	fd = creat("new", 0640);
	CHECK(fd >= 0);
	CHECK(write(fd, "x", 1) == 1);
	CHECK_FAILS(read(fd, &fd, 1), EBADF);
	fd = open("file", O_RDONLY | O_CLOEXEC);
	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	fd = openat(AT_FDCWD, "file", O_RDWR | O_TRUNC);
	CHECK(lseek(fd, 0, SEEK_END) == 0);
	status_flags();
	temporary_file();
	puts("ok open_flags");
	return 0;
}
