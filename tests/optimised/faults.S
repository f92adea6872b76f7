/* Functions of faults.c whose instructions are chosen one by one. */
	.syntax unified
	.arm
	.text
	.globl	peek, peek_deep, peek_popped, peek_held, peek_seven, handler_with_frame, handler_that_skips

	.type	peek, %function
peek:
	ldr	r0, [r0]
	bx	lr

/* r1: words that sp goes down; r2: what stands in lr meanwhile */
	.type	peek_deep, %function
peek_deep:
	push	{r4, r5, lr}
	mov	r4, lr
	mov	r5, sp
	sub	sp, sp, r1, lsl #2
	mov	lr, r2
	ldr	r3, [r0]
	cmp	r1, #20
	subhi	sp, sp, #16
	addls	lr, lr, #4
	ldr	r2, [r0, #512]
	ldrd	r2, r3, [r0, #-8]
	movhi	sp, r5
	str	r2, [sp, #-4]!
	ldrls	r3, [r0, #1024]
	add	sp, sp, #4
	ldmdb	r0!, {r1, r2, r3}
	strd	r2, r3, [r0, #16]
	ldr	lr, [r0, #4]
	vld1.8	{d16, d17}, [r0]
	vld4.8	{d16[1], d17[1], d18[1], d19[1]}, [r0]
	add	r0, r0, #2048
	vld3.16	{d16[1], d17[1], d18[1]}, [r0]
	mov	sp, r5
	mov	lr, r4
	mov	r0, r3
	pop	{r4, r5, pc}

/* Two pages are read, the second one when lr has the return address again; r1: what stands there before a call. */
	.type	peek_popped, %function
peek_popped:
	push	{r4, r5, r6, lr}
	mov	r4, r0
	mov	lr, r1
	ldr	r2, [r0]
	add	lr, lr, r2
	str	lr, [r0, #8]
	bl	peek
	add	r0, r4, #4096
	pop	{r4, r5, r6, lr}
	ldr	r0, [r0]
	bx	lr

	.type	peek_held, %function
peek_held:
	mov	r12, lr
	mov	r3, r0
	mov	lr, r1
	ldr	r2, [r0]
	bl	peek
	add	r0, r3, #4096
	mov	lr, r12
	ldr	r0, [r0]
	bx	lr

	.type	peek_seven, %function
peek_seven:
	ldr	r0, [r0]
	mov	r0, #7
	bx	lr

	.type	handler_with_frame, %function
handler_with_frame:
	mov	r1, sp
	b	look

	.type	handler_that_skips, %function
handler_that_skips:
	mov	r1, sp
	b	skip

	.section .note.GNU-stack, "", %progbits
