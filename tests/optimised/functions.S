/*
 * Guest functions that tests/optimised gives optimised code for, and the baseline functions they call. Labels NAME_back
 * are where calls come back to: the optimised code compares with them.
 */

	.arm
	.text

	.macro	function name
	.globl	\name
	.type	\name, %function
\name:
	.endm

	.macro	mark name
	.globl	\name
\name:
	.endm

@ 3 * a + 1
function leaf
	add	r0, r0, r0, lsl #1
	add	r0, r0, #1
	bx	lr

@ plain(a) + 5, plain in the baseline tier
function through
	push	{r4, lr}
	bl	plain
mark through_back
	add	r0, r0, #5
	pop	{r4, pc}

function plain
	add	r0, r0, #100
	bx	lr

@ plain(a) by a tail call
function tail
	b	plain

@ a, by as many calls of each of these two
function down
	cmp	r0, #0
	bxeq	lr
	push	{r4, lr}
	sub	r0, r0, #1
	bl	down_plain
mark down_back
	add	r0, r0, #1
	pop	{r4, pc}

function down_plain
	push	{r4, lr}
	bl	down
	pop	{r4, pc}

@ a, by as many calls of itself
function deep
	cmp	r0, #0
	bxeq	lr
	push	{r4, lr}
	sub	r0, r0, #1
	bl	deep
mark deep_back
	add	r0, r0, #1
	pop	{r4, pc}

@ calls itself for ever
function endless
	push	{r4, lr}
	bl	endless
mark endless_back
	pop	{r4, pc}

@ waits until *a is not zero and gives what it is; the loop does not begin where the function does
function spin
	mov	r1, r0
mark spin_loop
	ldr	r0, [r1]
	cmp	r0, #0
	beq	spin_loop
	bx	lr

@ system call a with arguments b, c, d
function trap
	push	{r7, lr}
	mov	r7, r0
	mov	r0, r1
	mov	r1, r2
	mov	r2, r3
	svc	#0
mark trap_back
	pop	{r7, pc}

@ b(c), and 1 more
function apply
	push	{r4, lr}
	mov	r3, r0
	mov	r0, r1
	blx	r3
mark apply_back
	add	r0, r0, #1
	pop	{r4, pc}

@ *a
function fetch
	ldr	r0, [r0]
	bx	lr

	.section .note.GNU-stack, "", %progbits
