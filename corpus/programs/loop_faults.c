/* Loops over arrays of floats that run into a page that is not there, or may not be written: what
 * was stored before, where the fault was, and a handler that puts the page there. */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, MOST = 3 * PAGE / 4 };

static sigjmp_buf back;
static char *fault;
static char *volatile repair;

static void on_fault(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	fault = info->si_addr;
	if (!repair)
		siglongjmp(back, 1);
	if (mprotect(repair, PAGE, PROT_READ | PROT_WRITE))
		siglongjmp(back, 2);
}

__attribute__((noinline)) static void add_scaled(float *y, const float *x, float factor, int n)
{
	for (int i = 0; i < n; i++)
		y[i] += factor * x[i];
}

__attribute__((noinline)) static void subtract(double *y, const double *x, int n)
{
	for (int i = 0; i < n; i++)
		y[i] = x[i] - y[i];
}

__attribute__((noinline)) static char *pages(void)
{
	char *at = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return NULL;
	for (int i = 0; i < MOST; i++) {
		float one = 1;

		memcpy(at + 4 * i, &one, sizeof(one));
	}
	return at;
}

/* Whether the loop was left. */
__attribute__((noinline)) static int loop(int doubles, char *y, const char *x, int n)
{
	if (sigsetjmp(back, 1))
		return 1;
	if (doubles)
		subtract((double *)y, (const double *)x, n);
	else
		add_scaled((float *)y, (const float *)x, 0.5f, n);
	return 0;
}

__attribute__((noinline)) static void show(const char *y, int n)
{
	uint32_t sum = 0, word, changed = 0;

	for (int i = 0; i < n; i++) {
		memcpy(&word, y + 4 * i, sizeof(word));
		changed += word != 0x3f800000;
		sum = sum * 31 + word;
	}
	printf("words changed %u, sum %08x\n", (unsigned)changed, (unsigned)sum);
}

/* Runs one loop whose x or y begins so many bytes before its second page, which is forbidden. */
static void run(const char *what, int doubles, int of_x, int protection, int bytes, int mended)
{
	char *x = pages(), *y = pages(), *bad = (of_x ? x : y) + PAGE;
	char *from_x = of_x ? bad - bytes : x + 8, *from_y = of_x ? y + 24 : bad - bytes;
	int left;

	if (!x || !y || mprotect(bad, PAGE, protection))
		return;
	repair = mended ? bad : NULL;
	fault = NULL;
	left = loop(doubles, from_y, from_x, 200);
	mprotect(bad, PAGE, PROT_READ | PROT_WRITE);
	printf("%s %d: left %d, fault at %d, ", what, bytes, left, fault ? (int)(fault - bad) : -1);
	show(from_y, 400);
	munmap(x, 3 * PAGE);
	munmap(y, 3 * PAGE);
}

int main(void)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO };

	action.sa_sigaction = on_fault;
	sigaction(SIGSEGV, &action, NULL);
	for (int bytes = 16; bytes <= 408; bytes += 56)
		for (int mended = 0; mended < 2; mended++) {
			run("load of x", 0, 1, PROT_NONE, bytes + 4, mended);
			run("load of y", 0, 0, PROT_NONE, bytes + 12, mended);
			run("store", 0, 0, PROT_READ, bytes + 8, mended);
			run("load of doubles", 1, 1, PROT_NONE, bytes, mended);
			run("store of doubles", 1, 0, PROT_READ, bytes + 8, mended);
		}
	return 0;
}
