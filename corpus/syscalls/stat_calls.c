/* stat, lstat, fstat, fstatat, statx, statfs: the same facts through every shape of the structure. */
#include "check.h"

#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

static void large_file(void)
{
	struct stat64 st;
	int fd = open64("large", O_RDWR | O_CREAT, 0600);

	CHECK(fd >= 0);
	CHECK(ftruncate64(fd, 5000000000ll) == 0);
	CHECK(fstat64(fd, &st) == 0);
	CHECK(st.st_size == 5000000000ll);
	CHECK(pwrite64(fd, "end", 3, 4999999997ll) == 3);
	CHECK(lseek64(fd, -3, SEEK_END) == 4999999997ll);
	CHECK(truncate64("large", 4294967297ll) == 0);
	CHECK(stat64("large", &st) == 0 && st.st_size == 4294967297ll);
	CHECK(st.st_blocks < 1000);
	close(fd);
}

static void times(void)
{
	struct timespec set[2] = {{.tv_sec = 1000000007, .tv_nsec = 123456789}, {.tv_sec = 1111111111, .tv_nsec = 5}};
	struct stat64 st;

	CHECK(utimensat(AT_FDCWD, "file", set, 0) == 0);
	CHECK(stat64("file", &st) == 0);
	CHECK(st.st_atim.tv_sec == 1000000007 && st.st_atim.tv_nsec == 123456789);
	CHECK(st.st_mtim.tv_sec == 1111111111 && st.st_mtim.tv_nsec == 5);
	set[0].tv_nsec = UTIME_OMIT;
	set[1].tv_nsec = UTIME_NOW;
	CHECK(utimensat(AT_FDCWD, "file", set, 0) == 0);
	CHECK(stat64("file", &st) == 0);
	CHECK(st.st_atim.tv_sec == 1000000007 && st.st_mtim.tv_sec > 1500000000);
}

int main(void)
{
	struct stat64 st, by_fd, link;
	struct statx x;
	struct statfs64 fs;
	struct statvfs64 vfs;
	int fd;

	enter_scratch_folder();
	make_file("file", "twelve bytes");
	CHECK(chmod("file", 0751) == 0);
	CHECK(symlink("file", "link") == 0);
	CHECK(stat64("link", &st) == 0);
	CHECK(S_ISREG(st.st_mode) && (st.st_mode & 07777) == 0751);
	CHECK(st.st_size == 12 && st.st_nlink == 1);
	CHECK(st.st_uid == geteuid());
	CHECK(st.st_blksize >= 512);
	fd = open("file", O_RDONLY);
	CHECK(fstat64(fd, &by_fd) == 0);
	CHECK(by_fd.st_ino == st.st_ino && by_fd.st_dev == st.st_dev && by_fd.st_mtim.tv_nsec == st.st_mtim.tv_nsec);
	CHECK(lstat64("link", &link) == 0);
	CHECK(S_ISLNK(link.st_mode) && link.st_size == 4 && link.st_ino != st.st_ino);
	CHECK(fstatat64(AT_FDCWD, "link", &link, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(link.st_mode));
	CHECK(fstatat64(fd, "", &link, AT_EMPTY_PATH) == 0 && link.st_ino == st.st_ino);
	CHECK(statx(AT_FDCWD, "file", 0, STATX_BASIC_STATS, &x) == 0);
	CHECK(x.stx_ino == st.st_ino && x.stx_size == 12 && (long)x.stx_mtime.tv_nsec == st.st_mtim.tv_nsec);
	CHECK(makedev(x.stx_dev_major, x.stx_dev_minor) == st.st_dev);
	CHECK(stat64("/dev/null", &st) == 0);
	CHECK(S_ISCHR(st.st_mode) && major(st.st_rdev) == 1 && minor(st.st_rdev) == 3);
	CHECK(statfs64(".", &fs) == 0);
	CHECK(fs.f_blocks >= fs.f_bfree && fs.f_bsize >= 512 && fs.f_namelen >= 64);
	CHECK(statvfs64(".", &vfs) == 0 && vfs.f_blocks == fs.f_blocks);
	CHECK_FAILS(stat64("file/below", &st), ENOTDIR);
	CHECK_FAILS(fstat64(-1, &st), EBADF);
	large_file();
	times();
	puts("ok stat_calls");
	return 0;
}
