/*
 * LDM and STM in all four orders, with and without write-back, base in the list, long lists, PUSH and POP, LDRD
 * and STRD, pre- and post-indexed and scaled forms, byte and halfword sign extension. Built for A32 and T32.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint32_t memory[64];

static uint32_t sum_of(const uint32_t *p, unsigned n)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum = sum * 31 + p[i];
	return sum;
}

static void refill(void)
{
	for (unsigned i = 0; i < 64; i++)
		memory[i] = i * 0x01020304u + 0x80u;
}

/* Store three registers with one form; show where the base went and what memory holds. */
#define STORE(form, start)                                                                       \
	do {                                                                                     \
		uint32_t *base = memory + (start);                                               \
		register uint32_t a __asm__("r3") = 0x11, b __asm__("r4") = 0x22, c __asm__("r5") = 0x33; \
		refill();                                                                        \
		__asm__ volatile(form : "+r"(base) : "r"(a), "r"(b), "r"(c) : "memory");         \
		printf("%-28s base %+d memory %08x\n", form, (int)(base - memory),               \
		       (unsigned)sum_of(memory, 64));                                            \
	} while (0)

#define LOAD(form, start)                                                                        \
	do {                                                                                     \
		uint32_t *base = memory + (start);                                               \
		register uint32_t a __asm__("r3"), b __asm__("r4"), c __asm__("r5");             \
		refill();                                                                        \
		__asm__ volatile(form : "+r"(base), "=r"(a), "=r"(b), "=r"(c) : : "memory");     \
		printf("%-28s base %+d %08x %08x %08x\n", form, (int)(base - memory),            \
		       (unsigned)a, (unsigned)b, (unsigned)c);                                   \
	} while (0)

static void multiples(void)
{
	STORE("stmia %0, {r3, r4, r5}", 20);
	STORE("stmia %0!, {r3, r4, r5}", 20);
	STORE("stmdb %0, {r3, r4, r5}", 20);
	STORE("stmdb %0!, {r3, r4, r5}", 20);
	LOAD("ldmia %0, {r3, r4, r5}", 8);
	LOAD("ldmia %0!, {r3, r4, r5}", 8);
	LOAD("ldmdb %0, {r3, r4, r5}", 8);
	LOAD("ldmdb %0!, {r3, r4, r5}", 8);
#if !defined(__thumb__)
	STORE("stmib %0, {r3, r4, r5}", 20);
	STORE("stmib %0!, {r3, r4, r5}", 20);
	STORE("stmda %0, {r3, r4, r5}", 20);
	STORE("stmda %0!, {r3, r4, r5}", 20);
	LOAD("ldmib %0, {r3, r4, r5}", 8);
	LOAD("ldmib %0!, {r3, r4, r5}", 8);
	LOAD("ldmda %0, {r3, r4, r5}", 8);
	LOAD("ldmda %0!, {r3, r4, r5}", 8);
#endif
}

/* The base in the list of a load: the loaded value wins. Fourteen registers through the stack. */
static void special_lists(void)
{
	register uint32_t *base __asm__("r2");
	uint32_t sum;

	refill();
	base = memory + 4;
	__asm__ volatile("ldmia r2, {r0, r1, r2, r3}" : "+r"(base) : : "r0", "r1", "r3");
	printf("base in list %08x\n", (unsigned)(uintptr_t)base);
	__asm__ volatile("push {r4-r11, lr}\n\t"
			 "mov r0, #1\n\tmov r1, #2\n\tmov r2, #3\n\tmov r3, #4\n\t"
			 "mov r4, #5\n\tmov r5, #6\n\tmov r6, #7\n\tmov r8, #9\n\t"
			 "mov r9, #10\n\tmov r10, #11\n\tmov r12, #13\n\tmov lr, #14\n\t"
			 "push {r0-r6, r8-r10, r12, lr}\n\t"
			 "mov r6, #0\n\tmov r8, #0\n\t"
			 "pop {r0, r1}\n\tpop {r2-r5}\n\t"
			 "add r0, r0, r1, lsl #4\n\tadd r0, r0, r2, lsl #8\n\tadd r0, r0, r5, lsl #12\n\t"
			 "pop {r6, r8, r9}\n\tadd r0, r0, r6, lsl #16\n\tadd r0, r0, r9, lsl #20\n\t"
			 "pop {r10}\n\tpop {r12, lr}\n\tadd r0, r0, lr, lsl #24\n\t"
			 "pop {r4-r11, lr}\n\tmov %0, r0"
			 : "=r"(sum) : : "r0", "r1", "r2", "r3", "r12", "memory");
	printf("long lists %08x\n", (unsigned)sum);
}

static void single_forms(void)
{
	unsigned char *p = (unsigned char *)memory + 40, *q = p;
	uint32_t a, b, c, d, index = 3;
	register uint32_t lo __asm__("r4"), hi __asm__("r5");

	refill();
	__asm__ volatile("ldr %0, [%4, #8]\n\tldr %1, [%4, #-8]\n\tldr %2, [%4, %5, lsl #2]\n\tldr %3, [%4]"
			 : "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d) : "r"(p), "r"(index));
	printf("offsets %08x %08x %08x %08x\n", (unsigned)a, (unsigned)b, (unsigned)c, (unsigned)d);
	__asm__ volatile("ldrb %0, [%3, #4]!\n\tldrsb %1, [%3], #1\n\tldrsh %2, [%3, #3]!"
			 : "=&r"(a), "=&r"(b), "=&r"(c), "+r"(q));
	printf("narrow %08x %08x %08x moved %d\n", (unsigned)a, (unsigned)b, (unsigned)c, (int)(q - p));
	q = p;
	__asm__ volatile("strh %1, [%0], #-2\n\tstrb %1, [%0, #-5]!\n\tstr %1, [%0, #16]!"
			 : "+r"(q) : "r"(0xa1b2c3d4) : "memory");
	printf("stores %08x moved %d\n", (unsigned)sum_of(memory, 64), (int)(q - p));
	q = (unsigned char *)(memory + 16);
	__asm__ volatile("ldrd %0, %1, [%2, #8]!" : "=&r"(lo), "=&r"(hi), "+r"(q));
	printf("pair %08x %08x moved %d\n", (unsigned)lo, (unsigned)hi, (int)(q - (unsigned char *)memory));
	__asm__ volatile("strd %1, %2, [%0], #-16" : "+r"(q) : "r"(lo), "r"(hi) : "memory");
	printf("pair stored %08x moved %d\n", (unsigned)sum_of(memory, 64), (int)(q - (unsigned char *)memory));
}

int main(void)
{
	multiples();
	special_lists();
	single_forms();
	return 0;
}
