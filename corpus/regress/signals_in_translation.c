/* A timer signal every 200 microseconds while new code is made, called, changed, and forgotten. */
#define _GNU_SOURCE
#include "emit.h"

#include <signal.h>
#include <sys/time.h>

enum { FUNCTIONS = 4000, STRIDE = 16 };

static unsigned char *code, *handler_code;
static volatile sig_atomic_t signals, handler_wrong;

/* Makes and runs code itself: the page it writes may be the one that was interrupted. */
static void on_alarm(int sig)
{
	unsigned n = (unsigned)++signals;

	(void)sig;
	emit(handler_code, n & 255, 1);
	flush(handler_code, EMITTED);
	if ((unsigned)call(handler_code) != (n & 255) + 1)
		handler_wrong++;
}

static unsigned storm(unsigned salt)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < FUNCTIONS; i++) {
		emit(code + i * STRIDE, i & 255, (i >> 8) + salt);
		flush(code + i * STRIDE, EMITTED);
		wrong += (unsigned)call(code + i * STRIDE) != (i & 255) + (i >> 8) + salt;
	}
	for (unsigned i = 0; i < FUNCTIONS; i++)
		wrong += (unsigned)call(code + i * STRIDE) != (i & 255) + (i >> 8) + salt;
	return wrong;
}

int main(void)
{
	struct itimerval every = { { 0, 200 }, { 0, 200 } };
	struct itimerval never = { 0 };
	struct sigaction action = { .sa_handler = on_alarm };
	unsigned wrong = 0, rounds = 0;

	code = map_code(FUNCTIONS * STRIDE / PAGE + 2);
	handler_code = code + FUNCTIONS * STRIDE;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	while (rounds < 8 || (signals < 50 && rounds < 400))
		wrong += storm(rounds++ % 100);
	setitimer(ITIMER_REAL, &never, NULL);
	printf("%u wrong, %d wrong in the handler, %s signals\n", wrong, (int)handler_wrong,
	       signals < 50 ? "few" : "many");
	return 0;
}
