/* sendfile in both widths: offsets kept apart from positions, to sockets and files, ends, errors. */
#include "check.h"

#include <sys/sendfile.h>
#include <sys/socket.h>

#define FAR 0x150000000ll

int main(void)
{
	char buf[64];
	off_t small = 3;
	off64_t large = FAR;
	int in, out, s[2], p[2];

	enter_scratch_folder();
	in = open64("in", O_RDWR | O_CREAT, 0600);
	out = open("out", O_RDWR | O_CREAT, 0600);
	CHECK(write(in, "0123456789", 10) == 10 && pwrite64(in, "distant", 7, FAR) == 7 && lseek(in, 1, SEEK_SET) == 1);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0 && pipe(p) == 0);
	CHECK(sendfile(s[0], in, &small, 4) == 4 && small == 7 && lseek(in, 0, SEEK_CUR) == 1);
	CHECK(read(s[1], buf, 64) == 4 && !memcmp(buf, "3456", 4));
	CHECK(sendfile64(s[0], in, &large, 100) == 7 && large == FAR + 7);
	CHECK(read(s[1], buf, 64) == 7 && !memcmp(buf, "distant", 7));
	CHECK(sendfile64(s[0], in, &large, 100) == 0 && large == FAR + 7);
	CHECK(sendfile(out, in, NULL, 5) == 5 && lseek(in, 0, SEEK_CUR) == 6);
	CHECK(pread(out, buf, 64, 0) == 5 && !memcmp(buf, "12345", 5));
	CHECK(sendfile(p[1], in, NULL, 2) == 2 && read(p[0], buf, 64) == 2 && !memcmp(buf, "67", 2));
	CHECK(sendfile(out, in, NULL, 0) == 0);
	CHECK_FAILS(sendfile(out, p[0], NULL, 1), EINVAL);
	large = -1;
	CHECK_FAILS(sendfile64(out, in, &large, 1), EINVAL);
	CHECK_FAILS(sendfile(out, -1, NULL, 1), EBADF);
	CHECK_FAILS(sendfile(open("in", O_RDONLY), in, NULL, 1), EBADF);
	CHECK_FAILS(syscall(SYS_sendfile, out, in, (void *)8, 1), EFAULT);
#ifdef __arm__
	{
		uint32_t at = 0x7fffffff; /* the old call's positions end at two gigabytes */

		CHECK(pwrite64(in, "xyz", 3, 0x7ffffffe) == 3);
		errno = 0;
		CHECK(syscall(SYS_sendfile, out, in, &at, 1) == -1 ? errno == EOVERFLOW : at == 0x80000000u);
	}
#endif
	puts("ok sendfile_calls");
	return 0;
}
