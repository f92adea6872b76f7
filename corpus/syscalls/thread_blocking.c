/* A signal's handler interrupts a blocking call of its thread, with and without SA_RESTART; others sleep on. */
#include "check.h"

#include <poll.h>
#include <pthread.h>

static int fds[2];
static volatile int state, handled;

static void handler(int sig)
{
	(void)sig;
	__atomic_add_fetch(&handled, 1, __ATOMIC_SEQ_CST);
}

static void *reads(void *arg)
{
	char c = 0;

	state = 1;
	if (arg)
		CHECK(read(fds[0], &c, 1) == 1 && c == 'x');
	else
		CHECK_FAILS(read(fds[0], &c, 1), EINTR);
	state = 2;
	return NULL;
}

static void interrupt(int flags)
{
	struct sigaction sa = {.sa_handler = handler, .sa_flags = flags};
	pthread_t t;

	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
	handled = state = 0;
	CHECK(pthread_create(&t, NULL, reads, flags ? &sa : NULL) == 0);
	while (state == 0)
		usleep(1000);
	usleep(20000);
	for (int i = 0; i < 3 && state == 1; i++) {
		int before = handled;

		CHECK(pthread_kill(t, SIGUSR1) == 0);
		while (handled == before)
			usleep(500);
		usleep(5000);
	}
	if (flags) {
		CHECK(state == 1 && handled == 3);
		CHECK(write(fds[1], "x", 1) == 1);
	}
	CHECK(pthread_join(t, NULL) == 0 && state == 2);
}

int main(void)
{
	CHECK(pipe(fds) == 0);
	for (int i = 0; i < 5; i++) {
		interrupt(0);
		interrupt(SA_RESTART);
	}
	puts("ok thread_blocking");
	return 0;
}
