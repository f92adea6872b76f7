/* COUNT switches between two coroutines, by swapcontext; undisturbed the same steps are plain calls. glibc's
 * swapcontext makes a sigprocmask call each time, so the undisturbed variant makes as many. */
#define _GNU_SOURCE
#include "disturbed.h"
#include <signal.h>
#include <ucontext.h>

static ucontext_t contexts[2];
static char stack[65536];
static sigset_t mask, before;
static uint32_t shared = 1;
static double scale = 1;

__attribute__((noinline)) static void produce(unsigned i)
{
	for (unsigned k = 0; k < 8; k++)
		shared = mix(shared + i);
	scale = scale * 0.5 + i;
}

__attribute__((noinline)) static void consume(unsigned i)
{
	for (unsigned k = 0; k < 8; k++)
		shared = shared * 31 + i;
	scale = scale * 0.75 - i;
}

/* The second coroutine, endless: the first stops switching to it. Its counter lives on its own stack. */
static void consumer(void)
{
	for (unsigned i = 0;; i++) {
		consume(i);
		swapcontext(&contexts[1], &contexts[0]);
	}
}

/* One trip to the consumer and back: two switches. */
static void round_trip(unsigned i)
{
	if (is_disturbed) {
		swapcontext(&contexts[0], &contexts[1]);
	} else {
		sigprocmask(SIG_SETMASK, &mask, &before);
		consume(i);
		sigprocmask(SIG_SETMASK, &mask, &before);
	}
}

int main(int argc, char **argv)
{
	uint32_t words[2];

	arguments(argc, argv);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	getcontext(&contexts[1]);
	contexts[1].uc_stack.ss_sp = stack;
	contexts[1].uc_stack.ss_size = sizeof(stack);
	contexts[1].uc_link = NULL;
	makecontext(&contexts[1], consumer, 0);
	for (unsigned i = 0; i < count / 2; i++) {
		produce(i);
		round_trip(i);
	}
	memcpy(words, &scale, sizeof(scale));
	return report("coroutines", shared ^ words[0] ^ words[1], argc, argv);
}
