/* A timer for each thread, whose signal comes to that thread, in a loop without calls too. */
#include "check.h"

#include <pthread.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static __thread volatile int ticks;

static void counts(int sig)
{
	(void)sig;
	ticks++;
}

static void *works(void *arg)
{
	struct sigevent ev = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN + 1};
	struct itimerspec each = {{0, 1000000}, {0, 1000000}};
	timer_t timer;

	ev.sigev_notify_thread_id = (int)syscall(SYS_gettid);
	CHECK(timer_create(CLOCK_MONOTONIC, &ev, &timer) == 0 && timer_settime(timer, 0, &each, NULL) == 0);
	while (ticks < 50)
		continue;
	CHECK(timer_delete(timer) == 0);
	return arg;
}

int main(void)
{
	struct sigaction sa = {.sa_handler = counts, .sa_flags = SA_RESTART};
	pthread_t t[4];

	CHECK(sigaction(SIGRTMIN + 1, &sa, NULL) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, works, NULL) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(ticks == 0);
	puts("ok thread_timers");
	return 0;
}
