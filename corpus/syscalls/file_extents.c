/*
 * Requests on files: attributes, extents, sizes, cloning; answers that are the file system's to give, or ENOTTY.
 * qemu-arm 7.2 does not pass: it answers ENOSYS to unknown requests.
 */
#include "check.h"

#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

int main(void)
{
	struct {
		struct fiemap head;
		struct fiemap_extent extents[8];
	} map;
	int fd, flags = 0, n = 0, again = 0, ends[2];
	unsigned version = 0;

	enter_scratch_folder();
	fd = open("file", O_RDWR | O_CREAT, 0600);
	CHECK(pwrite(fd, "data", 4, 1 << 20) == 4 && fsync(fd) == 0);
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
		flags |= FS_NODUMP_FL;
		CHECK(ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0 && ioctl(fd, FS_IOC_GETFLAGS, &again) == 0);
		CHECK(again & FS_NODUMP_FL);
	} else {
		CHECK(errno == ENOTTY || errno == EOPNOTSUPP);
		leave_out("file flags");
	}
	CHECK(ioctl(fd, FS_IOC_GETVERSION, &version) == 0 || errno == ENOTTY || errno == EOPNOTSUPP);
	memset(&map, 0, sizeof(map));
	map.head.fm_length = ~0ull;
	map.head.fm_flags = FIEMAP_FLAG_SYNC;
	map.head.fm_extent_count = 8;
	if (ioctl(fd, FS_IOC_FIEMAP, &map) == 0) {
		CHECK(map.head.fm_mapped_extents >= 1 && map.extents[0].fe_logical == 1 << 20);
		CHECK(map.extents[0].fe_length >= 4);
		CHECK(map.extents[map.head.fm_mapped_extents - 1].fe_flags & FIEMAP_EXTENT_LAST);
		map.head.fm_extent_count = 0;
		map.head.fm_start = 0;
		CHECK(ioctl(fd, FS_IOC_FIEMAP, &map) == 0 && map.head.fm_mapped_extents >= 1);
	} else {
		CHECK(errno == ENOTTY || errno == EOPNOTSUPP);
		leave_out("extents");
	}
	CHECK(ioctl(fd, FIGETBSZ, &n) == 0 && n >= 512);
	CHECK(ioctl(fd, FICLONE, fd) == -1 || errno == 0);
	CHECK(lseek(fd, 10, SEEK_SET) == 10 && ioctl(fd, FIONREAD, &n) == 0 && n == (1 << 20) + 4 - 10);
	n = 1;
	CHECK(pipe(ends) == 0 && ioctl(ends[0], FIONBIO, &n) == 0);
	CHECK_FAILS(read(ends[0], &n, 1), EAGAIN);
	CHECK_FAILS(ioctl(ends[0], BLKGETSIZE64, &map), ENOTTY);
	CHECK_FAILS(ioctl(fd, BLKGETSIZE64, &map), ENOTTY);
	CHECK_FAILS(ioctl(fd, 0xdeadbeef, &map), ENOTTY);
	CHECK_FAILS(ioctl(fd, FIONREAD, (void *)8), EFAULT);
	CHECK_FAILS(ioctl(-1, FIONREAD, &n), EBADF);
	CHECK_FAILS(ioctl(open("file", O_PATH), FIONREAD, &n), EBADF);
	puts("ok file_extents");
	return 0;
}
