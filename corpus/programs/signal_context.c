/*
 * The context a SA_SIGINFO handler sees and edits: exact registers at a synchronous fault, flags, the FP
 * registers after sigreturn, an instruction skipped by moving pc, a result planted in a register.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

static volatile uint32_t seen[6];
static volatile unsigned handled;
static uint32_t *forbidden;

__asm__(
"	.syntax unified\n"
#if defined(__thumb__)
"	.thumb\n"
"	.thumb_func\n"
#else
"	.arm\n"
#endif
"	.type faulting, %function\n"
"faulting:\n"				/* r0 = address; every register has a known value at the load */
"	push {r4-r11, lr}\n"
"	vmov.f64 d8, #1.5\n"
"	vmov.f64 d0, #2.5\n"
"	mov r1, #0x11\n"
"	mov r4, #0x44\n"
"	mov r8, #0x88\n"
"	mov r11, #0xbb\n"
"	mov r12, #0xcc\n"
"	cmp r1, r4\n"			/* N set, Z clear, C clear, V clear */
"	.global faulting_load\n"
"faulting_load:\n"
#if defined(__thumb__)
"	ldr.w r2, [r0]\n"
#else
"	ldr r2, [r0]\n"
#endif
		/* four bytes in both sets; the handler skips it and plants r2 */
"	mrs r3, APSR\n"
"	lsrs r3, r3, #28\n"
"	add r0, r2, r3\n"
"	vadd.f64 d0, d0, d8\n"
"	vcvt.s32.f64 s0, d0\n"
"	vmov r1, s0\n"
"	add r0, r0, r1, lsl #16\n"
"	add r0, r0, r12, lsl #20\n"
"	pop {r4-r11, pc}\n"
);

extern uint32_t faulting(uint32_t *address);
extern const char faulting_load[];

static double spoil(double x)
{
	for (int i = 0; i < 10; i++)
		x = x * 3.25 + i;
	return x;
}

static void handler(int sig, siginfo_t *si, void *context)
{
	mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;
	volatile double noise = spoil(sig);

	(void)noise;
	handled++;
	seen[0] = m->arm_pc == ((uint32_t)(uintptr_t)faulting_load & ~1u);
	seen[1] = (m->arm_r0 == (uint32_t)(uintptr_t)forbidden) + 2 * (m->fault_address == m->arm_r0);
	seen[2] = m->arm_r1 << 24 | m->arm_r4 << 16 | m->arm_r8 << 8 | m->arm_fp;
	seen[3] = m->arm_ip;
	seen[4] = m->arm_cpsr >> 28;
	seen[5] = (m->arm_cpsr >> 5 & 1) << 4 | (si->si_addr == forbidden);
	m->arm_r2 = 0x1000;
	m->arm_pc += 4;
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	uint32_t result;

	forbidden = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sigaction(SIGSEGV, &sa, NULL);
	result = faulting(forbidden);
	printf("handled %u, pc right %u, addresses %u\n", handled, (unsigned)seen[0], (unsigned)seen[1]);
	printf("registers %08x %02x, flags %x\n", (unsigned)seen[2], (unsigned)seen[3], (unsigned)seen[4]);
#if defined(__thumb__)
	seen[5] ^= 1 << 4;
#endif
	printf("mode and address %x\n", (unsigned)seen[5]);
	printf("result %08x\n", (unsigned)result);
	return 0;
}
