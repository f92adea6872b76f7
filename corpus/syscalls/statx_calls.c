/* statx: masks, flags, relative names, times, what must be refused. */
#include "check.h"

#include <sys/sysmacros.h>

int main(void)
{
	struct statx x, y;
	struct timespec times[2] = {{1500000000, 987654321}, {1400000000, 123}};
	int dir, fd;

	enter_scratch_folder();
	make_file("file", "some text");
	CHECK(symlink("file", "link") == 0);
	CHECK(utimensat(AT_FDCWD, "file", times, 0) == 0);
	memset(&x, 0xee, sizeof(x));
	CHECK(statx(AT_FDCWD, "file", 0, STATX_BASIC_STATS | STATX_BTIME, &x) == 0);
	CHECK((x.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
	CHECK(x.stx_size == 9 && x.stx_nlink == 1 && S_ISREG(x.stx_mode) && x.stx_blksize >= 512);
	CHECK(x.stx_uid == getuid() && x.stx_gid == getegid());
	CHECK(x.stx_atime.tv_sec == 1500000000 && x.stx_atime.tv_nsec == 987654321);
	CHECK(x.stx_mtime.tv_sec == 1400000000 && x.stx_mtime.tv_nsec == 123);
	if (x.stx_mask & STATX_BTIME)
		CHECK(x.stx_btime.tv_sec > 1500000000 && x.stx_btime.tv_nsec < 1000000000);
	CHECK(statx(AT_FDCWD, "link", AT_SYMLINK_NOFOLLOW, STATX_TYPE | STATX_SIZE, &y) == 0);
	CHECK(S_ISLNK(y.stx_mode) && y.stx_size == 4);
	CHECK(statx(AT_FDCWD, "link", 0, STATX_INO, &y) == 0 && y.stx_ino == x.stx_ino);
	dir = open(".", O_RDONLY | O_DIRECTORY);
	CHECK(statx(dir, "file", AT_STATX_DONT_SYNC, STATX_SIZE, &y) == 0 && y.stx_size == 9);
	fd = open("file", O_RDONLY);
	CHECK(statx(fd, "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, STATX_SIZE, &y) == 0 && y.stx_size == 9);
	CHECK(statx(AT_FDCWD, "/dev/zero", 0, STATX_TYPE, &y) == 0);
	CHECK(S_ISCHR(y.stx_mode) && y.stx_rdev_major == 1 && y.stx_rdev_minor == 5);
	CHECK_FAILS(statx(fd, "", 0, STATX_SIZE, &y), ENOENT);
	CHECK_FAILS(statx(AT_FDCWD, "file", 0, 0x80000000u, &y), EINVAL);
	CHECK_FAILS(statx(AT_FDCWD, "file", 0x40000000, STATX_SIZE, &y), EINVAL);
	CHECK_FAILS(statx(AT_FDCWD, "file", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, STATX_SIZE, &y), EINVAL);
	CHECK_FAILS(statx(-1, "file", 0, STATX_SIZE, &y), EBADF);
	CHECK_FAILS(statx(fd, "below", 0, STATX_SIZE, &y), ENOTDIR);
	CHECK_FAILS(syscall(SYS_statx, AT_FDCWD, "file", 0, STATX_SIZE, (void *)8), EFAULT);
	puts("ok statx_calls");
	return 0;
}
