/*
 * timerfd with times of 64 bits, called without a library: relative and absolute, intervals, what is left, past times,
 * wrong values; and that nanoseconds keep only their lower half.
 */
#include "check.h"

#include <poll.h>
#include <sys/timerfd.h>

#ifdef __arm__
#define NR_SETTIME 411
#define NR_GETTIME 410
#else
#define NR_SETTIME SYS_timerfd_settime
#define NR_GETTIME SYS_timerfd_gettime
#endif

struct time {
	int64_t sec;
	int64_t nsec;
};

struct spec {
	struct time interval, value;
};

static uint64_t expirations(int fd)
{
	uint64_t n = 0;

	CHECK(read(fd, &n, 8) == 8);
	return n;
}

int main(void)
{
	struct spec s = {{0, 10000000}, {0, 5000000}}, old = {{7, 7}, {7, 7}};
	struct timespec now;
	struct pollfd p;
	uint64_t n;
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CHECK(syscall(NR_GETTIME, fd, &old) == 0 && old.value.sec == 0 && old.value.nsec == 0);
	CHECK(old.interval.nsec == 0);
	CHECK_FAILS(read(fd, &n, 8), EAGAIN);
	CHECK(syscall(NR_SETTIME, fd, 0, &s, &old) == 0);
	usleep(60000);
	CHECK(expirations(fd) >= 5);
	CHECK(syscall(NR_GETTIME, fd, &old) == 0 && old.interval.nsec == 10000000 && old.value.nsec <= 10000000);
	/* In the year 2200: only 64 bits hold it. */
	s = (struct spec){{0, 0}, {7258118400ll, 1}};
	CHECK(syscall(NR_SETTIME, fd, TFD_TIMER_ABSTIME, &s, &old) == 0 && old.interval.nsec == 10000000);
	CHECK(syscall(NR_GETTIME, fd, &old) == 0 && old.value.sec > 4294967296ll);
	CHECK_FAILS(read(fd, &n, 8), EAGAIN);
	/* In the past: at once. */
	CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
	s = (struct spec){{0, 0}, {0, 1}};
	CHECK(syscall(NR_SETTIME, fd, TFD_TIMER_ABSTIME, &s, NULL) == 0);
	p = (struct pollfd){fd, POLLIN, 0};
	CHECK(poll(&p, 1, 1000) == 1 && expirations(fd) == 1);
	s.value.nsec = 1000000000;
	CHECK_FAILS(syscall(NR_SETTIME, fd, 0, &s, NULL), EINVAL);
	s.value.nsec = -1;
	CHECK_FAILS(syscall(NR_SETTIME, fd, 0, &s, NULL), EINVAL);
	s.value.nsec = 5;
	CHECK_FAILS(syscall(NR_SETTIME, fd, 0x100, &s, NULL), EINVAL);
	CHECK_FAILS(syscall(NR_SETTIME, 0, 0, &s, NULL), fcntl(0, F_GETFD) < 0 ? EBADF : EINVAL);
	CHECK_FAILS(syscall(NR_SETTIME, -1, 0, &s, NULL), EBADF);
	CHECK_FAILS(syscall(NR_SETTIME, fd, 0, (void *)8, NULL), EFAULT);
	CHECK_FAILS(timerfd_create(77, 0), EINVAL);
	CHECK_FAILS(timerfd_create(CLOCK_MONOTONIC, 0x100), EINVAL);
#ifdef __arm__
	{
		struct {
			int64_t sec;
			uint32_t nsec, junk;
		} s32[2] = {{0, 0, 99}, {0, 1000000, 0xdeadbeef}};

		CHECK(syscall(NR_SETTIME, fd, 0, s32, NULL) == 0);
		usleep(10000);
		CHECK(expirations(fd) == 1);
	}
#endif
	puts("ok timerfd_modes");
	return 0;
}
