/*
 * Handlers: plain and SA_SIGINFO, nesting, masks, pending, SA_NODEFER, SA_RESETHAND, an alternate stack,
 * sigsuspend, and synchronous faults left by siglongjmp or repaired and resumed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static volatile sig_atomic_t depth, deepest, calls;
static sigjmp_buf escape;
static char *volatile page;
static char alternate[65536];

static void install(int sig, void (*handler)(int), int flags)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = flags };

	sigemptyset(&sa.sa_mask);
	if (sigaction(sig, &sa, NULL))
		abort();
}

static void install_info(int sig, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO };

	sigemptyset(&sa.sa_mask);
	if (sigaction(sig, &sa, NULL))
		abort();
}

static void count(int sig)
{
	(void)sig;
	calls++;
}

/* Raises itself twice; SA_NODEFER decides whether that nests or waits. */
static void nest(int sig)
{
	depth++;
	if (depth > deepest)
		deepest = depth;
	if (calls++ < 2)
		raise(sig);
	depth--;
}

static void nesting(void)
{
	install(SIGUSR1, nest, 0);
	raise(SIGUSR1);
	printf("deferred: calls %d, deepest %d\n", (int)calls, (int)deepest);
	calls = deepest = 0;
	install(SIGUSR1, nest, SA_NODEFER);
	raise(SIGUSR1);
	printf("nodefer: calls %d, deepest %d\n", (int)calls, (int)deepest);
}

static void masks(void)
{
	sigset_t set, old, pending;

	calls = 0;
	install(SIGUSR2, count, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, &old);
	raise(SIGUSR2);
	raise(SIGUSR2);
	sigpending(&pending);
	printf("blocked: calls %d, pending %d\n", (int)calls, sigismember(&pending, SIGUSR2));
	sigprocmask(SIG_SETMASK, &old, NULL);
	printf("unblocked: calls %d\n", (int)calls);

	sigprocmask(SIG_BLOCK, &set, &old);
	kill(getpid(), SIGUSR2);
	int result = sigsuspend(&old);
	printf("sigsuspend: %d, EINTR %d, calls %d\n", result, errno == EINTR, (int)calls);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void reset(void)
{
	struct sigaction now;

	calls = 0;
	install(SIGUSR1, count, SA_RESETHAND);
	raise(SIGUSR1);
	sigaction(SIGUSR1, NULL, &now);
	printf("resethand: calls %d, default again %d\n", (int)calls, now.sa_handler == SIG_DFL);
	signal(SIGUSR1, SIG_IGN);
	raise(SIGUSR1);
	puts("ignored");
}

static void info(int sig, siginfo_t *si, void *context)
{
	printf("siginfo: signal %d code %s value %d own pid %d context %d\n", sig == SIGRTMIN,
	       si->si_code == SI_QUEUE ? "SI_QUEUE" : "other", si->si_value.sival_int,
	       si->si_pid == getpid(), context != NULL);
}

/* Real-time signals queue: three sent, three delivered, in order. */
static void queued(void)
{
	sigset_t set, old;

	install_info(SIGRTMIN, info, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, &old);
	for (int i = 1; i <= 3; i++)
		sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = i * 111 });
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void on_alternate(int sig)
{
	char here;

	(void)sig;
	printf("on the alternate stack: %d\n", &here >= alternate && &here < alternate + sizeof(alternate));
}

static void alternate_stack(void)
{
	stack_t ss = { .ss_sp = alternate, .ss_size = sizeof(alternate) }, now;

	sigaltstack(&ss, NULL);
	install(SIGUSR1, on_alternate, SA_ONSTACK);
	raise(SIGUSR1);
	sigaltstack(NULL, &now);
	printf("afterwards in use: %d\n", (now.ss_flags & SS_ONSTACK) != 0);
}

static void jump_out(int sig, siginfo_t *si, void *context)
{
	(void)context;
	printf("fault: signal %d, address right %d, code %d\n", sig, si->si_addr == (void *)(page + 12),
	       si->si_code);
	siglongjmp(escape, 1);
}

static void repair(int sig, siginfo_t *si, void *context)
{
	(void)sig, (void)si, (void)context;
	calls++;
	mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

static void faults(void)
{
	page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	install_info(SIGSEGV, jump_out, 0);
	if (!sigsetjmp(escape, 1))
		*(volatile int *)(page + 12) = 1;
	munmap(page, 4096);
	if (!sigsetjmp(escape, 1))
		*(volatile int *)(page + 12) = 1;

	page = mmap(page, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	install_info(SIGSEGV, repair, 0);
	calls = 0;
	for (int i = 0; i < 16; i++)
		*(volatile int *)(page + 12) += i;
	printf("repaired: calls %d, sum %d\n", (int)calls, *(volatile int *)(page + 12));
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	nesting();
	masks();
	reset();
	queued();
	alternate_stack();
	faults();
	return 0;
}
