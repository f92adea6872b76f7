/* Clocks, sleeps that a signal cuts short, interval and POSIX timers, file times. */
#include "check.h"

#include <sys/time.h>
#include <sys/timex.h>
#include <utime.h>

static volatile sig_atomic_t ticks;
static volatile int timer_value;

static void on_tick(int sig)
{
	(void)sig;
	ticks++;
}

static void on_timer(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	if (info->si_code == SI_TIMER)
		timer_value = info->si_value.sival_int;
}

static long long ns(const struct timespec *ts)
{
	return ts->tv_sec * 1000000000ll + ts->tv_nsec;
}

static void clocks(void)
{
	struct timespec a, b;
	struct timeval tv;
	struct timex tx = {.modes = 0};

	CHECK(clock_gettime(CLOCK_MONOTONIC, &a) == 0 && clock_gettime(CLOCK_MONOTONIC, &b) == 0);
	CHECK(ns(&b) >= ns(&a) && a.tv_nsec < 1000000000);
	CHECK(clock_gettime(CLOCK_REALTIME, &a) == 0 && gettimeofday(&tv, NULL) == 0);
	CHECK(labs((long)(a.tv_sec - tv.tv_sec)) <= 1 && tv.tv_usec < 1000000);
	CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a) == 0);
	CHECK(clock_getres(CLOCK_MONOTONIC, &a) == 0 && a.tv_sec == 0);
	CHECK_FAILS(clock_gettime(1234, &a), EINVAL);
	CHECK(adjtimex(&tx) >= 0 && tx.tick > 8000 && tx.tick < 12000);
}

static void sleeps(void)
{
	struct itimerval it = {{0, 0}, {0, 20000}};
	struct sigaction sa = {.sa_handler = on_tick};
	struct timespec ts = {10, 0}, rest = {0, 0}, a, b;

	sigaction(SIGALRM, &sa, NULL);
	CHECK(setitimer(ITIMER_REAL, &it, NULL) == 0);
	CHECK_FAILS(nanosleep(&ts, &rest), EINTR);
	CHECK(ticks == 1);
	CHECK(ns(&rest) > 9000000000ll && ns(&rest) < 10000000000ll);
	ts = (struct timespec){0, 15000000};
	clock_gettime(CLOCK_MONOTONIC, &a);
	CHECK(nanosleep(&ts, NULL) == 0);
	clock_gettime(CLOCK_MONOTONIC, &b);
	CHECK(ns(&b) - ns(&a) >= 15000000);
	b.tv_nsec += 10000000;
	if (b.tv_nsec >= 1000000000) {
		b.tv_nsec -= 1000000000;
		b.tv_sec++;
	}
	CHECK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &b, NULL) == 0);
	clock_gettime(CLOCK_MONOTONIC, &a);
	CHECK(ns(&a) >= ns(&b));
	ts.tv_nsec = 1000000000;
	CHECK_FAILS(nanosleep(&ts, NULL), EINVAL);
	CHECK(clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL) == EINVAL);
}

static void repeating(void)
{
	struct itimerval it = {{0, 5000}, {0, 5000}}, old;

	ticks = 0;
	CHECK(setitimer(ITIMER_REAL, &it, NULL) == 0);
	while (ticks < 5)
		pause();
	memset(&it, 0, sizeof(it));
	CHECK(setitimer(ITIMER_REAL, &it, &old) == 0 && old.it_interval.tv_usec == 5000);
	CHECK(getitimer(ITIMER_REAL, &it) == 0 && it.it_value.tv_usec == 0);
}

static void posix_timer(void)
{
	struct sigaction sa = {.sa_sigaction = on_timer, .sa_flags = SA_SIGINFO};
	struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 424242};
	struct itimerspec its = {{0, 0}, {0, 10000000}}, left;
	timer_t id;

	sigaction(SIGUSR1, &sa, NULL);
	CHECK(timer_create(CLOCK_MONOTONIC, &ev, &id) == 0);
	CHECK(timer_settime(id, 0, &its, NULL) == 0);
	CHECK(timer_gettime(id, &left) == 0 && ns(&left.it_value) <= 10000000);
	while (!timer_value)
		usleep(1000);
	CHECK(timer_value == 424242);
	CHECK(timer_getoverrun(id) == 0);
	CHECK(timer_delete(id) == 0);
}

static void file_times(void)
{
	struct timeval tv[2] = {{1234567890, 250000}, {1300000000, 750000}};
	struct utimbuf ut = {1000000000, 1000000001};
	struct stat st;

	enter_scratch_folder();
	make_file("file", "");
	CHECK(utimes("file", tv) == 0 && stat("file", &st) == 0);
	CHECK(st.st_atim.tv_sec == 1234567890 && st.st_atim.tv_nsec == 250000000 && st.st_mtim.tv_nsec == 750000000);
	CHECK(utime("file", &ut) == 0 && stat("file", &st) == 0 && st.st_mtime == 1000000001);
	tv[0].tv_usec = 1000000;
	CHECK_FAILS(utimes("file", tv), EINVAL);
}

int main(void)
{
	clocks();
	sleeps();
	repeating();
	posix_timer();
	file_times();
	puts("ok time_calls");
	return 0;
}
