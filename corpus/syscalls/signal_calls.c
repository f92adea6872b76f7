/* Masks, pending sets, suspension, waiting for signals, queued values, restarts. */
#include "check.h"

#include <sys/time.h>

static volatile sig_atomic_t count;
static volatile int value;
static volatile int code;

static void on_signal(int sig)
{
	(void)sig;
	count++;
}

static void on_value(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	count++;
	code = info->si_code;
	value = info->si_value.sival_int;
}

static void install(int sig, void (*handler)(int), int flags)
{
	struct sigaction sa = {.sa_handler = handler, .sa_flags = flags};

	CHECK(sigaction(sig, &sa, NULL) == 0);
}

static void masks(void)
{
	sigset_t set, old, pending;

	install(SIGUSR1, on_signal, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK(sigprocmask(SIG_BLOCK, &set, &old) == 0 && !sigismember(&old, SIGUSR1));
	raise(SIGUSR1);
	CHECK(count == 0);
	CHECK(sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1) && !sigismember(&pending, SIGUSR2));
	CHECK_FAILS(sigsuspend(&old), EINTR);
	CHECK(count == 1);
	raise(SIGUSR1);
	CHECK(sigprocmask(SIG_SETMASK, &old, NULL) == 0 && count == 2);
	CHECK_FAILS(sigprocmask(99, &set, NULL), EINVAL);
}

static void waiting_for(void)
{
	sigset_t set;
	siginfo_t info;
	struct timespec ts = {0, 10000000};

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 2);
	CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	CHECK_FAILS(sigtimedwait(&set, &info, &ts), EAGAIN);
	for (int i = 1; i <= 3; i++)
		CHECK(sigqueue(getpid(), SIGRTMIN + 2, (union sigval){.sival_int = i * 1000}) == 0);
	for (int i = 1; i <= 3; i++) {
		CHECK(sigwaitinfo(&set, &info) == SIGRTMIN + 2);
		CHECK(info.si_code == SI_QUEUE && info.si_value.sival_int == i * 1000 && info.si_pid == getpid());
	}
	CHECK(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
}

static void queued(void)
{
	struct sigaction sa = {.sa_sigaction = on_value, .sa_flags = SA_SIGINFO}, old;

	CHECK(sigaction(SIGRTMIN, &sa, NULL) == 0);
	count = 0;
	CHECK(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = -77}) == 0);
	CHECK(count == 1 && code == SI_QUEUE && value == -77);
	CHECK(sigaction(SIGRTMIN, NULL, &old) == 0 && old.sa_sigaction == on_value && old.sa_flags & SA_SIGINFO);
	CHECK_FAILS(sigaction(SIGKILL, &sa, NULL), EINVAL);
	CHECK_FAILS(sigaction(0, &sa, NULL), EINVAL);
}

/* With SA_RESTART a read goes on after the handler; without it, EINTR. */
static void restarts(void)
{
	struct itimerval it = {{0, 0}, {0, 20000}};
	int ends[2];
	char c = 0;

	CHECK(pipe(ends) == 0);
	install(SIGALRM, on_signal, 0);
	count = 0;
	CHECK(setitimer(ITIMER_REAL, &it, NULL) == 0);
	CHECK_FAILS(read(ends[0], &c, 1), EINTR);
	CHECK(count == 1);
	install(SIGALRM, on_signal, SA_RESTART);
	if (fork() == 0) {
		usleep(100000);
		CHECK(write(ends[1], "r", 1) == 1);
		_exit(0);
	}
	CHECK(setitimer(ITIMER_REAL, &it, NULL) == 0);
	CHECK(read(ends[0], &c, 1) == 1 && c == 'r');
	CHECK(count == 2);
	wait(NULL);
	/* Waits for time are never restarted. */
	CHECK(setitimer(ITIMER_REAL, &it, NULL) == 0);
	CHECK_FAILS(pause(), EINTR);
	CHECK(count == 3);
}

static void flags(void)
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND}, now;

	CHECK(sigaction(SIGUSR2, &sa, NULL) == 0);
	count = 0;
	raise(SIGUSR2);
	CHECK(count == 1);
	CHECK(sigaction(SIGUSR2, NULL, &now) == 0 && now.sa_handler == SIG_DFL);
	signal(SIGUSR2, SIG_IGN);
	raise(SIGUSR2);
	CHECK(count == 1);
}

static char stack[65536];
static volatile int on_stack;

static void look_at_stack(int sig)
{
	char here;

	(void)sig;
	on_stack = &here >= stack && &here < stack + sizeof(stack);
}

static void alternate_stack(void)
{
	stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)}, old;

	CHECK(sigaltstack(&ss, &old) == 0 && old.ss_flags == SS_DISABLE);
	install(SIGUSR1, look_at_stack, SA_ONSTACK);
	raise(SIGUSR1);
	CHECK(on_stack);
	ss.ss_flags = SS_DISABLE;
	CHECK(sigaltstack(&ss, &old) == 0 && old.ss_sp == stack && old.ss_size == sizeof(stack));
	raise(SIGUSR1);
	CHECK(!on_stack);
	ss = (stack_t){.ss_sp = stack, .ss_size = 100};
	CHECK_FAILS(sigaltstack(&ss, NULL), ENOMEM);
}

int main(void)
{
	masks();
	waiting_for();
	queued();
	restarts();
	flags();
	alternate_stack();
	puts("ok signal_calls");
	return 0;
}
