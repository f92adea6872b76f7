/*
 * splice, tee, vmsplice: offsets, full and empty pipes, directions, short moves, errors.
 * qemu-arm 7.2 does not pass: it looks at buffers before it looks at the descriptor.
 */
#include "check.h"

#include <sys/socket.h>
#include <sys/uio.h>

#define FAR 0x100000005ll

int main(void)
{
	char buf[64] = "", text[] = "from memory";
	struct iovec v[2] = {{text, 4}, {text + 4, 7}};
	off64_t at = FAR;
	int a[2], b[2], s[2], file;

	enter_scratch_folder();
	CHECK(pipe(a) == 0 && pipe(b) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	file = open64("file", O_RDWR | O_CREAT, 0600);
	CHECK(pwrite64(file, "far away", 8, FAR) == 8);
	CHECK(splice(file, &at, a[1], NULL, 100, 0) == 8 && at == FAR + 8 && lseek64(file, 0, SEEK_CUR) == 0);
	CHECK(tee(a[0], b[1], 3, 0) == 3);
	CHECK(read(b[0], buf, 64) == 3 && !memcmp(buf, "far", 3));
	at = FAR + 100;
	CHECK(splice(a[0], NULL, file, &at, 4, 0) == 4 && at == FAR + 104);
	CHECK(pread64(file, buf, 8, FAR + 100) == 4 && !memcmp(buf, "far ", 4));
	CHECK(splice(a[0], NULL, s[0], NULL, 100, 0) == 4);
	CHECK(read(s[1], buf, 64) == 4 && !memcmp(buf, "away", 4));
	CHECK(vmsplice(a[1], v, 2, 0) == 11 && read(a[0], buf, 64) == 11 && !memcmp(buf, text, 11));
	CHECK(write(a[1], "pipe to memory", 14) == 14);
	v[0] = (struct iovec){buf, 4};
	v[1] = (struct iovec){buf + 10, 64 - 10};
	CHECK(vmsplice(a[0], v, 2, 0) == 14 && !memcmp(buf, "pipe", 4) && !memcmp(buf + 10, " to memory", 10));
	CHECK_FAILS(splice(a[0], NULL, b[1], NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
	CHECK_FAILS(tee(a[0], b[1], 1, SPLICE_F_NONBLOCK), EAGAIN);
	CHECK_FAILS(splice(file, NULL, file, NULL, 1, 0), EINVAL);
	at = 0;
	CHECK_FAILS(splice(a[0], &at, file, NULL, 1, 0), ESPIPE);
	CHECK_FAILS(splice(a[0], NULL, file, NULL, 1, 0x100), EINVAL);
	CHECK_FAILS(tee(file, b[1], 1, 0), EINVAL);
	CHECK_FAILS(tee(a[0], a[1], 1, 0), EINVAL);
	v[0].iov_base = (void *)8;
	CHECK_FAILS(vmsplice(a[1], v, 1, 0), EFAULT);
	CHECK_FAILS(vmsplice(file, v, 1, 0), EBADF);
	CHECK(splice(a[0], NULL, b[1], NULL, 0, 0) == 0);
	close(a[1]);
	CHECK(splice(a[0], NULL, b[1], NULL, 10, 0) == 0); /* nobody will write any more */
	puts("ok splice_calls");
	return 0;
}
