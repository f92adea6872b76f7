/*
 * Descriptor numbers: dup, ranges, pipes, closing everything; numbers an emulator may use itself.
 * qemu-arm 7.2 does not pass: it drops flag bits it does not know instead of refusing them.
 */
#include "check.h"

#include <dirent.h>
#include <sys/resource.h>

static void duplicates(void)
{
	int fd = open("/dev/null", O_RDWR);
	int copy = dup(fd);

	CHECK(copy > fd);
	CHECK(dup2(fd, 77) == 77 && dup2(fd, fd) == fd);
	CHECK(dup3(fd, 78, O_CLOEXEC) == 78 && fcntl(78, F_GETFD) == FD_CLOEXEC);
	CHECK_FAILS(dup3(fd, fd, 0), EINVAL);
	CHECK_FAILS(dup2(99, 5), EBADF);
	CHECK(fcntl(fd, F_DUPFD, 200) == 200);
	CHECK(fcntl(fd, F_DUPFD_CLOEXEC, 200) == 201);
	CHECK(close(77) == 0);
	CHECK_FAILS(close(77), EBADF);
}

/* Every number below the limit is the program's to use. */
static void high_numbers(void)
{
	struct rlimit limit;
	int fd = open("/dev/null", O_RDWR);

	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	if (limit.rlim_cur > 4096)
		limit.rlim_cur = 4096;
	for (int i = 1; i < 20; i++) {
		int number = (int)limit.rlim_cur - i;

		CHECK_FAILS(fcntl(number, F_GETFD), EBADF);
		CHECK(dup2(fd, number) == number);
		CHECK(write(number, "x", 1) == 1);
	}
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	CHECK_FAILS(dup2(fd, (int)limit.rlim_cur), EBADF);
}

static void pipes(void)
{
	int ends[2];
	char buf[16];

	CHECK(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
	CHECK(fcntl(ends[0], F_GETFD) == FD_CLOEXEC && fcntl(ends[1], F_GETFL) & O_NONBLOCK);
	CHECK_FAILS(read(ends[0], buf, 1), EAGAIN);
	CHECK(fcntl(ends[0], F_GETPIPE_SZ) >= 4096);
	CHECK(pipe2(ends, O_DIRECT) == 0);
	CHECK(write(ends[1], "one", 3) == 3 && write(ends[1], "two", 3) == 3);
	CHECK(read(ends[0], buf, sizeof(buf)) == 3); /* packets stay apart */
	CHECK(close(ends[1]) == 0);
	CHECK(read(ends[0], buf, sizeof(buf)) == 3 && read(ends[0], buf, 1) == 0);
	CHECK_FAILS(pipe2(ends, 0x40000000), EINVAL);
}

/* The list of open descriptors holds what the program opened, and nothing else. */
static void listed(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent64 *d;

	CHECK(dir);
	while ((d = readdir64(dir)))
		CHECK(d->d_name[0] == '.' || fcntl(atoi(d->d_name), F_GETFD) >= 0);
	closedir(dir);
}

static void close_everything(void)
{
	int status;
	pid_t pid;

	CHECK(close_range(3, ~0u, 0) == 0);
	CHECK_FAILS(fcntl(3, F_GETFD), EBADF);
	pid = fork(); /* the program still works: fork, wait, output */
	if (pid == 0)
		_exit(5);
	CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 5);
	for (int fd = 3; fd < 70000; fd++)
		close(fd);
	CHECK(getpid() > 0);
}

int main(void)
{
	listed();
	duplicates();
	pipes();
	high_numbers();
	CHECK(in_child(close_everything) == 0);
	puts("ok descriptors");
	return 0;
}
