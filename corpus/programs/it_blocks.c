/*
 * T32 IT blocks of every length: mixed then and else, flags set inside, memory accesses and returns as last
 * instruction, and a fault in the middle whose handler sees and returns to the rest of the block.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static uint32_t *page;
static volatile unsigned faults, it_state;

__asm__(
"	.syntax unified\n"
"	.thumb\n"
"	.thumb_func\n"
"clamp:\n"				/* (x, low, high): ITT and ITE */
"	cmp r0, r1\n"
"	itt lt\n"
"	movlt r0, r1\n"
"	bxlt lr\n"
"	cmp r0, r2\n"
"	ite gt\n"
"	movgt r0, r2\n"
"	addle r0, r0, #1000\n"
"	bx lr\n"
"	.thumb_func\n"
"four:\n"				/* ITETE, 16-bit forms that set no flags inside the block */
"	movs r3, #0\n"
"	cmp r0, #5\n"
"	itete hi\n"
"	addhi r3, r3, #1\n"
"	addls r3, r3, #2\n"
"	lslhi r3, r3, #4\n"
"	lslls r3, r3, #6\n"
"	mov r0, r3\n"
"	bx lr\n"
"	.thumb_func\n"
"compare_inside:\n"			/* a compare in the block changes the test of the following ones */
"	cmp r0, #10\n"
"	itttt ne\n"
"	cmpne r1, #3\n"
"	addne r0, r0, #100\n"
"	addne r0, r0, #200\n"
"	addne r0, r0, #400\n"
"	bx lr\n"
"	.thumb_func\n"
"call_last:\n"				/* a conditional BLX and POP as last in block */
"	push {r4, lr}\n"
"	ldr r4, =four\n"
"	cmp r0, #7\n"
"	it eq\n"
"	blxeq r4\n"
"	cmp r0, #8\n"
"	itt eq\n"
"	moveq r0, #77\n"
"	popeq {r4, pc}\n"
"	add r0, r0, #1\n"
"	pop {r4, pc}\n"
"	.ltorg\n"
"	.thumb_func\n"
"load_inside:\n"			/* (address, condition): the load is the second of four */
"	movs r2, #1\n"
"	cmp r1, #0\n"
"	ittet ne\n"
"	addne r2, r2, #10\n"
"	ldrne r3, [r0]\n"
"	moveq r3, #0\n"
"	addne r2, r2, r3\n"
"	mov r0, r2\n"
"	bx lr\n"
#if !defined(__thumb__)
"	.arm\n"
#endif
);

extern int clamp(int x, int low, int high), four(int), compare_inside(int, int), call_last(int);
extern int load_inside(uint32_t *address, int condition);

/* The asm symbols lack the Thumb bit in A32 callers' eyes unless typed; .thumb_func has typed them. */
static void repair(int sig, siginfo_t *si, void *context)
{
	uint32_t cpsr = ((ucontext_t *)context)->uc_mcontext.arm_cpsr;

	(void)sig, (void)si;
	/* ITSTATE<7:2> is CPSR<15:10>, <1:0> is CPSR<26:25>; here it stands at the load itself. */
	it_state = (cpsr >> 8 & 0xfc) | (cpsr >> 25 & 3);
	faults++;
	mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = repair, .sa_flags = SA_SIGINFO };

	for (int x = -5; x < 20; x += 4)
		printf("%d ", clamp(x, 0, 10));
	printf("\n%d %d %d\n", four(5), four(6), four(-1));
	printf("%d %d %d\n", compare_inside(10, 3), compare_inside(1, 3), compare_inside(1, 4));
	printf("%d %d %d\n", call_last(6), call_last(7), call_last(8));
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*page = 500;
	printf("%d %d\n", load_inside(page, 1), load_inside(page, 0));
	sigaction(SIGSEGV, &sa, NULL);
	mprotect(page, 4096, PROT_NONE);
	printf("%d", load_inside(page, 1));
	printf(" faults %u, IT state %02x\n", faults, it_state);
	return 0;
}
