/* copy_file_range: positions of either kind, overlapping ranges, ends of files, errors. */
#include "check.h"

#define FAR 0x140000000ll

int main(void)
{
	char buf[32] = "";
	off64_t from = 2, to = FAR;
	int in, out, appending;

	enter_scratch_folder();
	in = open64("in", O_RDWR | O_CREAT, 0600);
	out = open64("out", O_RDWR | O_CREAT, 0600);
	CHECK(write(in, "0123456789", 10) == 10 && lseek64(in, 3, SEEK_SET) == 3);
	if (copy_file_range(in, &from, out, &to, 4, 0) != 4) {
		CHECK(errno == ENOSYS || errno == EOPNOTSUPP || errno == EXDEV);
		leave_out("copy_file_range");
		puts("ok copy_range");
		return 0;
	}
	CHECK(from == 6 && to == FAR + 4 && lseek64(in, 0, SEEK_CUR) == 3 && lseek64(out, 0, SEEK_CUR) == 0);
	CHECK(pread64(out, buf, 8, FAR) == 4 && !memcmp(buf, "2345", 4));
	CHECK(copy_file_range(in, NULL, out, NULL, 100, 0) == 7 && lseek64(in, 0, SEEK_CUR) == 10);
	CHECK(lseek64(out, 0, SEEK_CUR) == 7 && pread64(out, buf, 7, 0) == 7 && !memcmp(buf, "3456789", 7));
	CHECK(copy_file_range(in, NULL, out, NULL, 100, 0) == 0);
	from = 100;
	CHECK(copy_file_range(in, &from, out, NULL, 1, 0) == 0 && from == 100);
	/* Inside one file, apart and overlapping. */
	from = 0;
	to = 20;
	CHECK(copy_file_range(in, &from, in, &to, 10, 0) == 10 && pread64(in, buf, 30, 0) == 30);
	CHECK(!memcmp(buf + 20, "0123456789", 10));
	from = 0;
	to = 5;
	CHECK_FAILS(copy_file_range(in, &from, in, &to, 10, 0), EINVAL);
	CHECK_FAILS(copy_file_range(in, NULL, out, NULL, 1, 1), EINVAL);
	appending = open("out", O_WRONLY | O_APPEND);
	from = 0;
	CHECK_FAILS(copy_file_range(in, &from, appending, NULL, 1, 0), EBADF);
	CHECK_FAILS(copy_file_range(open("in", O_WRONLY), NULL, out, NULL, 1, 0), EBADF);
	CHECK_FAILS(copy_file_range(open(".", O_RDONLY), NULL, out, NULL, 1, 0), EISDIR);
	CHECK_FAILS(copy_file_range(in, (off64_t *)8, out, NULL, 1, 0), EFAULT);
	puts("ok copy_range");
	return 0;
}
