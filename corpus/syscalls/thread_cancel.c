/* Cancellation: in a blocking call, in a loop, held off, with clean-up handlers. */
#include "check.h"

#include <pthread.h>

static int cleaned, fds[2];
static volatile int reached;

static void cleans(void *arg)
{
	cleaned += *(int *)arg;
}

static void *blocks(void *arg)
{
	char c;

	pthread_cleanup_push(cleans, arg);
	reached = 1;
	(void)!read(fds[0], &c, 1);
	pthread_cleanup_pop(0);
	return NULL;
}

static void *spins(void *arg)
{
	(void)arg;
	CHECK(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL) == 0);
	reached = 1;
	for (;;)
		continue;
	return NULL;
}

static void *holds_off(void *arg)
{
	CHECK(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL) == 0);
	reached = 1;
	usleep(30000);
	*(int *)arg = 5;
	CHECK(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL) == 0);
	pthread_testcancel();
	return NULL;
}

static void cancelled(void *(*body)(void *), void *arg)
{
	pthread_t t;
	void *result;

	reached = 0;
	CHECK(pthread_create(&t, NULL, body, arg) == 0);
	while (!reached)
		usleep(1000);
	usleep(5000);
	CHECK(pthread_cancel(t) == 0);
	CHECK(pthread_join(t, &result) == 0 && result == PTHREAD_CANCELED);
}

int main(void)
{
	int three = 3, value = 0;

	CHECK(pipe(fds) == 0);
	cancelled(blocks, &three);
	CHECK(cleaned == 3);
	cancelled(spins, NULL);
	cancelled(holds_off, &value);
	CHECK(value == 5);
	puts("ok thread_cancel");
	return 0;
}
