/* Timers of processor time: of the process, of a thread; they fire where time is spent, a sleeping thread's clock stands. */
#include "check.h"

#include <pthread.h>
#include <stddef.h>
#include <sys/time.h>

static volatile int prof, virtual, mine;
static volatile pid_t who;

static void profiled(int sig)
{
	if (sig == SIGPROF)
		prof++;
	else
		virtual++;
}

static void counted(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	CHECK(info->si_code == SI_TIMER && info->si_value.sival_int == 7);
	who = (pid_t)syscall(SYS_gettid);
	mine++;
}

static void *sleeps(void *arg)
{
	struct timespec ts = {0, 200000000};
	clockid_t clock;

	CHECK(pthread_getcpuclockid(pthread_self(), &clock) == 0);
	CHECK(nanosleep(&ts, NULL) == 0 || errno == EINTR);
	CHECK(clock_gettime(clock, &ts) == 0 && ts.tv_sec == 0 && ts.tv_nsec < 150000000);
	return arg;
}

static void *spends(void *arg)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN + 4, .sigev_value.sival_int = 7};
	struct itimerspec each = {{0, 5000000}, {0, 5000000}}, left;
	volatile unsigned work = 0;
	timer_t timer;

	*(pid_t *)((char *)&event + offsetof(struct sigevent, sigev_notify) + 4) = (pid_t)syscall(SYS_gettid);
	CHECK(timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer) == 0);
	CHECK(timer_settime(timer, 0, &each, NULL) == 0);
	while (mine < 3)
		work++;
	CHECK(who == (pid_t)syscall(SYS_gettid));
	CHECK(timer_gettime(timer, &left) == 0 && left.it_interval.tv_nsec == 5000000 && left.it_value.tv_nsec <= 5000000);
	CHECK(timer_delete(timer) == 0);
	return arg;
}

int main(void)
{
	struct sigaction sa = {.sa_handler = profiled, .sa_flags = SA_RESTART};
	struct itimerval each = {{0, 5000}, {0, 5000}}, none = {{0, 0}, {0, 0}}, old;
	volatile unsigned work = 0;
	pthread_t t[2];

	CHECK(sigaction(SIGPROF, &sa, NULL) == 0 && sigaction(SIGVTALRM, &sa, NULL) == 0);
	sa.sa_sigaction = counted;
	sa.sa_flags |= SA_SIGINFO;
	CHECK(sigaction(SIGRTMIN + 4, &sa, NULL) == 0);
	CHECK(pthread_create(&t[0], NULL, sleeps, NULL) == 0 && pthread_create(&t[1], NULL, spends, NULL) == 0);
	for (int i = 0; i < 2; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(setitimer(ITIMER_PROF, &each, NULL) == 0 && setitimer(ITIMER_VIRTUAL, &each, NULL) == 0);
	while (prof < 3 || virtual < 3)
		work++;
	CHECK(setitimer(ITIMER_PROF, &none, &old) == 0 && old.it_interval.tv_usec == 5000);
	CHECK(setitimer(ITIMER_VIRTUAL, &none, &old) == 0 && old.it_interval.tv_usec == 5000);
	puts("ok thread_cpu_timers");
	return 0;
}
