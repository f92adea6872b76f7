/*
 * A32 and T32 calling each other by every road: BLX label, BLX register, BX, LDR pc, POP {pc}, tail calls, a
 * pointer to either kind from C. Each step leaves a digit, so a wrong turn shows as a wrong number.
 */
#include <stdio.h>

__asm__(
"	.syntax unified\n"
"	.text\n"
"	.balign 4\n"
"	.arm\n"
"	.type a32_add3, %function\n"
"a32_add3:\n"
"	add r0, r0, #3\n"
"	bx lr\n"
"	.thumb\n"
"	.thumb_func\n"
"	.type t32_times10, %function\n"
"t32_times10:\n"
"	push {r4, lr}\n"
"	movs r4, #10\n"
"	muls r0, r4\n"
"	pop {r4, pc}\n"
"	.arm\n"
"	.global a32_calls_all\n"
"	.type a32_calls_all, %function\n"
"a32_calls_all:\n"
"	push {r4, lr}\n"
"	blx t32_times10\n"		/* BLX label: A32 to T32 */
"	ldr r4, =t32_times10\n"
"	blx r4\n"			/* BLX register */
"	bl a32_add3\n"			/* BL within A32 */
"	ldr r12, =t32_tail\n"
"	mov lr, pc\n"			/* a call spelled out: lr = the instruction after the bx */
"	bx r12\n"
"	add r0, r0, #1\n"
"	pop {r4, lr}\n"
"	ldr pc, =t32_times10\n"		/* LDR pc interworks; a tail call */
"	.ltorg\n"
"	.thumb\n"
"	.thumb_func\n"
"	.type t32_tail, %function\n"
"t32_tail:\n"
"	adds r0, #5\n"
"	ldr r3, =a32_add3\n"
"	bx r3\n"			/* tail call to A32, which returns to our caller */
"	.ltorg\n"
"	.balign 4\n"
"	.thumb_func\n"
"	.global t32_calls_all\n"
"	.type t32_calls_all, %function\n"
"t32_calls_all:\n"
"	push {r4, r5, lr}\n"
"	blx a32_add3\n"			/* BLX label: T32 to A32, target is word aligned */
"	nop\n"
"	blx a32_add3\n"			/* the same from the other halfword alignment */
"	ldr r4, =a32_add3\n"
"	blx r4\n"
"	bl t32_times10\n"
"	ldr r5, =a32_calls_all\n"
"	blx r5\n"
"	ldr r3, =a32_add3\n"
"	push {r3}\n"
"	ldr lr, =1f + 1\n"
"	pop {pc}\n"			/* POP {pc} to A32, which comes back to 1 */
"1:	adds r0, #7\n"
"	pop {r4, r5, pc}\n"
"	.ltorg\n"
"	.balign 4\n"
"	.arm\n"
"	.global a32_conditional\n"
"	.type a32_conditional, %function\n"
"a32_conditional:\n"			/* conditional BX, conditional LDM return */
"	cmp r0, #4\n"
"	addlt r0, r0, #100\n"
"	bxlt lr\n"
"	push {r4, lr}\n"
"	cmp r0, #8\n"
"	addlt r0, r0, #200\n"
"	poplt {r4, pc}\n"
"	blhs a32_add300\n"
"	pop {r4, pc}\n"
"a32_add300:\n"
"	add r0, r0, #300\n"
"	bx lr\n"
#if defined(__thumb__)
"	.thumb\n"
#else
"	.arm\n"
#endif
);

extern int a32_calls_all(int), t32_calls_all(int), a32_conditional(int);

int main(void)
{
	int (*volatile from_c[2])(int) = { a32_calls_all, t32_calls_all };

	for (int i = 0; i < 3; i++)
		printf("%d: %d %d\n", i, from_c[0](i), from_c[1](i));
	for (int i = 0; i < 12; i += 2)
		printf("conditional %d: %d\n", i, a32_conditional(i));
	return 0;
}
