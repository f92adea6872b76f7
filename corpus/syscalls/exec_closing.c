/*
 * Descriptors across execve: close-on-exec however it was set, offsets and flags kept, the program's own numbers only.
 * qemu-arm does not pass where no binfmt handler is registered: it cannot execute ARM programs.
 */
#include "check.h"

#include <dirent.h>
#include <sys/eventfd.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

static int is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void after(void)
{
	char c;
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *d;

	CHECK(is_open(100) && fcntl(100, F_GETFD) == 0 && lseek(100, 0, SEEK_CUR) == 3);
	CHECK(read(100, &c, 1) == 1 && c == '3');
	CHECK((fcntl(100, F_GETFL) & (O_APPEND | O_ACCMODE)) == (O_APPEND | O_RDWR));
	for (int fd = 101; fd < 120; fd++)
		CHECK(!is_open(fd));
	CHECK(dir);
	while ((d = readdir(dir)))
		CHECK(d->d_name[0] == '.' || atoi(d->d_name) <= 2 || atoi(d->d_name) == 100 ||
		      atoi(d->d_name) == dirfd(dir));
	puts("ok exec_closing");
	exit(0);
}

static void move(int from, int to)
{
	int flags = fcntl(from, F_GETFD);

	CHECK(from >= 0 && flags == FD_CLOEXEC && dup3(from, to, O_CLOEXEC) == to && close(from) == 0);
}

int main(int argc, char **argv)
{
	int ends[2], fd;

	if (argc > 1)
		after();
	for (fd = 3; fd < 1024; fd++)
		close(fd); /* whatever a shell left */
	fd = open(argv[0], O_RDONLY);
	CHECK(fd == 3 && close(fd) == 0);
	{
		char name[] = "/tmp/xlate-check-XXXXXX";

		fd = mkostemp(name, O_APPEND);
		CHECK(fd >= 0 && write(fd, "012345", 6) == 6 && lseek(fd, 3, SEEK_SET) == 3 && unlink(name) == 0);
	}
	CHECK(dup2(fd, 100) == 100 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0);
	CHECK(dup3(fd, 101, O_CLOEXEC) == 101 && fcntl(fd, F_DUPFD_CLOEXEC, 102) == 102);
	move(open("/", O_RDONLY | O_CLOEXEC), 103);
	CHECK(pipe2(ends, O_CLOEXEC) == 0);
	move(ends[0], 104);
	move(ends[1], 105);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	move(ends[0], 106);
	move(ends[1], 107);
	move(eventfd(0, EFD_CLOEXEC), 108);
	move(epoll_create1(EPOLL_CLOEXEC), 109);
	move(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), 110);
	CHECK(execl("/no/such/file", "x", (char *)NULL) == -1 && is_open(101)); /* a failed one closes nothing */
	execl(argv[0], argv[0], "after", (char *)NULL);
	CHECK(!"execl");
}
