/*
 * POSIX timers: intervals and overruns, absolute times, no notice at all, a thread's own signal, both widths, errors.
 * qemu-arm 7.2 does not pass: a timer without an event does not carry its number.
 */
#include "check.h"

#ifdef __arm__
#define NR_SETTIME64 409
#define NR_GETTIME64 408
#else
#define NR_SETTIME64 SYS_timer_settime
#define NR_GETTIME64 SYS_timer_gettime
#endif
#ifndef SIGEV_THREAD_ID
#define SIGEV_THREAD_ID 4
#endif

struct kernel_spec {
	int64_t interval_sec, interval_nsec, sec, nsec;
};

/* The kernel's own numbers of timers. */
static long make(int clock, struct sigevent *ev, int *id)
{
	return syscall(SYS_timer_create, clock, ev, id);
}

static volatile sig_atomic_t count, overruns;
static volatile int value, timer_code;

static void note(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	count++;
	value = info->si_value.sival_int;
	timer_code = info->si_code;
	overruns += info->si_overrun;
}

int main(void)
{
	struct sigaction sa = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
	struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 31337};
	struct kernel_spec s = {0, 2000000, 0, 2000000}, left;
	struct timespec now;
	sigset_t set, old;
	int id, other;

	CHECK(sigaction(SIGRTMIN, &sa, NULL) == 0 && sigaction(SIGALRM, &sa, NULL) == 0);
	CHECK(make(CLOCK_MONOTONIC, &ev, &id) == 0);
	CHECK(syscall(NR_SETTIME64, id, 0, &s, NULL) == 0);
	while (count < 5)
		pause();
	CHECK(value == 31337 && timer_code == SI_TIMER);
	CHECK(syscall(NR_GETTIME64, id, &left) == 0 && left.interval_nsec == 2000000 && left.nsec <= 2000000);
	CHECK(left.sec == 0);
	/* While the signal is blocked, expirations are counted, not queued. */
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	CHECK(sigprocmask(SIG_BLOCK, &set, &old) == 0);
	count = overruns = 0;
	usleep(50000);
	CHECK(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
	CHECK(count >= 1 && overruns >= 10 && syscall(SYS_timer_getoverrun, id) >= 0);
	s = (struct kernel_spec){0, 0, 0, 0};
	CHECK(syscall(NR_SETTIME64, id, 0, &s, &left) == 0 && left.interval_nsec == 2000000);
	count = 0;
	usleep(10000);
	CHECK(count <= 1);
	/* Without an event it is SIGALRM with the timer's number. */
	CHECK(make(CLOCK_REALTIME, NULL, &other) == 0 && other != id);
	clock_gettime(CLOCK_REALTIME, &now);
	s = (struct kernel_spec){0, 0, now.tv_sec - 5, 0};
	count = 0;
	CHECK(syscall(NR_SETTIME64, other, TIMER_ABSTIME, &s, NULL) == 0);
	while (!count)
		usleep(1000);
	CHECK(value == other);
	/* For a certain thread. */
	memset(&ev, 0, sizeof(ev));
	ev.sigev_notify = SIGEV_THREAD_ID;
	ev.sigev_signo = SIGRTMIN;
	ev.sigev_value.sival_int = 5;
	((int *)&ev)[sizeof(ev.sigev_value) / 4 + 2] = getpid();
	CHECK(syscall(SYS_timer_delete, other) == 0 && make(CLOCK_MONOTONIC, &ev, &other) == 0);
	s = (struct kernel_spec){0, 0, 0, 1};
	count = 0;
	CHECK(syscall(NR_SETTIME64, other, 0, &s, NULL) == 0);
	while (!count)
		usleep(1000);
	CHECK(value == 5);
	((int *)&ev)[sizeof(ev.sigev_value) / 4 + 2] = 1;
	CHECK_FAILS(make(CLOCK_MONOTONIC, &ev, &other), EINVAL);
	ev = (struct sigevent){.sigev_notify = SIGEV_NONE};
	CHECK(make(CLOCK_MONOTONIC, &ev, &other) == 0);
	s = (struct kernel_spec){0, 0, 100, 0};
	CHECK(syscall(NR_SETTIME64, other, 0, &s, NULL) == 0 && syscall(NR_GETTIME64, other, &left) == 0);
	CHECK(left.sec == 99);
	s.nsec = 1000000000;
	CHECK_FAILS(syscall(NR_SETTIME64, other, 0, &s, NULL), EINVAL);
	CHECK_FAILS(syscall(NR_SETTIME64, 9999, 0, &s, NULL), EINVAL);
	CHECK_FAILS(syscall(NR_SETTIME64, other, 0, NULL, NULL), EINVAL);
	CHECK_FAILS(make(99, NULL, &other), EINVAL);
	ev = (struct sigevent){.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 100};
	CHECK_FAILS(make(CLOCK_MONOTONIC, &ev, &other), EINVAL);
	CHECK_FAILS(make(CLOCK_MONOTONIC, NULL, (void *)8), EFAULT);
	CHECK(syscall(SYS_timer_delete, id) == 0);
	CHECK_FAILS(syscall(SYS_timer_delete, id), EINVAL);
	CHECK_FAILS(syscall(NR_GETTIME64, id, &left), EINVAL);
	puts("ok posix_timers");
	return 0;
}
