/*
 * statfs and fstatfs in both widths, their size argument, special file systems, ids, flags, numbers that must fit.
 * qemu-arm 7.2 does not pass: it does not look at the size argument.
 */
#include "check.h"

#include <sys/statfs.h>
#include <sys/statvfs.h>

int main(void)
{
	struct statfs64 a, b, p;
	struct statvfs64 v;
	struct statfs small;
	int fd;

	enter_scratch_folder();
	make_file("file", "");
	fd = open("file", O_RDONLY);
	CHECK(statfs64("file", &a) == 0 && fstatfs64(fd, &b) == 0);
	CHECK(a.f_type == b.f_type && a.f_bsize == b.f_bsize && a.f_blocks == b.f_blocks && a.f_namelen == b.f_namelen);
	CHECK(!memcmp(&a.f_fsid, &b.f_fsid, sizeof(a.f_fsid)) && a.f_blocks >= a.f_bfree && a.f_bfree >= a.f_bavail);
	CHECK(a.f_files >= a.f_ffree && a.f_frsize > 0 && a.f_bsize > 0 && a.f_namelen >= 64);
	CHECK(statvfs64(".", &v) == 0 && v.f_namemax == (unsigned long)a.f_namelen && v.f_blocks == a.f_blocks);
	if (a.f_blocks <= 0xffffffff && a.f_files <= 0xffffffff) {
		CHECK(statfs("file", &small) == 0 && small.f_type == a.f_type);
		CHECK((uint64_t)small.f_blocks == a.f_blocks);
		CHECK(fstatfs(fd, &small) == 0 && small.f_bsize == a.f_bsize && small.f_namelen == a.f_namelen);
	}
	CHECK(statfs64("/proc", &p) == 0 && p.f_type == 0x9fa0 && p.f_blocks == 0 && p.f_files == 0);
	CHECK(statfs64("/dev/shm", &p) == 0 || errno == ENOENT);
#ifdef __arm__
	{
		char room[96];

		CHECK(syscall(SYS_statfs64, "file", 84, room) == 0 && !memcmp(room, &a.f_type, 4));
		CHECK(syscall(SYS_statfs64, "file", 88, room) == 0); /* with padding at the end, as some libraries have it */
		CHECK_FAILS(syscall(SYS_statfs64, "file", 80, room), EINVAL);
		CHECK_FAILS(syscall(SYS_fstatfs64, fd, 100, room), EINVAL);
		CHECK_FAILS(syscall(SYS_statfs64, "file", 84, (void *)8), EFAULT);
	}
#endif
	CHECK_FAILS(statfs64("missing", &a), ENOENT);
	CHECK_FAILS(statfs64("file/below", &a), ENOTDIR);
	CHECK_FAILS(fstatfs64(-1, &a), EBADF);
	CHECK_FAILS(syscall(SYS_statfs, (void *)8, &small), EFAULT);
	CHECK(syscall(SYS_syncfs, fd) == 0);
	puts("ok filesystem_status");
	return 0;
}
