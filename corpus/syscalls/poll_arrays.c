/* poll and ppoll: many descriptors, negative ones, what is reported unasked, time left, arrays at an edge, limits. */
#include "check.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#ifdef __arm__
#define NR_PPOLL64 414
#else
#define NR_PPOLL64 SYS_ppoll
#endif

struct kernel_time {
	int64_t sec, nsec;
};

int main(void)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct pollfd *p = (struct pollfd *)(page + 4096) - 3, many[300];
	struct kernel_time t = {0, 10000000};
	struct rlimit r;
	sigset_t set;
	int ends[2], s[2];
	char c;

	CHECK(munmap(page + 4096, 4096) == 0 && pipe(ends) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	p[0] = (struct pollfd){ends[0], POLLIN, 77};
	p[1] = (struct pollfd){-5, POLLIN, 77};
	p[2] = (struct pollfd){ends[1], POLLOUT, 77};
	CHECK(poll(p, 3, 0) == 1 && p[0].revents == 0 && p[1].revents == 0 && p[2].revents == POLLOUT);
	CHECK_FAILS(syscall(SYS_ppoll, p, 4, NULL, NULL, 8), EFAULT);
	p[2].events = 0;
	CHECK(syscall(NR_PPOLL64, p, 3, &t, NULL, 8) == 0 && t.sec == 0 && t.nsec == 0); /* the time left */
	t = (struct kernel_time){50, 0};
	CHECK(write(ends[1], "x", 1) == 1 && syscall(NR_PPOLL64, p, 1, &t, NULL, 8) == 1 && t.sec == 49);
	t = (struct kernel_time){0, 1000000000};
	CHECK_FAILS(syscall(NR_PPOLL64, p, 1, &t, NULL, 8), EINVAL);
	sigemptyset(&set);
	t = (struct kernel_time){0, 0};
	CHECK_FAILS(syscall(NR_PPOLL64, p, 1, &t, &set, 4), EINVAL);
	CHECK_FAILS(syscall(NR_PPOLL64, p, 1, &t, (void *)8, 8), EFAULT);
	close(ends[1]);
	CHECK(read(ends[0], &c, 1) == 1);
	p[0].events = 0;
	CHECK(poll(p, 1, 0) == 1 && p[0].revents == POLLHUP); /* unasked */
	p[0] = (struct pollfd){s[0], POLLIN | POLLRDHUP | POLLPRI, 0};
	CHECK(poll(p, 1, 0) == 0 && shutdown(s[1], SHUT_WR) == 0 && poll(p, 1, 0) == 1);
	CHECK(p[0].revents == (POLLIN | POLLRDHUP));
	for (int i = 0; i < 300; i++)
		many[i] = (struct pollfd){i % 2 ? s[0] : -1, POLLIN, 0};
	CHECK(poll(many, 300, 0) == 150 && many[299].revents && !many[298].revents);
	CHECK(getrlimit(RLIMIT_NOFILE, &r) == 0);
	r.rlim_cur = 200;
	CHECK(setrlimit(RLIMIT_NOFILE, &r) == 0);
	CHECK_FAILS(poll(many, 300, 0), EINVAL); /* more than there can be */
	CHECK(poll(NULL, 0, 0) == 0);
	puts("ok poll_arrays");
	return 0;
}
