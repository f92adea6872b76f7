/*
 * setitimer of the three kinds, alarm, what is left, children and new programs.
 * qemu-arm 7.2 does not pass: it cannot execute ARM programs where no binfmt handler is registered.
 */
#include "check.h"

#include <sys/time.h>

static volatile sig_atomic_t caught[65];

static void on_signal(int sig)
{
	caught[sig]++;
}

static void burn_until(int sig)
{
	volatile unsigned x = 0;

	while (!caught[sig])
		x += 1;
}

static void child_has_none(void)
{
	struct itimerval it;

	for (int which = 0; which < 3; which++)
		CHECK(getitimer(which, &it) == 0 && it.it_value.tv_sec == 0 && it.it_value.tv_usec == 0);
	CHECK(alarm(0) == 0);
}

int main(int argc, char **argv)
{
	struct itimerval it = {{0, 0}, {0, 20000}}, old;

	if (argc > 1) {
		CHECK(getitimer(ITIMER_REAL, &it) == 0 && it.it_value.tv_sec >= 900); /* kept by execve */
		puts("ok interval_timers");
		return 0;
	}
	for (int sig = 1; sig <= 31; sig++)
		if (sig == SIGALRM || sig == SIGVTALRM || sig == SIGPROF)
			signal(sig, on_signal);
	CHECK(setitimer(ITIMER_VIRTUAL, &it, NULL) == 0 && setitimer(ITIMER_PROF, &it, NULL) == 0);
	burn_until(SIGVTALRM);
	burn_until(SIGPROF);
	CHECK(caught[SIGALRM] == 0 && caught[SIGVTALRM] == 1 && caught[SIGPROF] == 1);
	it = (struct itimerval){{0, 3000}, {0, 3000}};
	CHECK(setitimer(ITIMER_REAL, &it, NULL) == 0);
	while (caught[SIGALRM] < 10)
		pause();
	CHECK(getitimer(ITIMER_REAL, &old) == 0 && old.it_interval.tv_usec == 3000 && old.it_value.tv_usec <= 3000);
	it = (struct itimerval){{5, 6}, {1000, 0}};
	CHECK(setitimer(ITIMER_REAL, &it, &old) == 0 && old.it_interval.tv_usec == 3000);
	CHECK(alarm(2000) == 1000 || alarm(2000) == 2000); /* the same timer */
	CHECK(getitimer(ITIMER_REAL, &it) == 0 && it.it_value.tv_sec >= 1999 && it.it_interval.tv_sec == 0);
	CHECK(in_child(child_has_none) == 0);
	it = (struct itimerval){{0, 0}, {0, 1000000}};
	CHECK_FAILS(setitimer(ITIMER_REAL, &it, NULL), EINVAL);
	CHECK_FAILS(setitimer(7, &it, NULL), EINVAL);
	CHECK_FAILS(syscall(SYS_getitimer, ITIMER_REAL, (void *)8), EFAULT);
	alarm(1000);
	execl("/proc/self/exe", argv[0], "after", (char *)NULL);
	CHECK(!"execl");
}
