/* kcmp, membarrier, getcpu and other small calls: what they answer to right and wrong arguments. */
#include "check.h"

#include <sys/epoll.h>
#include <sys/file.h>

#define FILE_KIND 0

static long compare(int kind, int a, int b)
{
	return syscall(SYS_kcmp, getpid(), getpid(), kind, a, b);
}

/* A descriptor with what an epoll watches. */
static void watched(int a, int other)
{
	struct {
		unsigned epoll, descriptor, place;
	} slot = {0};
	struct epoll_event event = {.events = EPOLLIN};
	int epoll = epoll_create1(0), ends[2];

	CHECK(pipe(ends) == 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event) == 0);
	slot.epoll = (unsigned)epoll;
	slot.descriptor = (unsigned)ends[0];
	if (syscall(SYS_kcmp, getpid(), getpid(), 7 /* EPOLL_TFD */, ends[0], &slot) == -1) {
		CHECK(errno == EOPNOTSUPP || errno == EINVAL);
		leave_out("kcmp of epoll");
		return;
	}
	CHECK(syscall(SYS_kcmp, getpid(), getpid(), 7, ends[0], &slot) == 0);
	CHECK(syscall(SYS_kcmp, getpid(), getpid(), 7, a, &slot) > 0);
	slot.descriptor = (unsigned)other;
	CHECK_FAILS(syscall(SYS_kcmp, getpid(), getpid(), 7, ends[0], &slot), ENOENT);
	CHECK_FAILS(syscall(SYS_kcmp, getpid(), getpid(), 7, ends[0], 8), EFAULT);
}

int main(void)
{
	int a = open("/dev/null", O_RDONLY), b = dup(a), c = open("/dev/null", O_RDONLY);
	unsigned cpu = 12345, node = 12345;
	long commands;

	if (compare(FILE_KIND, a, b) >= 0) {
		CHECK(compare(FILE_KIND, a, b) == 0 && compare(FILE_KIND, a, c) > 0);
		CHECK(compare(FILE_KIND, a, c) == 3 - compare(FILE_KIND, c, a));
		CHECK(compare(1 /* VM */, 0, 0) == 0);
		CHECK_FAILS(compare(FILE_KIND, a, 999), EBADF);
		CHECK_FAILS(compare(99, a, b), EINVAL);
		watched(a, c);
		CHECK_FAILS(syscall(SYS_kcmp, 99999999, getpid(), FILE_KIND, a, b), ESRCH);
	} else {
		CHECK(errno == ENOSYS || errno == EPERM);
		leave_out("kcmp");
	}
	commands = syscall(SYS_membarrier, 0, 0, 0);
	if (commands >= 0) {
		CHECK(commands & 1);
		CHECK(syscall(SYS_membarrier, 1, 0, 0) == 0);
		CHECK_FAILS(syscall(SYS_membarrier, 8, 0, 0), EPERM); /* not registered */
		CHECK(syscall(SYS_membarrier, 16, 0, 0) == 0 && syscall(SYS_membarrier, 8, 0, 0) == 0);
		CHECK_FAILS(syscall(SYS_membarrier, 0x40000000, 0, 0), EINVAL);
	} else {
		leave_out("membarrier");
	}
	CHECK(syscall(SYS_getcpu, &cpu, &node, NULL) == 0 && cpu < 8192 && node < 1024);
	CHECK(syscall(SYS_getcpu, NULL, NULL, NULL) == 0);
	CHECK_FAILS(syscall(SYS_getcpu, (void *)8, NULL, NULL), EFAULT);
	CHECK(syscall(SYS_gettid) == getpid());
	CHECK_FAILS(syscall(5000), ENOSYS);
	CHECK_FAILS(syscall(SYS_ioprio_get, 99, 0), EINVAL);
	CHECK(syscall(SYS_ioprio_get, 1, 0) >= 0 && syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 5) == 0);
	CHECK(syscall(SYS_ioprio_get, 1, 0) == (2 << 13 | 5));
	CHECK(syscall(SYS_ioprio_get, 1, getpid()) == (2 << 13 | 5));
	CHECK_FAILS(flock(a, 77), EINVAL);
	puts("ok comparing");
	return 0;
}
