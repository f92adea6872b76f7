/* A timer of 1 ms in every thread, while it allocates, reads and writes: no call fails, no tick goes elsewhere. */
#include "stress.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static __thread volatile int ticks;
static double end;

static void counts(int sig)
{
	(void)sig;
	ticks++;
}

static void allocate_and_write(unsigned i, int fds[2])
{
	char *p = malloc(16 + i % 3000), text[16];

	CHECK(p);
	memset(p, (int)i, 16);
	snprintf(text, sizeof(text), "%u", i);
	CHECK(write(fds[1], text, sizeof(text)) == sizeof(text));
	CHECK(read(fds[0], p, 16) == 16 && !strcmp(p, text));
	free(p);
}

static void *works(void *arg)
{
	struct sigevent ev = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN + 1};
	struct itimerspec each = {{0, 1000000}, {0, 1000000}};
	int fds[2];
	timer_t timer;

	ev.sigev_notify_thread_id = (int)syscall(SYS_gettid);
	CHECK(pipe(fds) == 0);
	CHECK(timer_create(CLOCK_MONOTONIC, &ev, &timer) == 0 && timer_settime(timer, 0, &each, NULL) == 0);
	for (unsigned i = 0; i % 256 || now() < end; i++)
		allocate_and_write(i, fds);
	CHECK(timer_delete(timer) == 0 && close(fds[0]) == 0 && close(fds[1]) == 0);
	CHECK(ticks > 10);
	return arg;
}

int main(int argc, char **argv)
{
	struct sigaction sa = {.sa_handler = counts, .sa_flags = SA_RESTART};
	struct level before;
	pthread_t t[4];

	CHECK(sigaction(SIGRTMIN + 1, &sa, NULL) == 0);
	before = level_now();
	end = deadline(argc, argv);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, works, NULL) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(ticks == 0);
	check_level(before);
	puts("ok timers");
	return 0;
}
