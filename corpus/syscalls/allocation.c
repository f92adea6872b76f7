/* fallocate: sizes kept, holes punched, ranges zeroed; where data and holes are; with 64-bit ranges. */
#include "check.h"

#include <linux/falloc.h>

#define G4 0x100000000ll

int main(void)
{
	struct stat64 st;
	char buf[16];
	int fd;

	enter_scratch_folder();
	fd = open64("file", O_RDWR | O_CREAT, 0600);
	if (fallocate64(fd, 0, G4 + 4096, 8192) != 0) {
		CHECK(errno == EOPNOTSUPP || errno == ENOSPC);
		leave_out("fallocate");
		puts("ok allocation");
		return 0;
	}
	CHECK(fstat64(fd, &st) == 0 && st.st_size == G4 + 4096 + 8192 && st.st_blocks >= 16 && st.st_blocks < 1000);
	CHECK(fallocate64(fd, FALLOC_FL_KEEP_SIZE, 2 * G4, 4096) == 0 && fstat64(fd, &st) == 0);
	CHECK(st.st_size == G4 + 12288);
	CHECK(pwrite64(fd, "filled to the end of it", 16, G4 + 8190) == 16);
	if (fallocate64(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, G4 + 8192, 4) == 0) {
		CHECK(pread64(fd, buf, 16, G4 + 8190) == 16 && !memcmp(buf, "fi\0\0\0\0 to", 8 + 1));
		if (fallocate64(fd, FALLOC_FL_ZERO_RANGE, G4 + 8190, 1) == 0)
			CHECK(pread64(fd, buf, 2, G4 + 8190) == 2 && !buf[0] && buf[1] == 'i');
	} else {
		leave_out("holes");
	}
	CHECK_FAILS(fallocate64(fd, 0, -1, 10), EINVAL);
	CHECK_FAILS(fallocate64(fd, 0, 0, 0), EINVAL);
	CHECK_FAILS(fallocate64(fd, FALLOC_FL_PUNCH_HOLE, 0, 10), EOPNOTSUPP);
	CHECK_FAILS(fallocate64(fd, 0, 0x7fffffffffffff00ll, 0x1000), EFBIG);
	CHECK_FAILS(fallocate64(open("file", O_RDONLY), 0, 0, 10), EBADF);
	/* A file with a hole in front: data begins beyond it. */
	fd = open64("sparse", O_RDWR | O_CREAT, 0600);
	CHECK(pwrite64(fd, "data", 4, G4) == 4 && ftruncate64(fd, 2 * G4) == 0);
	CHECK(lseek64(fd, 0, SEEK_HOLE) == 0);
	CHECK(lseek64(fd, 0, SEEK_DATA) == G4 || lseek64(fd, 0, SEEK_DATA) == 0);
	CHECK(lseek64(fd, G4, SEEK_HOLE) > G4);
	CHECK_FAILS(lseek64(fd, 2 * G4, SEEK_DATA), ENXIO);
	CHECK_FAILS(lseek64(fd, 0, 77), EINVAL);
	puts("ok allocation");
	return 0;
}
