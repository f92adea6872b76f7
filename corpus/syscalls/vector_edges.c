/*
 * Vectors whose later buffers are not there: what was transferred before the edge counts; a vector that begins with a
 * bad buffer is EFAULT; lengths that sum up to more than a signed long are EINVAL before anything moves.
 * qemu-arm 7.2 does not pass: it answers EFAULT where a buffer ends in the middle.
 */
#include "check.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

static char *page, *gone;

static void on_pipes(void)
{
	struct iovec v[3] = {{page, 4096}, {gone, 10}, {page, 5}};
	char text[64];
	int ends[2];

	CHECK(pipe(ends) == 0);
	memset(page, 'p', 4096);
	CHECK(writev(ends[1], v, 3) == 4096); /* a pipe takes whole pages */
	for (int i = 0; i < 64; i++)
		CHECK(read(ends[0], text, sizeof(text)) == 64 && text[0] == 'p' && text[63] == 'p');
	v[0].iov_base = gone;
	CHECK_FAILS(writev(ends[1], v, 1), EFAULT);
}

static void on_files(void)
{
	struct iovec v[2] = {{page, 6}, {gone, 6}};
	char text[64];
	int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);

	memcpy(page, "vector", 6);
	CHECK(pwritev(fd, v, 2, 100) == 6);
	CHECK(pread(fd, text, 10, 100) == 6 && !memcmp(text, "vector", 6));
	CHECK(pwrite(fd, "abcdefghijkl", 12, 0) == 12);
	CHECK(preadv(fd, v, 2, 0) == 6 && !memcmp(page, "abcdef", 6));
	CHECK(pread(fd, gone - 4, 8, 0) == 4 && !memcmp(gone - 4, "abcd", 4)); /* up to the edge */
	CHECK_FAILS(pread(fd, gone, 8, 0), EFAULT);
	memcpy(gone - 4, "EDGE", 4);
	CHECK(pwrite(fd, gone - 4, 8, 200) == 4);
	CHECK_FAILS(pwrite(fd, gone, 4, 200), EFAULT);
}

static void lengths(void)
{
	struct iovec v[2] = {{page, 4}, {page, (size_t)-1}};
	int fd = open("/dev/null", O_WRONLY), zero = open("/dev/zero", O_RDONLY);

	CHECK_FAILS(writev(fd, v, 2), EINVAL);
	CHECK_FAILS(readv(zero, v, 2), EINVAL);
	CHECK_FAILS(syscall(SYS_writev, fd, v, -1), EINVAL);
	CHECK(writev(fd, v, 0) == 0);
	CHECK_FAILS(syscall(SYS_writev, -1, v, 1), EBADF);
	CHECK_FAILS(syscall(SYS_writev, fd, gone, 1), EFAULT);
	CHECK_FAILS(syscall(SYS_writev, fd, gone - sizeof(v[0]), 2), EFAULT);
	v[1] = (struct iovec){gone, 0}; /* an empty buffer may be anywhere */
	CHECK(writev(fd, v, 2) == 4);
}

static void on_sockets(void)
{
	struct iovec v[2] = {{page, 5}, {gone, 5}};
	struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};
	int ends[2];
	char text[8];

	CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
	CHECK_FAILS(sendmsg(ends[0], &m, 0), EFAULT); /* a datagram is whole or nothing */
	CHECK_FAILS(recv(ends[1], text, sizeof(text), MSG_DONTWAIT), EAGAIN);
}

int main(void)
{
	enter_scratch_folder();
	page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(page != MAP_FAILED);
	gone = page + 4096;
	CHECK(munmap(gone, 4096) == 0);
	on_pipes();
	on_files();
	lengths();
	on_sockets();
	puts("ok vector_edges");
	return 0;
}
