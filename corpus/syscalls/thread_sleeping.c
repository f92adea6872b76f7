/*
 * Sleeps by clocks: no handler lets one go on afterwards, whatever it says; by processor time one ends when enough of
 * it was used.
 */
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile int stop;
static pid_t spinner;

static void on_signal(int sig)
{
	(void)sig;
}

static long long ns_of(clockid_t clock)
{
	struct timespec ts;

	CHECK(clock_gettime(clock, &ts) == 0);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static struct timespec at(long long ns)
{
	return (struct timespec){ns / 1000000000, ns % 1000000000};
}

static void *runs(void *arg)
{
	spinner = (pid_t)syscall(SYS_gettid);
	while (!stop)
		continue;
	return arg;
}

static void by_processor_time(void)
{
	const clockid_t own = CLOCK_PROCESS_CPUTIME_ID;
	struct timespec ts = at(20000000), rest;
	long long before = ns_of(own);
	clockid_t thread;
	pthread_t t;

	CHECK(pthread_create(&t, NULL, runs, NULL) == 0);
	CHECK(clock_nanosleep(own, 0, &ts, NULL) == 0);
	CHECK(ns_of(own) >= before + 20000000);
	before = ns_of(own);
	ts = at(before + 20000000);
	CHECK(clock_nanosleep(own, TIMER_ABSTIME, &ts, NULL) == 0);
	CHECK(ns_of(own) >= before + 20000000);
	ts = at(0);
	CHECK(clock_nanosleep(own, TIMER_ABSTIME, &ts, NULL) == 0);
	CHECK(pthread_getcpuclockid(t, &thread) == 0);
	before = ns_of(thread);
	ts = at(5000000);
	CHECK(clock_nanosleep(thread, 0, &ts, &rest) == 0);
	CHECK(ns_of(thread) >= before + 5000000);
	stop = 1;
	CHECK(pthread_join(t, NULL) == 0);
	while (syscall(SYS_tgkill, getpid(), spinner, 0) == 0) /* joined is not gone: its clock still stands */
		sched_yield();
	CHECK(clock_nanosleep(thread, 0, &ts, NULL) == EINVAL); /* there is no such thread any more */
	CHECK(pthread_getcpuclockid(pthread_self(), &thread) == 0);
	CHECK(clock_nanosleep(thread, 0, &ts, NULL) == EINVAL);
}

static void *interrupts(void *thread)
{
	usleep(50000);
	CHECK(pthread_kill(*(pthread_t *)thread, SIGUSR1) == 0);
	return NULL;
}

static void interrupted(void)
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct timespec ts = at(ns_of(CLOCK_MONOTONIC) + 30000000000), rest;
	pthread_t me = pthread_self(), t;

	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
	CHECK(pthread_create(&t, NULL, interrupts, &me) == 0);
	CHECK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR);
	CHECK(pthread_join(t, NULL) == 0);
	CHECK(pthread_create(&t, NULL, interrupts, &me) == 0);
	ts = at(30000000000);
	CHECK(clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &rest) == EINTR);
	CHECK(rest.tv_sec == 29);
	CHECK(pthread_join(t, NULL) == 0);
}

int main(void)
{
	by_processor_time();
	interrupted();
	puts("ok thread_sleeping");
	return 0;
}
