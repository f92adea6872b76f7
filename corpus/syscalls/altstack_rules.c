/*
 * The alternate stack: not changed while in use, autodisarmed where asked, nested handlers, what uc_stack says, children.
 * qemu-arm 7.2 does not pass: it does not know SS_AUTODISARM.
 */
#include "check.h"

#include <ucontext.h>

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif

static char stack[32768], second[32768];
static volatile int step;

static int on(const char *area, const char *p)
{
	return p >= area && p < area + sizeof(stack);
}

static void nested(int sig)
{
	char here;

	(void)sig;
	CHECK(on(stack, &here));
	step = 2;
}

static void first(int sig, siginfo_t *info, void *context)
{
	stack_t now, other = {.ss_sp = second, .ss_size = sizeof(second)};
	ucontext_t *uc = context;
	char here;

	(void)sig;
	(void)info;
	CHECK(on(stack, &here));
	CHECK(sigaltstack(NULL, &now) == 0 && now.ss_flags == SS_ONSTACK && now.ss_sp == stack);
	CHECK_FAILS(sigaltstack(&other, NULL), EPERM);
	CHECK(uc->uc_stack.ss_sp == stack && uc->uc_stack.ss_size == sizeof(stack));
	step = 1;
	raise(SIGUSR2); /* nested on the same stack, below */
	CHECK(step == 2);
	step = 3;
}

static void disarmed(int sig, siginfo_t *info, void *context)
{
	stack_t now, other = {.ss_sp = second, .ss_size = sizeof(second)};
	char here;

	(void)sig;
	(void)info;
	(void)context;
	CHECK(on(stack, &here));
	CHECK(sigaltstack(NULL, &now) == 0 && now.ss_flags == SS_DISABLE);
	CHECK(sigaltstack(&other, NULL) == 0); /* allowed, and undone by the return */
	step = 4;
}

static void in_a_child(void)
{
	stack_t now;

	CHECK(sigaltstack(NULL, &now) == 0 && now.ss_sp == stack && now.ss_size == sizeof(stack));
}

int main(void)
{
	struct sigaction sa = {.sa_sigaction = first, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	struct sigaction plain = {.sa_handler = nested, .sa_flags = SA_ONSTACK};
	stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)}, now;

	CHECK(sigaltstack(&ss, NULL) == 0);
	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0 && sigaction(SIGUSR2, &plain, NULL) == 0);
	raise(SIGUSR1);
	CHECK(step == 3);
	CHECK(sigaltstack(NULL, &now) == 0 && now.ss_flags == 0);
	CHECK(in_child(in_a_child) == 0);
	ss.ss_flags = (int)SS_AUTODISARM;
	CHECK(sigaltstack(&ss, NULL) == 0);
	sa.sa_sigaction = disarmed;
	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
	raise(SIGUSR1);
	CHECK(step == 4);
	CHECK(sigaltstack(NULL, &now) == 0 && now.ss_sp == stack && now.ss_size == sizeof(stack));
	CHECK(((unsigned)now.ss_flags & SS_AUTODISARM) != 0);
	ss = (stack_t){.ss_flags = 77, .ss_sp = stack, .ss_size = sizeof(stack)};
	CHECK_FAILS(sigaltstack(&ss, NULL), EINVAL);
	CHECK_FAILS(syscall(SYS_sigaltstack, (void *)3, NULL), EFAULT);
	puts("ok altstack_rules");
	return 0;
}
