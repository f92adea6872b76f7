/*
 * Faults in optimised functions whose handlers have no siginfo: they return, jump away, fault again, fork, end threads.
 * Each argument is a scenario; what is printed must be the same in every tier. `sites` is in faults_sites.c.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "faults.h"

unsigned char *arena;
static sigjmp_buf back;
static volatile int caught;
static volatile unsigned given;

void catch(int sig, void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

	sigaction(sig, &action, NULL);
}

static void take_away(void)
{
	mprotect(arena, PAGES * PAGE, PROT_NONE);
}

static void give_back(int sig)
{
	(void)sig;
	caught++;
	mprotect(arena, PAGES * PAGE, PROT_READ | PROT_WRITE);
}

void use_altstack(void)
{
	stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};

	sigaltstack(&stack, NULL);
}

/* --- results that only the faulting registers give ---------------------------------------------------- */

NOINLINE uint32_t mix(uint32_t *data, uint32_t n, uint32_t seed)
{
	uint32_t a = seed, b = seed * 3, c = seed ^ 0x55, d = seed >> 3;

	for (uint32_t i = 0; i < n; i++) {
		a += data[i] ^ b;
		b = (b << 5 | b >> 27) + c;
		c ^= data[n - 1 - i] + d;
		d = d * 9 + a;
		data[i] = a ^ d;
	}
	return a + b * 3 + c * 5 + d * 7;
}

NOINLINE double sums(double *data, int n, double x)
{
	double s = 0, t = 1;

	for (int i = 0; i < n; i++) {
		s += data[i] * x + t;
		t = t * 0.5 + s * 0.125;
		data[i] = t;
	}
	return s - t;
}

static void returns(void)
{
	uint32_t sum = 0;
	double total = 0;

	catch(SIGSEGV, give_back, 0);
	for (int round = 0; round < 200; round++) {
		take_away();
		sum += mix((uint32_t *)arena + round, 100, sum + round);
		take_away();
		total += sums((double *)(arena + 8192), 20, round);
	}
	printf("%u %.17g %d\n", sum, total, caught);
}

/* --- jumps out of handlers ------------------------------------------------------------------------------ */

static void jump(int sig)
{
	siglongjmp(back, sig);
}

NOINLINE static int poke(unsigned char *at, int n)
{
	int sum = n;

	for (int i = 0; i < n; i++)
		sum += at[i] + (sum << 3);
	return sum;
}

NOINLINE static int deeper(int n)
{
	return n ? deeper(n - 1) + 1 : poke(arena, 3);
}

static int count = 10000;

static void many(void)
{
	count = 100000;
}

static void jumps(int number, int mask, int deep)
{
	volatile int done = 0;

	take_away();
	while (done < number) {
		done++;
		if (sigsetjmp(back, mask) == 0)
			printf("%d not reached\n", deep ? deeper(done % 13) : poke(arena, 3));
	}
	printf("%d\n", done);
}

static void jumps_masked(void)
{
	catch(SIGSEGV, jump, 0);
	jumps(count, 1, 0);
}

static void jumps_unmasked(void)
{
	catch(SIGSEGV, jump, SA_NODEFER);
	jumps(count, 0, 1);
}

static void jumps_onstack(void)
{
	use_altstack();
	catch(SIGSEGV, jump, SA_ONSTACK);
	jumps(count, 1, 1);
	catch(SIGSEGV, jump, SA_ONSTACK | SA_NODEFER);
	jumps(count / 5, 0, 0);
}

static void peak(void)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[200];

	while (fgets(line, sizeof(line), status))
		if (!strncmp(line, "VmHWM:", 6))
			fputs(line + 6, stderr);
}

NOINLINE static int overflow(int n)
{
	volatile char room[400];

	room[n % 400] = (char)n;
	return overflow(n + 1) + room[n % 400];
}

static void overflows(void)
{
	volatile int done = 0;

	use_altstack();
	catch(SIGSEGV, jump, SA_ONSTACK);
	while (done < 30) {
		done++;
		if (sigsetjmp(back, 1) == 0)
			overflow(0);
	}
	printf("%d\n", done);
}

/* --- faults in handlers, signals between ------------------------------------------------------------------ */

static volatile int depth;

static void again(int sig)
{
	int mine = ++depth;

	if (mine < 40) {
		caught += poke(arena + PAGE * (unsigned)mine, 2) & 1;
		depth = mine;
	}
	mprotect(arena + PAGE * (unsigned)(mine - 1), PAGE, PROT_READ | PROT_WRITE);
	(void)sig;
}

static void nested(void)
{
	catch(SIGSEGV, again, SA_NODEFER);
	take_away();
	printf("%d\n", poke(arena, 5) + caught);
}

static void tick(int sig)
{
	(void)sig;
	given++;
}

static void ticks(void)
{
	struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
	uint32_t sum = 0;

	catch(SIGALRM, tick, SA_RESTART);
	catch(SIGSEGV, give_back, 0);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int round = 0; given < 100 || round < 3000; round++) {
		take_away();
		if (round < 3000)
			sum += mix((uint32_t *)arena + round % 50, 60, sum);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	printf("%u %d\n", sum, given >= 100);
}

static void forks(int sig)
{
	int status = 0;
	pid_t child = fork();

	(void)sig;
	if (child)
		waitpid(child, &status, 0);
	caught = child ? WEXITSTATUS(status) : -1;
	mprotect(arena, PAGES * PAGE, PROT_READ | PROT_WRITE);
}

static void fork_within(void)
{
	int sum;

	catch(SIGSEGV, forks, 0);
	arena[1] = 5;
	take_away();
	sum = poke(arena, 4);
	if (caught < 0)
		_exit(sum & 63);
	printf("%d %d\n", sum, caught == (sum & 63));
	fflush(stdout);
}

static ucontext_t handling, main_line;
static char coroutine_stack[65536];

static void away(int sig)
{
	(void)sig;
	swapcontext(&handling, &main_line);
	mprotect(arena, PAGES * PAGE, PROT_READ | PROT_WRITE);
}

static void faulting(void)
{
	caught = poke(arena, 7);
}

/* The handler runs on a coroutine's stack, goes away from there, comes back and returns. */
static void coroutine(void)
{
	ucontext_t start;

	catch(SIGSEGV, away, 0);
	getcontext(&start);
	start.uc_stack.ss_sp = coroutine_stack;
	start.uc_stack.ss_size = sizeof(coroutine_stack);
	start.uc_link = &main_line;
	makecontext(&start, faulting, 0);
	take_away();
	swapcontext(&main_line, &start);
	printf("%d\n", (int)mix((uint32_t *)coroutine_stack, 10, 1));
	memset(coroutine_stack, 0, 100);
	swapcontext(&main_line, &handling);
	printf("%d\n", caught);
}

/* --- threads --------------------------------------------------------------------------------------------- */

static __thread sigjmp_buf own_back;
static __thread unsigned char *own;
static __thread int own_count;

static void own_handler(int sig)
{
	(void)sig;
	if (++own_count % 3 == 0)
		siglongjmp(own_back, 1);
	mprotect(own, PAGE, PROT_READ | PROT_WRITE);
}

static void *thread(void *result)
{
	volatile uint32_t sum = 0;

	own = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (volatile int i = 0; i < 3000; i++) {
		mprotect(own, PAGE, PROT_NONE);
		if (sigsetjmp(own_back, 1) == 0)
			sum += mix((uint32_t *)own, 30, (uint32_t)i);
		else
			mprotect(own, PAGE, PROT_READ | PROT_WRITE);
	}
	*(uint32_t *)result = sum;
	return NULL;
}

static void threads(void)
{
	pthread_t ids[4];
	uint32_t sums[4];

	catch(SIGSEGV, own_handler, 0);
	for (int i = 0; i < 4; i++)
		pthread_create(&ids[i], NULL, thread, &sums[i]);
	for (int i = 0; i < 4; i++)
		pthread_join(ids[i], NULL);
	printf("%u %d\n", sums[0], sums[0] == sums[1] && sums[1] == sums[2] && sums[2] == sums[3]);
}

static void leave_thread(int sig)
{
	(void)sig;
	pthread_exit((void *)7);
}

static void *ends_in_handler(void *at)
{
	return (void *)(uintptr_t)poke(at, 3);
}

static void thread_ends(void)
{
	uintptr_t sum = 0;

	catch(SIGSEGV, leave_thread, 0);
	take_away();
	for (int i = 0; i < 50; i++) {
		pthread_t id;
		void *result;

		pthread_create(&id, NULL, ends_in_handler, arena);
		pthread_join(id, &result);
		sum += (uintptr_t)result;
	}
	printf("%u\n", (unsigned)sum);
}

/* --- the rest --------------------------------------------------------------------------------------------- */

static void execute(int sig)
{
	(void)sig;
	execl("/proc/self/exe", "faults", "sent", NULL);
}

static void executes(void)
{
	catch(SIGSEGV, execute, SA_NODEFER);
	take_away();
	printf("%d not reached\n", poke(arena, 3));
}

static void count_only(int sig)
{
	caught += sig;
}

static void sent(void)
{
	catch(SIGSEGV, count_only, 0);
	catch(SIGBUS, count_only, 0);
	kill(getpid(), SIGSEGV);
	raise(SIGBUS);
	printf("%d\n", caught);
	fflush(stdout);
}

static void blocked(void)
{
	sigset_t set;

	catch(SIGSEGV, give_back, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGSEGV);
	sigprocmask(SIG_BLOCK, &set, NULL);
	take_away();
	printf("%d not reached\n", poke(arena, 3));
}

static void once(void)
{
	catch(SIGSEGV, give_back, SA_RESETHAND);
	take_away();
	printf("%d\n", poke(arena, 3));
	fflush(stdout);
	take_away();
	printf("%d not reached\n", poke(arena, 3));
}

/* Without looking at siginfo the frame can be edited by whoever finds it. */
void skip(int sig, ucontext_t *context)
{
	(void)sig;
	caught++;
	context->uc_mcontext.arm_pc += 4;
}
extern void handler_that_skips(int sig);

static void edited(void)
{
	int sum = 0;

	catch(SIGSEGV, handler_that_skips, 0);
	take_away();
	for (int i = 0; i < 20; i++)
		sum += peek_seven((int *)(arena + i * 256));
	printf("%d %d\n", sum, caught);
}

static void informed(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	caught += info->si_addr == arena;
	mprotect(arena, PAGES * PAGE, PROT_READ | PROT_WRITE);
}

/* A handler that wants to know more is installed while one that does not is running. */
static void change_handler(int sig)
{
	struct sigaction action = {.sa_sigaction = informed, .sa_flags = SA_SIGINFO};

	give_back(sig);
	sigaction(SIGSEGV, &action, NULL);
}

static void changes(void)
{
	int sum;

	catch(SIGSEGV, change_handler, 0);
	take_away();
	sum = poke(arena, 9);
	take_away();
	printf("%d %d\n", sum + poke(arena, 9), caught);
}

static const struct {
	const char *name;
	void (*run)(void);
} SCENARIOS[] = {
	{"returns", returns}, {"sites", show_sites}, {"jumps", jumps_masked}, {"jumps_unmasked", jumps_unmasked},
	{"jumps_onstack", jumps_onstack}, {"many", many}, {"peak", peak}, {"overflows", overflows}, {"nested", nested},
	{"ticks", ticks}, {"fork", fork_within}, {"coroutine", coroutine}, {"threads", threads},
	{"thread_ends", thread_ends}, {"executes", executes}, {"sent", sent}, {"blocked", blocked}, {"once", once},
	{"edited", edited}, {"changes", changes},
};

int main(int argc, char **argv)
{
	arena = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 1; i < argc; i++)
		for (unsigned k = 0; k < sizeof(SCENARIOS) / sizeof(*SCENARIOS); k++)
			if (!strcmp(argv[i], SCENARIOS[k].name))
				SCENARIOS[k].run();
	return 0;
}
