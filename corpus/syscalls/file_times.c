/*
 * utimensat with times of both widths: before 1970 and after 2038 where the file system holds them, now and omitted, by
 * descriptor, on links; nanoseconds out of range.
 */
#include "check.h"

#ifdef __arm__
#define NR_UTIMENSAT64 412
#else
#define NR_UTIMENSAT64 SYS_utimensat
#endif

struct kernel_time {
	int64_t sec;
	int64_t nsec;
};

static struct statx x;

static long set(const char *name, int64_t atime, int64_t ansec, int64_t mtime, int64_t mnsec, int flags)
{
	struct kernel_time t[2] = {{atime, ansec}, {mtime, mnsec}};

	return syscall(NR_UTIMENSAT64, AT_FDCWD, name, t, flags);
}

static void look(const char *name, int flags)
{
	CHECK(statx(AT_FDCWD, name, flags, STATX_BASIC_STATS, &x) == 0);
}

int main(void)
{
	struct kernel_time t[2] = {{1600000001, 5}, {1600000002, 6}};
	struct stat64 st;
	time_t now = time(NULL);
	int fd;

	enter_scratch_folder();
	make_file("file", "");
	CHECK(symlink("file", "link") == 0);
	CHECK(set("file", 1000000000, 999999999, 2000000000, 1, 0) == 0);
	look("file", 0);
	CHECK(x.stx_atime.tv_sec == 1000000000 && x.stx_atime.tv_nsec == 999999999 && x.stx_mtime.tv_sec == 2000000000);
	CHECK(stat64("file", &st) == 0 && st.st_mtim.tv_sec == 2000000000 && st.st_mtim.tv_nsec == 1);
	CHECK(set("file", 4102444800ll, 7, -100, 8, 0) == 0);
	look("file", 0);
	if (x.stx_atime.tv_sec == 4102444800ll && x.stx_mtime.tv_sec == -100)
		CHECK(x.stx_atime.tv_nsec == 7 && x.stx_mtime.tv_nsec == 8);
	else
		leave_out("times of 64 bits on this file system");
	CHECK(set("file", 0, UTIME_OMIT, 0, UTIME_NOW, 0) == 0);
	look("file", 0);
	CHECK(x.stx_mtime.tv_sec >= now - 1 && x.stx_mtime.tv_sec < now + 100 && x.stx_atime.tv_nsec == 7);
	CHECK(set("link", 1111111111, 0, 1111111112, 0, AT_SYMLINK_NOFOLLOW) == 0);
	look("link", AT_SYMLINK_NOFOLLOW);
	CHECK(x.stx_mtime.tv_sec == 1111111112 && S_ISLNK(x.stx_mode));
	look("link", 0);
	CHECK(x.stx_mtime.tv_sec >= now - 1);
	fd = open("file", O_RDONLY);
	CHECK(syscall(NR_UTIMENSAT64, fd, NULL, t, 0) == 0);
	look("file", 0);
	CHECK(x.stx_atime.tv_sec == 1600000001 && x.stx_mtime.tv_nsec == 6);
	CHECK(syscall(NR_UTIMENSAT64, AT_FDCWD, "file", NULL, 0) == 0);
	look("file", 0);
	CHECK(x.stx_atime.tv_sec >= now - 1);
	CHECK_FAILS(set("file", 0, 1000000000, 0, 0, 0), EINVAL);
	CHECK_FAILS(set("file", 0, 0, 0, -1, 0), EINVAL);
	CHECK_FAILS(set("missing", 0, 0, 0, 0, 0), ENOENT);
	CHECK(set("missing", 0, UTIME_OMIT, 0, UTIME_OMIT, 0) == 0 || errno == ENOENT);
	CHECK_FAILS(set("file", 0, 0, 0, 0, 0x4000), EINVAL);
	CHECK_FAILS(syscall(NR_UTIMENSAT64, AT_FDCWD, "file", (void *)8, 0), EFAULT);
	CHECK_FAILS(syscall(NR_UTIMENSAT64, AT_FDCWD, NULL, t, 0), EFAULT);
	puts("ok file_times");
	return 0;
}
