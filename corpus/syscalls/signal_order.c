/*
 * Order of delivery: real-time signals queue in order and go lowest number first; others are kept once.
 * qemu-arm 7.2 does not pass: it keeps the last real-time signals to itself.
 */
#include "check.h"

#define MAX 64

static volatile struct {
	int sig, code, value;
	pid_t pid;
} got[MAX];
static volatile int count;

static void note(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (count < MAX) {
		got[count].sig = sig;
		got[count].code = info->si_code;
		got[count].value = info->si_value.sival_int;
		got[count].pid = info->si_pid;
	}
	count++;
}

static void install_all(void)
{
	struct sigaction sa = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};

	sigfillset(&sa.sa_mask); /* one handler at a time: what is seen is the order of delivery */
	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++)
		CHECK(sigaction(sig, &sa, NULL) == 0);
	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0 && sigaction(SIGUSR2, &sa, NULL) == 0);
}

static void queued_while_blocked(void)
{
	sigset_t all, old;
	int at = 0;

	sigfillset(&all);
	CHECK(sigprocmask(SIG_BLOCK, &all, &old) == 0);
	for (int i = 0; i < 5; i++)
		for (int sig = SIGRTMAX; sig > SIGRTMAX - 4; sig--)
			CHECK(sigqueue(getpid(), sig, (union sigval){.sival_int = sig * 100 + i}) == 0);
	for (int i = 0; i < 3; i++)
		CHECK(kill(getpid(), SIGUSR2) == 0 && raise(SIGUSR1) == 0);
	count = 0;
	CHECK(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
	CHECK(count == 22);
	CHECK(got[at].sig == SIGUSR1 && got[at++].code == SI_TKILL);
	CHECK(got[at].sig == SIGUSR2 && got[at].code == SI_USER && got[at++].pid == getpid());
	for (int sig = SIGRTMAX - 3; sig <= SIGRTMAX; sig++)
		for (int i = 0; i < 5; i++, at++)
			CHECK(got[at].sig == sig && got[at].value == sig * 100 + i && got[at].code == SI_QUEUE);
}

/* Every real-time signal arrives, with its value. */
static void each_one(void)
{
	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++) {
		count = 0;
		CHECK(sigqueue(getpid(), sig, (union sigval){.sival_int = -sig}) == 0);
		CHECK(count == 1 && got[0].sig == sig && got[0].value == -sig && got[0].pid == getpid());
	}
}

static void sends_many(void)
{
	for (int i = 0; i < 20; i++)
		CHECK(sigqueue(getppid(), SIGRTMIN + 3, (union sigval){.sival_int = i}) == 0);
}

static void from_a_child(void)
{
	sigset_t set, old;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 3);
	sigprocmask(SIG_BLOCK, &set, &old);
	count = 0;
	CHECK(in_child(sends_many) == 0);
	CHECK(count == 0);
	sigprocmask(SIG_SETMASK, &old, NULL);
	CHECK(count == 20);
	for (int i = 0; i < 20; i++)
		CHECK(got[i].value == i && got[i].pid != getpid() && got[i].pid > 0);
}

int main(void)
{
	install_all();
	queued_while_blocked();
	each_one();
	from_a_child();
	puts("ok signal_order");
	return 0;
}
