/* Hundreds of events from one wait, each with its own 64 bits, in an array that ends at a page that is not there. */
#include "check.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#define MANY 300

int main(void)
{
	size_t bytes = MANY * sizeof(struct epoll_event), room = (bytes + 4095) & ~4095ul;
	char *area = mmap(NULL, room + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct epoll_event *events = (struct epoll_event *)(area + room - bytes), one;
	static char seen[MANY];
	int ep = epoll_create1(0), n = 0;

	CHECK(area != MAP_FAILED && munmap(area + room, 4096) == 0);
	CHECK(sizeof(one) == (sizeof(long) == 8 ? 12 : 16));
	for (int i = 0; i < MANY; i++) {
		one.events = EPOLLIN;
		one.data.u64 = 0xfedcba9800000000ull | (unsigned)i;
		CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, eventfd(1, 0), &one) == 0);
	}
	CHECK(epoll_wait(ep, events, MANY, 0) == MANY);
	for (int i = 0; i < MANY; i++) {
		unsigned at = (unsigned)events[i].data.u64;

		CHECK(events[i].data.u64 >> 32 == 0xfedcba98 && at < MANY && !seen[at] && events[i].events == EPOLLIN);
		seen[at] = 1;
		n++;
	}
	CHECK(n == MANY);
	/* More room than events, none of it touched: one that would run into the hole takes what fits. */
	CHECK(epoll_wait(ep, events + MANY - 2, 2, 0) == 2);
	CHECK(syscall(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, 1, area + room) == -1 && errno == EFAULT);
	puts("ok epoll_many");
	return 0;
}
