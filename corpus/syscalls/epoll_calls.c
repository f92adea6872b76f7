/* epoll with 64-bit data, eventfd, timerfd, signalfd, inotify. */
#include "check.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

static void event_data(void)
{
	struct epoll_event ev[8];
	int ep = epoll_create1(EPOLL_CLOEXEC);
	int fds[5];
	uint64_t seen = 0;

	for (int i = 0; i < 5; i++) {
		fds[i] = eventfd(i ? 1 : 0, 0);
		ev[0].events = EPOLLIN;
		ev[0].data.u64 = 0x123456789abcdef0ull + (uint64_t)i;
		CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, fds[i], &ev[0]) == 0);
	}
	CHECK(epoll_wait(ep, ev, 8, 1000) == 4);
	for (int i = 0; i < 4; i++) {
		CHECK(ev[i].events == EPOLLIN);
		seen |= 1ull << (ev[i].data.u64 - 0x123456789abcdef0ull);
	}
	CHECK(seen == 0x1e);
	CHECK(epoll_ctl(ep, EPOLL_CTL_DEL, fds[1], NULL) == 0);
	CHECK(epoll_pwait(ep, ev, 2, 0, NULL) == 2);
	CHECK_FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, fds[2], ev), EEXIST);
	CHECK_FAILS(epoll_wait(ep, ev, 0, 0), EINVAL);
}

static void timers(void)
{
	struct itimerspec set = {{0, 0}, {0, 20000000}}, left;
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	uint64_t expirations = 0;

	CHECK(fd >= 0);
	CHECK(timerfd_settime(fd, 0, &set, NULL) == 0);
	CHECK(timerfd_gettime(fd, &left) == 0 && left.it_value.tv_sec == 0 && left.it_value.tv_nsec <= 20000000);
	CHECK(read(fd, &expirations, 8) == 8 && expirations == 1);
	set.it_value.tv_sec = 1000;
	CHECK(timerfd_settime(fd, 0, &set, &left) == 0);
	set.it_value.tv_sec = 0;
	set.it_value.tv_nsec = 0;
	CHECK(timerfd_settime(fd, 0, &set, &left) == 0 && left.it_value.tv_sec >= 999);
}

static void signals_as_files(void)
{
	struct signalfd_siginfo info;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	fd = signalfd(-1, &set, SFD_NONBLOCK);
	CHECK(fd >= 0);
	CHECK_FAILS(read(fd, &info, sizeof(info)), EAGAIN);
	CHECK(kill(getpid(), SIGUSR2) == 0);
	CHECK(read(fd, &info, sizeof(info)) == sizeof(info));
	CHECK(info.ssi_signo == SIGUSR2 && info.ssi_pid == (uint32_t)getpid());
}

static void file_events(void)
{
	char buf[512] __attribute__((aligned(8)));
	struct inotify_event *ev = (struct inotify_event *)buf;
	int fd = inotify_init1(IN_NONBLOCK);
	int wd;

	enter_scratch_folder();
	CHECK(fd >= 0);
	wd = inotify_add_watch(fd, ".", IN_CREATE);
	CHECK(wd >= 0);
	make_file("made", "");
	CHECK(read(fd, buf, sizeof(buf)) >= (ssize_t)sizeof(*ev));
	CHECK(ev->wd == wd && ev->mask == IN_CREATE && !strcmp(ev->name, "made"));
	CHECK(inotify_rm_watch(fd, wd) == 0);
}

int main(void)
{
	event_data();
	timers();
	signals_as_files();
	file_events();
	puts("ok epoll_calls");
	return 0;
}
