/* eventfd: counting, semaphores, overflow, blocking between processes, sizes that are refused. */
#include "check.h"

#include <poll.h>
#include <sys/eventfd.h>

int main(void)
{
	uint64_t v = 0, most = 0xfffffffffffffffeull;
	struct pollfd p;
	int fd = eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC), status;
	pid_t pid;

	CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC && fcntl(fd, F_GETFL) & O_NONBLOCK);
	CHECK(read(fd, &v, 8) == 8 && v == 3);
	CHECK_FAILS(read(fd, &v, 8), EAGAIN);
	CHECK_FAILS(read(fd, &v, 4), EINVAL);
	CHECK_FAILS(write(fd, &v, 7), EINVAL);
	CHECK(write(fd, &most, 8) == 8);
	v = 1;
	CHECK_FAILS(write(fd, &v, 8), EAGAIN);
	p = (struct pollfd){fd, POLLIN | POLLOUT, 0};
	CHECK(poll(&p, 1, 0) == 1 && p.revents == POLLIN);
	CHECK(read(fd, &v, 8) == 8 && v == most);
	v = ~0ull;
	CHECK_FAILS(write(fd, &v, 8), EINVAL);
	close(fd);
	fd = eventfd(2, EFD_SEMAPHORE);
	CHECK(read(fd, &v, 8) == 8 && v == 1 && read(fd, &v, 8) == 8 && v == 1);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		usleep(30000);
		v = 5;
		_exit(write(fd, &v, 8) == 8 ? 0 : 1);
	}
	CHECK(read(fd, &v, 8) == 8 && v == 1); /* until the child has written */
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK_FAILS(syscall(SYS_eventfd2, 0, 0x10), EINVAL);
	puts("ok eventfd_calls");
	return 0;
}
