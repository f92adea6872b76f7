/*
 * epoll: edges, one shot, changes, nesting, closed descriptors, hang-ups, wrong arguments, times of epoll_pwait2.
 * qemu-arm 7.2 does not pass: it does not know epoll_pwait2.
 */
#include "check.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

struct kernel_time {
	int64_t sec, nsec;
};

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ll + ts.tv_nsec / 1000000;
}

static void edges(void)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.u64 = ~0ull - 5}, got;
	uint64_t n = 1;
	int ep = epoll_create1(0), fd = eventfd(0, EFD_NONBLOCK);

	CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) == 0 && epoll_wait(ep, &got, 1, 0) == 0);
	CHECK(write(fd, &n, 8) == 8);
	CHECK(epoll_wait(ep, &got, 1, 0) == 1 && got.data.u64 == ~0ull - 5 && epoll_wait(ep, &got, 1, 0) == 0);
	CHECK(write(fd, &n, 8) == 8 && epoll_wait(ep, &got, 1, 0) == 1);
	ev.events = EPOLLIN | EPOLLONESHOT;
	ev.data.ptr = &ev;
	CHECK(epoll_ctl(ep, EPOLL_CTL_MOD, fd, &ev) == 0);
	CHECK(epoll_wait(ep, &got, 1, 0) == 1 && got.data.ptr == &ev && epoll_wait(ep, &got, 1, 0) == 0);
	ev.events = EPOLLIN | EPOLLOUT;
	CHECK(epoll_ctl(ep, EPOLL_CTL_MOD, fd, &ev) == 0);
	CHECK(epoll_wait(ep, &got, 1, 0) == 1 && got.events == (EPOLLIN | EPOLLOUT));
	close(fd);
	CHECK(epoll_wait(ep, &got, 1, 0) == 0); /* gone with its last descriptor */
	close(ep);
}

static void nested(void)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = 7}, got;
	uint64_t n = 1;
	int outer = epoll_create1(0), inner = epoll_create1(0), fd = eventfd(0, 0);

	CHECK(epoll_ctl(inner, EPOLL_CTL_ADD, fd, &ev) == 0 && epoll_ctl(outer, EPOLL_CTL_ADD, inner, &ev) == 0);
	CHECK(epoll_wait(outer, &got, 1, 0) == 0 && write(fd, &n, 8) == 8);
	CHECK(epoll_wait(outer, &got, 1, 0) == 1 && got.data.fd == 7);
	CHECK_FAILS(epoll_ctl(inner, EPOLL_CTL_ADD, outer, &ev), ELOOP);
	CHECK_FAILS(epoll_ctl(inner, EPOLL_CTL_ADD, inner, &ev), EINVAL);
}

static void hang_ups(void)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP}, got[2];
	int ep = epoll_create1(0), ends[2], pipe_ends[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 && pipe(pipe_ends) == 0);
	CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], &ev) == 0);
	CHECK(shutdown(ends[1], SHUT_WR) == 0);
	CHECK(epoll_wait(ep, got, 2, 100) == 1 && got[0].events == (EPOLLIN | EPOLLRDHUP));
	close(ends[1]);
	CHECK(epoll_wait(ep, got, 2, 100) == 1 && got[0].events & EPOLLHUP);
	CHECK(epoll_ctl(ep, EPOLL_CTL_DEL, ends[0], &ev) == 0);
	ev.events = 0;
	CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, pipe_ends[1], &ev) == 0 && epoll_wait(ep, got, 2, 0) == 0);
	close(pipe_ends[0]);
	CHECK(epoll_wait(ep, got, 2, 100) == 1 && got[0].events & EPOLLERR);
}

static void wrong(void)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int ep = epoll_create1(0), fd = open("/dev/null", O_RDONLY), ev_fd = eventfd(0, 0);

	CHECK_FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, 999, &ev), EBADF);
	CHECK_FAILS(epoll_ctl(999, EPOLL_CTL_ADD, ev_fd, &ev), EBADF);
	CHECK_FAILS(epoll_ctl(fd, EPOLL_CTL_ADD, ev_fd, &ev), EINVAL);
	CHECK_FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, open("/", O_RDONLY), &ev), EPERM);
	CHECK_FAILS(epoll_ctl(ep, EPOLL_CTL_MOD, ev_fd, &ev), ENOENT);
	CHECK_FAILS(epoll_ctl(ep, EPOLL_CTL_DEL, ev_fd, &ev), ENOENT);
	CHECK_FAILS(epoll_ctl(ep, 17, ev_fd, &ev), EINVAL);
	CHECK_FAILS(syscall(SYS_epoll_pwait, ep, &ev, -1, 0, NULL, 8), EINVAL);
	CHECK_FAILS(epoll_wait(ev_fd, &ev, 1, 0), EINVAL);
	CHECK_FAILS(epoll_create1(1), EINVAL);
	CHECK_FAILS(epoll_create(0), EINVAL);
}

static void times(void)
{
	struct epoll_event ev;
	struct kernel_time ts = {0, 30000000};
	long long start = now_ms();
	sigset_t set;
	int ep = epoll_create1(0);
	long ret = syscall(SYS_epoll_pwait2, ep, &ev, 1, &ts, NULL, 0);

	if (ret == -1 && errno == ENOSYS) {
		leave_out("epoll_pwait2");
		return;
	}
	CHECK(ret == 0 && now_ms() - start >= 29 && now_ms() - start < 5000);
	ts.nsec = 1000000000;
	CHECK_FAILS(syscall(SYS_epoll_pwait2, ep, &ev, 1, &ts, NULL, 0), EINVAL);
	ts = (struct kernel_time){0, 0};
	sigemptyset(&set);
	CHECK(syscall(SYS_epoll_pwait2, ep, &ev, 1, &ts, &set, 8) == 0);
	CHECK_FAILS(syscall(SYS_epoll_pwait2, ep, &ev, 1, &ts, &set, 4), EINVAL);
	start = now_ms();
	CHECK(epoll_wait(ep, &ev, 1, 20) == 0 && now_ms() - start >= 19);
}

int main(void)
{
	edges();
	nested();
	hang_ups();
	wrong();
	times();
	puts("ok epoll_modes");
	return 0;
}
