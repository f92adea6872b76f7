/*
 * select: sets of odd sizes, descriptors at the ends of words, beyond FD_SETSIZE, bits that must stay, closed ones.
 * qemu-arm 7.2 does not pass: it refuses descriptors beyond FD_SETSIZE by ending.
 */
#include "check.h"

#include <sys/resource.h>
#include <sys/select.h>

static int nfds_to_end(int nfds, unsigned long *set)
{
	struct timeval tv = {0, 0};

	return select(nfds, (fd_set *)(void *)set, NULL, NULL, &tv);
}

int main(void)
{
	unsigned long bits = sizeof(unsigned long) * 8, set[4096 / sizeof(unsigned long)];
	static const int places[] = {31, 32, 33, 63, 64, 65, 95, 96, 511, 1023};
	struct timespec ts = {0, 0};
	struct rlimit r;
	int ends[2];

	CHECK(getrlimit(RLIMIT_NOFILE, &r) == 0);
	CHECK(pipe(ends) == 0 && write(ends[1], "x", 1) == 1);
	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int fd = places[i];

		CHECK(dup2(ends[0], fd) == fd);
		memset(set, 0, sizeof(set));
		set[(unsigned)fd / bits] = 1ul << ((unsigned)fd % bits);
		CHECK(nfds_to_end(fd + 1, set) == 1 && set[(unsigned)fd / bits] == 1ul << ((unsigned)fd % bits));
		CHECK(nfds_to_end(fd, set) == 0); /* it ends just before */
		memset(set, 0, sizeof(set));
		set[(unsigned)fd / bits] = 1ul << ((unsigned)fd % bits);
		CHECK(pselect(fd + 1, (fd_set *)(void *)set, NULL, NULL, &ts, NULL) == 1);
		close(fd);
	}
	if (r.rlim_max > 3000) {
		r.rlim_cur = 3000;
		CHECK(setrlimit(RLIMIT_NOFILE, &r) == 0 && dup2(ends[0], 2900) == 2900);
		memset(set, 0, sizeof(set));
		set[2900 / bits] = 1ul << (2900 % bits);
		CHECK(nfds_to_end(2901, set) == 1 && set[2900 / bits] == 1ul << (2900 % bits));
		close(2900);
	}
	/* Words beyond the last descriptor's are not touched. */
	memset(set, 0xff, sizeof(set));
	set[0] = 1ul << ends[0];
	CHECK(nfds_to_end(ends[0] + 1, set) == 1 && set[0] == 1ul << ends[0] && set[1] == ~0ul && set[2] == ~0ul);
	memset(set, 0, sizeof(set));
	set[0] = 1ul << 20;
	CHECK(fcntl(20, F_GETFD) == -1);
	CHECK_FAILS(nfds_to_end(21, set), EBADF);
	CHECK_FAILS(nfds_to_end(-1, set), EINVAL);
	CHECK_FAILS(nfds_to_end(21, (unsigned long *)8), EFAULT);
	CHECK(nfds_to_end(0, NULL) == 0);
	puts("ok select_sets");
	return 0;
}
