/*
 * Every direction of a buffer that is not there is EFAULT, never the end of the program.
 * qemu-arm 7.2 does not pass: it looks at one byte of a structure that crosses into an unmapped page.
 */
#include "check.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/utsname.h>

/* Raw calls: a library would read the buffers itself. */
static long call(long nr, const void *a, const void *b, const void *c)
{
	return syscall(nr, a, b, c);
}

int main(void)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *bad = page + 4096;
	void *edge = page + 4092;
	struct iovec v = {bad, 10};
	int ends[2];

	CHECK(page != MAP_FAILED && munmap(bad, 4096) == 0);
	CHECK(pipe(ends) == 0 && write(ends[1], "0123456789", 10) == 10);
	CHECK_FAILS(read(ends[0], bad, 4), EFAULT);
	CHECK_FAILS(write(ends[1], bad, 4), EFAULT);
	CHECK_FAILS(write(ends[1], (void *)-4096l, 4), EFAULT);
	CHECK_FAILS(readv(ends[0], &v, 1), EFAULT);
	CHECK_FAILS(writev(ends[1], bad, 1), EFAULT);
	CHECK_FAILS(open(bad, O_RDONLY), EFAULT);
	CHECK_FAILS(call(SYS_pipe, bad, NULL, NULL), EFAULT);
	CHECK_FAILS(syscall(SYS_uname, edge), EFAULT);
	CHECK_FAILS(syscall(SYS_getrusage, RUSAGE_SELF, edge), EFAULT);
	CHECK_FAILS(syscall(SYS_nanosleep, edge, NULL), EFAULT);
	CHECK_FAILS(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, edge), EFAULT);
	CHECK_FAILS(syscall(SYS_rt_sigaction, SIGUSR1, bad, NULL, 8), EFAULT);
	CHECK_FAILS(syscall(SYS_rt_sigprocmask, SIG_BLOCK, bad, NULL, 8), EFAULT);
	CHECK_FAILS(syscall(SYS_poll, bad, 1, 0), EFAULT);
	CHECK_FAILS(syscall(SYS_epoll_ctl, epoll_create1(0), EPOLL_CTL_ADD, ends[0], bad), EFAULT);
	CHECK_FAILS(syscall(SYS_execve, bad, NULL, NULL), EFAULT);
	CHECK_FAILS(syscall(SYS_getcwd, bad, 100), EFAULT);
	CHECK_FAILS(syscall(SYS_statx, AT_FDCWD, ".", 0, 0, bad), EFAULT);
	CHECK_FAILS(syscall(SYS_bind, socket(AF_INET, SOCK_STREAM, 0), bad, 16), EFAULT);
	CHECK_FAILS(syscall(SYS_sendmsg, socket(AF_INET, SOCK_DGRAM, 0), bad, 0), EFAULT);
	CHECK_FAILS(syscall(SYS_getrandom, bad, 16, 0), EFAULT);
	/* What was there before the edge is taken. */
	CHECK(read(ends[0], edge, 4) == 4 && !memcmp(edge, "0123", 4));
	puts("ok bad_pointers");
	return 0;
}
