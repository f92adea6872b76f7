/*
 * Lengths beyond what a signed long holds, and buffers that would pass the end of memory: refused before anything moves.
 * qemu-arm 7.2 does not pass: it wants the whole of a buffer to be there.
 */
#include "check.h"

#include <sys/socket.h>

#define TOP ((size_t)1 << (sizeof(size_t) * 8 - 1))

static char buf[64];

/* Which of two reasons to refuse is found first depends on where memory ends. */
static int refused(long ret)
{
	return ret == -1 && (errno == EINVAL || errno == EFAULT);
}

int main(void)
{
	int ends[2], s[2], fd;

	enter_scratch_folder();
	make_file("file", "0123456789");
	fd = open("file", O_RDWR);
	CHECK(pipe(ends) == 0 && write(ends[1], "x", 1) == 1 && socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	CHECK(refused(syscall(SYS_read, fd, buf, TOP)));
	CHECK(refused(syscall(SYS_read, fd, buf, (size_t)-1)));
	CHECK(refused(syscall(SYS_write, fd, buf, TOP)));
	CHECK(refused(syscall(SYS_write, fd, buf, (size_t)-1)));
	CHECK(refused(syscall(SYS_read, ends[0], buf, (size_t)-1)));
	CHECK(lseek(fd, 0, SEEK_CUR) == 0);
	/* As many as there are, though the buffer is said to be larger than memory behind it. */
	CHECK(syscall(SYS_read, ends[0], buf, 0x1000000) == 1 && buf[0] == 'x');
	CHECK_FAILS(syscall(SYS_getdents64, open(".", O_RDONLY), (void *)-4096l, 4096), EFAULT);
	CHECK_FAILS(syscall(SYS_read, fd, (void *)-16l, 8), EFAULT);
	CHECK_FAILS(syscall(SYS_write, fd, (void *)-16l, 64), EFAULT);
	CHECK_FAILS(syscall(SYS_readlink, "/proc/self/exe", buf, 0), EINVAL);
	CHECK_FAILS(syscall(SYS_readlink, "/proc/self/cwd", buf, -1), EINVAL);
	CHECK(syscall(SYS_readlink, "/proc/self/exe", buf, 3) == 3);
	CHECK(syscall(SYS_read, fd, NULL, 0) == 0 && syscall(SYS_write, fd, NULL, 0) == 0);
	CHECK_FAILS(syscall(SYS_read, fd, NULL, 1), EFAULT);
	CHECK_FAILS(syscall(SYS_setsockopt, s[0], SOL_SOCKET, SO_KEEPALIVE, buf, -1), EINVAL);
	CHECK_FAILS(syscall(SYS_bind, s[0], buf, -1), EINVAL);
	CHECK_FAILS(syscall(SYS_connect, s[0], buf, 1000), EINVAL);
	puts("ok count_limits");
	return 0;
}
