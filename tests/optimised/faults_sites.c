/*
 * The scenario `sites` of faults.c prints pc, sp and lr of every fault: pages of data and of a stack of its own are taken
 * away again and again, and given back one by one. lr is printed as a value, and one in code as where that is: only there
 * must every tier have the same.
 */
#define _GNU_SOURCE
#include <alloca.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "faults.h"

extern const char __executable_start, etext; /* the linker's */
static unsigned char *stack_low;
static unsigned sites;

/* Called with the frame that the kernel pushed: an old one, without siginfo. */
void look(int sig, ucontext_t *context)
{
	unsigned at = context->uc_mcontext.fault_address & -PAGE;
	unsigned long lr = context->uc_mcontext.arm_lr, code = (unsigned long)&__executable_start;

	printf("%d %lx %lx", sig, context->uc_mcontext.arm_pc - code, context->uc_mcontext.arm_sp - (unsigned long)stack_low);
	if (lr - code < (unsigned long)&etext - code)
		printf(" %lx\n", lr - code);
	else
		printf(" =%lx\n", lr);
	sites++;
	mprotect((void *)at, PAGE, PROT_READ | PROT_WRITE);
}

/* All data pages, and those of the stack below here. */
NOINLINE static void hide(void)
{
	unsigned char here;

	mprotect(arena, PAGES * PAGE, PROT_NONE);
	mprotect(stack_low, ((uintptr_t)&here & -PAGE) - (uintptr_t)stack_low, PROT_NONE);
}

struct node {
	struct node *left, *right;
	int key;
	short more[3];
	unsigned char bytes[5];
	double value;
};

static unsigned used;

NOINLINE static struct node *insert(struct node *n, int key)
{
	char big[900];

	if (!n) {
		used++;
		n = (struct node *)(arena + used % PAGES * PAGE + 8 * (used % 100));
		memset(n, 0, sizeof(*n));
		n->key = key;
		return n;
	}
	big[key & 511] = (char)key;
	if (key < n->key)
		n->left = insert(n->left, key);
	else if (key > n->key)
		n->right = insert(n->right, key);
	n->more[big[key & 511] & 1]++;
	n->bytes[key % 5] ^= (unsigned char)key;
	n->value += key;
	return n;
}

NOINLINE static int walk(const struct node *n, int depth)
{
	if (!n)
		return depth;
	if (depth % 7 == 3)
		hide();
	return walk(n->left, depth + 1) * 3 + walk(n->right, depth + 2) + n->key + n->more[1] + n->bytes[2] + (int)n->value;
}

NOINLINE static int lengths(unsigned n)
{
	volatile unsigned char *room = alloca(n * 24);
	int sum = 0;

	for (unsigned i = 0; i < n * 24; i += 500)
		room[i] = (unsigned char)(i >> 2);
	if (n & 1)
		hide();
	for (unsigned i = 0; i < n * 24; i += 700)
		sum += room[i];
	return sum + (n > 3 ? lengths(n - 3) : 0);
}

NOINLINE static int choose(const int *a, const int *b, int way)
{
	int x = a[0], y = 0;

	switch (way & 7) {
	case 0: x += b[1]; break;
	case 1: x -= b[2] * 3; y = a[4]; break;
	case 2: hide(); x = a[2] ? b[3] : a[3]; break;
	case 3: y = a[1] + b[1]; break;
	case 4: x ^= ((const unsigned char *)b)[7]; break;
	case 5: x += ((const short *)a)[3] < 0 ? b[4] : b[5]; break;
	case 6: y = peek(a + 3); break;
	default: x += (int)(*(const double *)(a + 2) * 0.0); break;
	}
	return x + 2 * y + a[5];
}

static int all_sites(void)
{
	struct node *tree = NULL;
	int sum = 0;

	for (int i = 0; i < 60; i++) {
		tree = insert(tree, i * 37 % 101);
		if (i % 3 == 0)
			hide();
	}
	sum += walk(tree, 0);
	for (int i = 0; i < 40; i++) {
		hide();
		sum += lengths((unsigned)i) + choose((int *)(arena + i * 1000), (int *)(arena + 100 * i + 32768), i);
		hide();
		sum += peek_deep((int *)(arena + 8 * i), (unsigned)i, 4 * (unsigned)i);
		hide();
		sum += peek_popped((int *)(arena + 8 * i), 4 * (unsigned)i);
		hide();
		sum += peek_held((int *)(arena + 8 * i), 4 * (unsigned)i);
		hide();
		sum += (int)mix((uint32_t *)(arena + 4090 - 4 * i), 20, 1);
		hide();
		sum += (int)sums((double *)(arena + 8 * i), 1100, 1);
	}
	return sum;
}

static void *on_own_stack(void *result)
{
	use_altstack();
	*(int *)result = all_sites();
	return NULL;
}

void show_sites(void)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int sum;

	catch(SIGSEGV, handler_with_frame, SA_ONSTACK);
	stack_low = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_attr_init(&attributes);
	pthread_attr_setstack(&attributes, stack_low, 1 << 20);
	pthread_create(&thread, &attributes, on_own_stack, &sum);
	pthread_join(thread, NULL);
	printf("%d %d\n", sum, sites > 300);
}
