/*
 * A millisecond timer beats into a busy loop: every delivery finds and leaves exact state, in integer and in
 * FP code. The sums must come out as without signals, and the loop ends only by the handler's count.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/time.h>

enum { BEATS = 60 };

static volatile sig_atomic_t beats;
static double fp_noise = 1.0;

/* Spoils caller-saved integer and FP registers, as a real handler does. */
static void beat(int sig)
{
	for (int i = 0; i < 50; i++)
		fp_noise = fp_noise * 1.0001 + sig / 3.0;
	beats++;
}

static uint32_t integer_round(uint32_t x)
{
	for (int i = 0; i < 1000; i++)
		x = x * 1664525u + 1013904223u + (x >> 16 > 0x8000);
	return x;
}

static double fp_round(double x)
{
	for (int i = 0; i < 1000; i++)
		x = x * 0.75 + 1.0 / (i + 1.5);
	return x;
}

int main(void)
{
	struct itimerval every = { { 0, 1000 }, { 0, 1000 } }, off = { { 0, 0 }, { 0, 0 } };
	struct sigaction sa = { .sa_handler = beat };
	uint32_t wrong = 0, rounds = 0, want = integer_round(12345);
	double want_fp = fp_round(2.5);

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	while (beats < BEATS) {
		wrong += integer_round(12345) != want;
		wrong += fp_round(2.5) != want_fp;
		rounds++;
	}
	setitimer(ITIMER_REAL, &off, NULL);
	printf("beats enough: %d, rounds some: %d, wrong %u\n", beats >= BEATS, rounds > 0, wrong);
	return 0;
}
