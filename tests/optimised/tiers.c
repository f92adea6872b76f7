/* Guest program of tests/optimised: each argument is a scenario, which prints what it computed. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

unsigned leaf(unsigned), through(unsigned), tail(unsigned), down(unsigned), deep(unsigned), endless(void);
unsigned spin(volatile unsigned *), fetch(unsigned *);
long trap(long, long, long, long);
unsigned apply(unsigned (*)(unsigned), unsigned);

static jmp_buf out;
static volatile unsigned flag, handled;
static int pipe_ends[2];

static void calls(void)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < 1000; i++)
		sum += leaf(i) + through(i) + tail(i);
	printf("%u\n", sum);
}

static void recursion(void)
{
	printf("%u %u %u\n", down(10), down(1000), down(100000));
	printf("%u %u\n", deep(1000), deep(500000));
	printf("%u\n", down(100000) + deep(400000));
}

static double eight(unsigned depth);

static unsigned below(unsigned depth)
{
	return (unsigned)eight(depth) & 1023;
}

static int in_order(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	below(0);
	return x < y ? -1 : x > y;
}

/* Eight doubles live across calls of both tiers: d8-d15, each level with its own. */
static double eight(unsigned depth)
{
	double a = depth, b = a + 1, c = a + 2, d = a + 3, e = a + 4, f = a + 5, g = a + 6, h = a + 7;
	unsigned words[] = { 3, 1, 2 };

	for (unsigned i = 0; i < 3; i++) {
		a += depth ? apply(below, depth - 1) : leaf(i);
		if (depth)
			qsort(words, 3, sizeof(words[0]), in_order);
		b += a, c += b, d += c, e += d, f += e, g += f, h += g;
	}
	return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + words[0];
}

static void doubles(void)
{
	printf("%.0f %.0f\n", eight(0), eight(4));
}

static unsigned leap(unsigned n)
{
	longjmp(out, (int)n + 1);
}

static void jumps(void)
{
	volatile unsigned sum = 0;

	for (volatile unsigned i = 0; i < 200000; i++) {
		int got = setjmp(out);

		if (!got)
			apply(leap, i & 7);
		sum += (unsigned)got;
	}
	printf("%u %u\n", sum, apply(leaf, 1));
}

static unsigned nested(unsigned n)
{
	return n ? apply(nested, n - 1) : leap(6);
}

static void deep_jumps(void)
{
	volatile unsigned sum = 0;

	for (volatile unsigned i = 0; i < 2000; i++) {
		int got = setjmp(out);

		if (!got)
			apply(nested, 20);
		sum += (unsigned)got;
	}
	printf("%u %u\n", sum, down(30));
}

static void on_signal(int sig)
{
	handled += (unsigned)sig;
	flag = handled;
}

static unsigned raise_one(unsigned n)
{
	return (unsigned)trap(SYS_kill, getpid(), (long)n, 0);
}

static void signals(void)
{
	struct itimerval tick = {{0, 2000}, {0, 2000}}, stop = {{0, 0}, {0, 0}};
	unsigned ok = 0;

	signal(SIGALRM, on_signal);
	signal(SIGUSR1, on_signal);
	printf("%u %u\n", apply(raise_one, SIGUSR1), handled);
	setitimer(ITIMER_REAL, &tick, NULL);
	for (unsigned i = 0; i < 30; i++) {
		flag = 0;
		ok += spin(&flag) != 0;
	}
	setitimer(ITIMER_REAL, &stop, NULL);
	printf("%u\n", ok);
}

static unsigned raise_below(unsigned n)
{
	return n ? apply(raise_below, n - 1) : raise_one(SIGUSR1);
}

static void on_usr2(int sig, siginfo_t *info, void *context)
{
	ucontext_t *interrupted = context;

	handled += (unsigned)(sig == info->si_signo);
	interrupted->uc_mcontext.arm_r0 = 70;
}

static void on_child(int sig)
{
	char byte = (char)sig;

	handled += write(pipe_ends[1], &byte, 1) == 1;
}

/* Handlers run on top of the frames of what they interrupt: a call that ends, one that goes on, one they answer. */
static void handlers(void)
{
	struct sigaction edits = {.sa_sigaction = on_usr2, .sa_flags = SA_SIGINFO};
	struct sigaction restarts = {.sa_handler = on_child, .sa_flags = SA_RESTART};
	unsigned sum = 0;
	char byte = 0;

	signal(SIGUSR1, on_signal);
	for (unsigned i = 0; i < 100; i++)
		sum += apply(raise_below, 20);
	printf("%u %u\n", sum, handled);
	sigaction(SIGUSR2, &edits, NULL);
	printf("%u\n", apply(raise_one, SIGUSR2));
	if (pipe(pipe_ends) || sigaction(SIGCHLD, &restarts, NULL))
		return;
	if (!trap(SYS_fork, 0, 0, 0)) {
		usleep(30000);
		_exit(0);
	}
	sum = (unsigned)trap(SYS_read, pipe_ends[0], (long)&byte, 1);
	printf("%u %d\n", sum, byte == SIGCHLD);
}

static void recursion_under_signals(void)
{
	struct itimerval tick = {{0, 500}, {0, 500}}, stop = {{0, 0}, {0, 0}};
	unsigned sum = 0;

	signal(SIGALRM, on_signal);
	setitimer(ITIMER_REAL, &tick, NULL);
	while (handled < 50 * SIGALRM)
		sum |= deep(50000) ^ 50000 | down(1000) ^ 1000;
	setitimer(ITIMER_REAL, &stop, NULL);
	printf("%u\n", sum);
}

static unsigned fork_one(unsigned n)
{
	long pid = trap(SYS_fork, 0, 0, 0);
	int status = 0;

	if (!pid)
		return n + 1;
	waitpid((pid_t)pid, &status, 0);
	return WEXITSTATUS(status);
}

static void forks(void)
{
	pid_t self = getpid();
	unsigned got = apply(fork_one, 40);

	if (getpid() != self)
		_exit((int)got + 1);
	printf("%u\n", got);
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)info, (void)context;
	longjmp(out, 1);
}

static unsigned install(unsigned n)
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};

	if (!n)
		return (unsigned)sigaction(SIGSEGV, &action, NULL) + down(50);
	return apply(install, n - 1);
}

static void leaving(void)
{
	printf("%u %u\n", down(20), apply(install, 10));
	if (!setjmp(out))
		printf("%u\n", fetch((unsigned *)8));
	printf("%u %u\n", through(1), deep(30));
}

static unsigned unprotect(unsigned n)
{
	unsigned page = (unsigned)&leaf & ~4095u;

	if (n)
		return apply(unprotect, n - 1);
	return (unsigned)trap(SYS_mprotect, (long)page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
}

static void changing(void)
{
	unsigned *code = (unsigned *)&leaf;

	printf("%u %u\n", leaf(1), apply(unprotect, 5));
	code[1] = 0xe2800002; /* add r0, r0, #2 */
	__builtin___clear_cache((char *)code, (char *)(code + 2));
	printf("%u %u\n", leaf(1), through(1));
}

static void fault(void)
{
	unsigned data = 7;

	printf("%u\n", fetch(&data));
	fflush(stdout);
	fetch((unsigned *)12);
}

static void overflow(void)
{
	endless();
}

/* The most memory this process ever had, of the host, to standard error. */
static void peak(void)
{
	char line[256];
	FILE *status = fopen("/proc/self/status", "r");

	while (status && fgets(line, sizeof(line), status))
		if (!strncmp(line, "VmHWM:", 6))
			fputs(line + 6, stderr);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} scenarios[] = {
		{"calls", calls}, {"doubles", doubles}, {"recursion", recursion}, {"jumps", jumps},
		{"deep_jumps", deep_jumps}, {"signals", signals}, {"handlers", handlers},
		{"recursion_under_signals", recursion_under_signals}, {"forks", forks},
		{"leaving", leaving}, {"changing", changing}, {"fault", fault}, {"overflow", overflow},
		{"peak", peak},
	};

	for (int i = 1; i < argc; i++)
		for (unsigned k = 0; k < sizeof(scenarios) / sizeof(scenarios[0]); k++)
			if (!strcmp(argv[i], scenarios[k].name))
				scenarios[k].run();
	return 0;
}
