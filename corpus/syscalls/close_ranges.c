/* close_range: parts of the table, only marking, copies of a shared table, wrong arguments. */
#include "check.h"

#include <sys/resource.h>

#define NR_CLOSE_RANGE 436
#define UNSHARE 2u
#define CLOEXEC 4u

static long range(unsigned first, unsigned last, unsigned flags)
{
	return syscall(NR_CLOSE_RANGE, first, last, flags);
}

static int is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

int main(void)
{
	struct rlimit limit;

	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	for (int fd = 100; fd < 120; fd++)
		CHECK(dup2(1, fd) == fd);
	if (range(110, 112, 0) == -1 && errno == ENOSYS) {
		leave_out("close_range");
		puts("ok close_ranges");
		return 0;
	}
	CHECK(is_open(109) && !is_open(110) && !is_open(112) && is_open(113));
	CHECK(range(105, 105, 0) == 0 && !is_open(105) && is_open(104) && is_open(106));
	CHECK(range(100, 103, CLOEXEC) == 0);
	CHECK(fcntl(100, F_GETFD) == FD_CLOEXEC && fcntl(103, F_GETFD) == FD_CLOEXEC && fcntl(104, F_GETFD) == 0);
	CHECK(range(115, ~0u, UNSHARE) == 0 && !is_open(115) && !is_open(119) && is_open(114));
	CHECK(range(113, ~0u, CLOEXEC | UNSHARE) == 0 && fcntl(114, F_GETFD) == FD_CLOEXEC);
	CHECK(range(200, 300, 0) == 0); /* nothing there */
	CHECK_FAILS(range(5, 4, 0), EINVAL);
	CHECK_FAILS(range(5, 6, 0x100), EINVAL);
	CHECK(range(3, ~0u, 0) == 0 && !is_open(100) && is_open(1));
	/* The numbers just below the limit are free, and stay the program's own. */
	if (limit.rlim_cur <= 1 << 20) {
		CHECK(dup2(1, (int)limit.rlim_cur - 1) == (int)limit.rlim_cur - 1);
		CHECK(range((unsigned)limit.rlim_cur - 2, ~0u, 0) == 0 && !is_open((int)limit.rlim_cur - 1));
	}
	puts("ok close_ranges");
	return 0;
}
