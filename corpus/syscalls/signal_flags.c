/* SA_NODEFER, SA_RESETHAND, sa_mask during a handler, what a handler may change in its frame, raise inside handlers. */
#include "check.h"

#include <setjmp.h>
#include <ucontext.h>

static volatile int depth, deepest, order[8], steps;
static sigjmp_buf back;

static void install(int sig, void (*handler)(int), int flags, int masked)
{
	struct sigaction sa = {.sa_handler = handler, .sa_flags = flags};

	sigemptyset(&sa.sa_mask);
	if (masked)
		sigaddset(&sa.sa_mask, masked);
	CHECK(sigaction(sig, &sa, NULL) == 0);
}

static void recurse(int sig)
{
	depth++;
	if (depth > deepest)
		deepest = depth;
	if (++steps < 5)
		raise(sig);
	depth--;
}

static void first(int sig)
{
	order[steps++] = sig;
	raise(SIGUSR2);
	order[steps++] = -sig;
}

static void second(int sig)
{
	order[steps++] = sig;
}

static void once(int sig)
{
	struct sigaction now;

	CHECK(sigaction(sig, NULL, &now) == 0 && now.sa_handler == SIG_DFL);
	steps++;
}

static void changes_mask(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	(void)info;
	CHECK(!sigismember(&uc->uc_sigmask, SIGUSR2));
	sigaddset(&uc->uc_sigmask, SIGUSR2);
	steps++;
}

static void jumps(int sig)
{
	siglongjmp(back, sig);
}

static void masked_during(void)
{
	sigset_t now;

	steps = 0;
	install(SIGUSR2, second, 0, 0);
	install(SIGUSR1, first, 0, SIGUSR2);
	raise(SIGUSR1);
	CHECK(steps == 3 && order[0] == SIGUSR1 && order[1] == -SIGUSR1 && order[2] == SIGUSR2);
	steps = 0;
	install(SIGUSR1, first, 0, 0);
	raise(SIGUSR1);
	CHECK(steps == 3 && order[1] == SIGUSR2 && order[2] == -SIGUSR1);
	CHECK(sigprocmask(SIG_BLOCK, NULL, &now) == 0 && !sigismember(&now, SIGUSR1) && !sigismember(&now, SIGUSR2));
}

int main(void)
{
	struct sigaction sa = {.sa_sigaction = changes_mask, .sa_flags = SA_SIGINFO};
	sigset_t now;

	install(SIGUSR1, recurse, SA_NODEFER, 0);
	raise(SIGUSR1);
	CHECK(deepest == 5 && depth == 0 && steps == 5);
	deepest = steps = 0; /* without the flag one more waits until the first has returned */
	install(SIGUSR1, recurse, 0, 0);
	raise(SIGUSR1);
	CHECK(deepest == 1 && depth == 0 && steps == 5);
	masked_during();
	steps = 0;
	install(SIGUSR1, once, (int)SA_RESETHAND, 0);
	raise(SIGUSR1);
	CHECK(steps == 1);
	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
	raise(SIGUSR1);
	CHECK(steps == 2 && sigprocmask(SIG_BLOCK, NULL, &now) == 0 && sigismember(&now, SIGUSR2));
	sigemptyset(&now);
	CHECK(sigprocmask(SIG_SETMASK, &now, NULL) == 0);
	/* Out of a handler with and without the mask. */
	install(SIGUSR1, jumps, 0, 0);
	for (volatile int i = 0; i < 50; i++) {
		if (!sigsetjmp(back, 1)) {
			raise(SIGUSR1);
			CHECK(!"comes back");
		}
		CHECK(sigprocmask(SIG_BLOCK, NULL, &now) == 0 && !sigismember(&now, SIGUSR1));
	}
	if (!sigsetjmp(back, 0))
		raise(SIGUSR1);
	CHECK(sigprocmask(SIG_BLOCK, NULL, &now) == 0 && sigismember(&now, SIGUSR1));
	puts("ok signal_flags");
	return 0;
}
