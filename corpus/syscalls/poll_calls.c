/* select, pselect, poll, ppoll: readiness, time left, masks that a signal ends. */
#include "check.h"

#include <poll.h>
#include <sys/select.h>

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught = sig;
}

static void readiness(int in, int out)
{
	fd_set r, w;
	struct timeval tv = {5, 0};
	struct pollfd p[2] = {{in, POLLIN, 0}, {out, POLLOUT, 0}};

	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_SET(in, &r);
	FD_SET(out, &w);
	CHECK(select(100, &r, &w, NULL, &tv) == 1);
	CHECK(!FD_ISSET(in, &r) && FD_ISSET(out, &w));
	CHECK(tv.tv_sec == 4 || tv.tv_sec == 5);
	CHECK(poll(p, 2, 1000) == 1 && p[0].revents == 0 && p[1].revents == POLLOUT);
	CHECK(write(out, "x", 1) == 1);
	FD_SET(in, &r);
	CHECK(select(100, &r, NULL, NULL, NULL) == 1 && FD_ISSET(in, &r));
	CHECK(ppoll(p, 2, NULL, NULL) == 2 && p[0].revents == POLLIN);
	p[0].fd = 999;
	CHECK(poll(p, 1, 0) == 1 && p[0].revents == POLLNVAL);
}

static void timeouts(void)
{
	struct timeval tv = {0, 30000};
	struct timespec ts = {0, 20000000}, before, after;

	clock_gettime(CLOCK_MONOTONIC, &before);
	CHECK(select(0, NULL, NULL, NULL, &tv) == 0);
	CHECK(pselect(0, NULL, NULL, NULL, &ts, NULL) == 0);
	CHECK(poll(NULL, 0, 20) == 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	CHECK((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 >= 69);
	CHECK_FAILS(select(-1, NULL, NULL, NULL, &tv), EINVAL);
	ts.tv_nsec = 1000000000;
	CHECK_FAILS(pselect(0, NULL, NULL, NULL, &ts, NULL), EINVAL);
}

/* A signal that is blocked but pending ends a wait whose mask opens it, and is delivered before the call returns. */
static void masks(void)
{
	sigset_t blocked, open_set;
	struct sigaction sa = {.sa_handler = on_signal};
	struct timespec ts = {5, 0};

	sigaction(SIGUSR1, &sa, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	CHECK(sigprocmask(SIG_BLOCK, &blocked, &open_set) == 0);
	raise(SIGUSR1);
	CHECK(!caught);
	CHECK_FAILS(ppoll(NULL, 0, &ts, &open_set), EINTR);
	CHECK(caught == SIGUSR1);
	caught = 0;
	raise(SIGUSR1);
	CHECK_FAILS(pselect(0, NULL, NULL, NULL, &ts, &open_set), EINTR);
	CHECK(caught == SIGUSR1);
	CHECK(sigprocmask(SIG_BLOCK, NULL, &open_set) == 0 && sigismember(&open_set, SIGUSR1));
	CHECK(sigprocmask(SIG_UNBLOCK, &blocked, NULL) == 0);
}

int main(void)
{
	int ends[2];

	CHECK(pipe(ends) == 0);
	readiness(ends[0], ends[1]);
	timeouts();
	masks();
	puts("ok poll_calls");
	return 0;
}
