/* More events than anybody keeps room for: all that are ready come with one call, each with its own data. */
#include "check.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

enum { MANY = 900 };

int main(void)
{
	static struct epoll_event events[MANY + 10];
	static char seen[MANY];
	struct rlimit limit;
	struct epoll_event *volatile nowhere = (void *)16; /* the compiler must not know */
	volatile int negative = -1;
	int epfd = epoll_create1(0), made = 0;

	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	for (; made < MANY && (rlim_t)made + 20 < limit.rlim_cur; made++) {
		struct epoll_event e = {.events = EPOLLIN, .data.u64 = 0x123456700000000ull + (unsigned)made};
		int fd = eventfd(1, 0);

		CHECK(fd >= 0 && epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &e) == 0);
	}
	CHECK(epoll_wait(epfd, events, MANY + 10, 0) == made);
	for (int i = 0; i < made; i++) {
		unsigned which = (unsigned)events[i].data.u64;

		CHECK(events[i].events == EPOLLIN && events[i].data.u64 >> 32 == 0x1234567 && which < MANY && !seen[which]);
		seen[which] = 1;
	}
	CHECK(events[made].events == 0 && events[made].data.u64 == 0);
	CHECK(epoll_wait(epfd, events, 3, 0) == 3);
	CHECK_FAILS(epoll_wait(epfd, events, 0, 0), EINVAL);
	CHECK_FAILS(epoll_wait(epfd, events, negative, 0), EINVAL);
	CHECK_FAILS(epoll_wait(epfd, nowhere, 5, 0), EFAULT);
	puts("ok epoll_many");
	return 0;
}
