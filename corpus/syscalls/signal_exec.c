/*
 * Signals across fork and execve: dispositions, masks, pending signals, the alternate stack.
 * qemu-arm does not pass where no binfmt handler is registered: it cannot execute ARM programs.
 */
#include "check.h"

static volatile sig_atomic_t count;
static char stack[32768];

static void on_signal(int sig)
{
	(void)sig;
	count++;
}

static void after_exec(void)
{
	struct sigaction sa;
	sigset_t mask, pending;
	stack_t ss;

	CHECK(sigaction(SIGUSR1, NULL, &sa) == 0 && sa.sa_handler == SIG_DFL);	/* was caught */
	CHECK(sigaction(SIGUSR2, NULL, &sa) == 0 && sa.sa_handler == SIG_IGN);
	CHECK(sigaction(SIGCHLD, NULL, &sa) == 0 && sa.sa_handler == SIG_IGN);
	CHECK(sigaction(SIGSEGV, NULL, &sa) == 0 && sa.sa_handler == SIG_IGN);
	CHECK(sigaction(SIGTERM, NULL, &sa) == 0 && sa.sa_handler == SIG_DFL);
	CHECK(sigprocmask(SIG_BLOCK, NULL, &mask) == 0);
	CHECK(sigismember(&mask, SIGHUP) && sigismember(&mask, SIGRTMIN + 1) && !sigismember(&mask, SIGINT));
	CHECK(sigismember(&mask, SIGBUS));
	CHECK(sigpending(&pending) == 0 && sigismember(&pending, SIGHUP) && sigismember(&pending, SIGRTMIN + 1));
	CHECK(sigaltstack(NULL, &ss) == 0 && ss.ss_flags == SS_DISABLE);
	for (int sig = SIGRTMIN + 2; sig <= SIGRTMAX; sig++)
		CHECK(sigaction(sig, NULL, &sa) == 0 && sa.sa_handler == SIG_DFL && !sigismember(&mask, sig));
	puts("ok signal_exec");
	exit(0);
}

static void in_the_child(void)
{
	sigset_t pending;

	CHECK(sigpending(&pending) == 0 && !sigismember(&pending, SIGHUP)); /* pending signals are not inherited */
	count = 0;
	raise(SIGUSR1);
	CHECK(count == 1);
}

int main(int argc, char **argv)
{
	struct sigaction sa = {.sa_handler = on_signal};
	stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)};
	sigset_t set;

	if (argc > 1)
		after_exec();
	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0 && sigaltstack(&ss, NULL) == 0);
	signal(SIGUSR2, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGSEGV, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGBUS);
	sigaddset(&set, SIGRTMIN + 1);
	CHECK(sigprocmask(SIG_SETMASK, &set, NULL) == 0);
	raise(SIGHUP);
	CHECK(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 1}) == 0);
	signal(SIGCHLD, SIG_DFL);
	CHECK(in_child(in_the_child) == 0);
	signal(SIGCHLD, SIG_IGN);
	execl(argv[0], argv[0], "after", (char *)NULL);
	CHECK(!"execl");
}
