/* Clocks by both widths of time: processes' and own processor time, resolutions, setting refused, sleeping until. */
#include "check.h"

#include <sys/timex.h>

#ifdef __arm__
#define NR_GETTIME64 403
#define NR_SETTIME64 404
#define NR_ADJTIME64 405
#define NR_GETRES64 406
#define NR_NANOSLEEP64 407
#else
#define NR_GETTIME64 SYS_clock_gettime
#define NR_SETTIME64 SYS_clock_settime
#define NR_ADJTIME64 SYS_clock_adjtime
#define NR_GETRES64 SYS_clock_getres
#define NR_NANOSLEEP64 SYS_clock_nanosleep
#endif

struct kernel_time {
	int64_t sec, nsec;
};

static void pauses(void)
{
	for (;;)
		pause();
}

static void each_clock(void)
{
	static const int clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
				     CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME, CLOCK_TAI};
	struct kernel_time a, b;
	struct timespec ts;

	for (unsigned i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		CHECK(syscall(NR_GETTIME64, clocks[i], &a) == 0);
		CHECK(clock_gettime((clockid_t)clocks[i], &ts) == 0);
		CHECK(syscall(NR_GETTIME64, clocks[i], &b) == 0);
		CHECK(a.nsec >= 0 && a.nsec < 1000000000 && (b.sec > a.sec || (b.sec == a.sec && b.nsec >= a.nsec)));
		CHECK(ts.tv_sec >= a.sec && ts.tv_sec <= b.sec);
		CHECK(syscall(NR_GETRES64, clocks[i], &b) == 0 && b.sec == 0 && b.nsec > 0);
		CHECK(syscall(NR_GETRES64, clocks[i], NULL) == 0);
	}
	CHECK_FAILS(syscall(NR_GETTIME64, 99, &a), EINVAL);
	CHECK_FAILS(syscall(NR_GETTIME64, CLOCK_REALTIME, (void *)8), EFAULT);
}

static void processor_time(void)
{
	struct timespec a, b;
	clockid_t its;
	volatile unsigned x = 0;
	pid_t pid = fork();

	if (pid == 0)
		pauses();
	CHECK(clock_getcpuclockid(pid, &its) == 0 && clock_gettime(its, &a) == 0 && a.tv_sec == 0);
	CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
	CHECK_FAILS(clock_gettime(its, &a), EINVAL);
	CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a) == 0);
	do {
		for (int i = 0; i < 100000; i++)
			x += 1;
		CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b) == 0);
	} while ((b.tv_sec - a.tv_sec) * 1000000000ll + b.tv_nsec - a.tv_nsec < 10000000);
}

static void sleeping(void)
{
	struct kernel_time now, until;

	CHECK(syscall(NR_GETTIME64, CLOCK_MONOTONIC, &now) == 0);
	until = (struct kernel_time){now.sec, now.nsec + 20000000};
	if (until.nsec >= 1000000000) {
		until.nsec -= 1000000000;
		until.sec++;
	}
	CHECK(syscall(NR_NANOSLEEP64, CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == 0);
	CHECK(syscall(NR_GETTIME64, CLOCK_MONOTONIC, &now) == 0);
	CHECK(now.sec > until.sec || (now.sec == until.sec && now.nsec >= until.nsec));
	CHECK(syscall(NR_NANOSLEEP64, CLOCK_BOOTTIME, TIMER_ABSTIME, &until, NULL) == 0); /* long past */
	until = (struct kernel_time){0, 1000000000};
	CHECK_FAILS(syscall(NR_NANOSLEEP64, CLOCK_MONOTONIC, 0, &until, NULL), EINVAL);
	until = (struct kernel_time){-1, 0};
	CHECK_FAILS(syscall(NR_NANOSLEEP64, CLOCK_MONOTONIC, 0, &until, NULL), EINVAL);
	CHECK(syscall(NR_NANOSLEEP64, CLOCK_THREAD_CPUTIME_ID, 0, &now, NULL) == -1);
	CHECK((errno == EINVAL || errno == EOPNOTSUPP));
	CHECK_FAILS(syscall(NR_NANOSLEEP64, CLOCK_MONOTONIC, 0, (void *)8, NULL), EFAULT);
}

int main(void)
{
	struct kernel_time t = {0, 2000000000};
	struct timex tx;
	char kernel_timex[208];

	each_clock();
	processor_time();
	sleeping();
	CHECK_FAILS(syscall(NR_SETTIME64, CLOCK_REALTIME, &t), EINVAL);
	t.nsec = 0;
	CHECK_FAILS(syscall(NR_SETTIME64, CLOCK_MONOTONIC, &t), EINVAL);
	memset(&tx, 0, sizeof(tx));
	CHECK(clock_adjtime(CLOCK_REALTIME, &tx) >= 0 && tx.tick >= 9000 && tx.tick <= 11000);
	CHECK(labs((long)(tx.time.tv_sec - time(NULL))) < 60);
	memset(kernel_timex, 0, sizeof(kernel_timex));
	CHECK(syscall(NR_ADJTIME64, CLOCK_REALTIME, kernel_timex) >= 0);
	puts("ok clocks");
	return 0;
}
