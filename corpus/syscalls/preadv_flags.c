/* preadv2 and pwritev2: the position -1, appending, flags that are not known, offsets beyond four GiB. */
#include "check.h"

#include <sys/uio.h>

#define FAR 0x123456789ll

int main(void)
{
	char a[8] = "", b[8] = "";
	struct iovec out[2] = {{"12345", 5}, {"678", 3}}, in[2] = {{a, 4}, {b, 8}};
	int fd;

	enter_scratch_folder();
	fd = open64("file", O_RDWR | O_CREAT, 0600);
	CHECK(pwritev64v2(fd, out, 2, FAR, 0) == 8);
	CHECK(lseek64(fd, 0, SEEK_CUR) == 0 && lseek64(fd, 0, SEEK_END) == FAR + 8);
	CHECK(preadv64v2(fd, in, 2, FAR, 0) == 8 && !memcmp(a, "1234", 4) && !memcmp(b, "5678", 4));
	/* -1 is the descriptor's own position. */
	CHECK(lseek64(fd, FAR + 2, SEEK_SET) == FAR + 2);
	CHECK(preadv64v2(fd, in, 1, -1, 0) == 4 && !memcmp(a, "3456", 4));
	CHECK(lseek64(fd, 0, SEEK_CUR) == FAR + 6);
	CHECK(pwritev64v2(fd, out, 1, -1, 0) == 5 && lseek64(fd, 0, SEEK_CUR) == FAR + 11);
	if (pwritev64v2(fd, out + 1, 1, 0, RWF_APPEND) == 3) {
		CHECK(lseek64(fd, 0, SEEK_END) == FAR + 14);
		CHECK(preadv64(fd, in, 1, FAR + 11) == 3 && !memcmp(a, "678", 3));
	} else {
		leave_out("RWF_APPEND");
	}
	CHECK_FAILS(preadv64v2(fd, in, 1, 0, 0x40000000), EOPNOTSUPP);
	CHECK_FAILS(preadv64(fd, in, 1, -5), EINVAL);
	CHECK_FAILS(pwritev64(fd, out, 1, -5), EINVAL);
	CHECK(preadv64(fd, in, 1, 1ll << 40) == 0);
	CHECK_FAILS(preadv64(-1, in, 1, 0), EBADF);
	{
		int ends[2];

		CHECK(pipe(ends) == 0);
		CHECK_FAILS(preadv64(ends[0], in, 1, 0), ESPIPE);
		CHECK_FAILS(pread64(ends[0], a, 1, 0), ESPIPE);
	}
	puts("ok preadv_flags");
	return 0;
}
