/*
 * From translated code to fp_exact_run() and back: rcx = slots; MXCSR changes too. And the host's own operations for C
 * code, which has no vector registers.
 */
#include "host/x86_64/help.h"

	.text
	HELP	fp_exact_entry, fp_exact_run

	.globl	fp_host
/* fp_host(pair, kind, MXCSR to begin with): operation FP_* on the pair, whose first becomes the result; returns MXCSR */
	.type	fp_host, @function
fp_host:
	sub	$56, %rsp
	movups	%xmm0, (%rsp)
	movups	%xmm1, 16(%rsp)
	stmxcsr	32(%rsp)
	mov	%edx, 36(%rsp)
	ldmxcsr	36(%rsp)
	movq	(%rdi), %xmm0
	movq	8(%rdi), %xmm1
	lea	0f(%rip), %rax
	lea	(%rax,%rsi,8), %rax
	jmp	*%rax
	.balign	8
0:	addss	%xmm1, %xmm0
	jmp	1f
	.balign	8
	subss	%xmm1, %xmm0
	jmp	1f
	.balign	8
	mulss	%xmm1, %xmm0
	jmp	1f
	.balign	8
	divss	%xmm1, %xmm0
	jmp	1f
	.balign	8
	sqrtss	%xmm0, %xmm0
	jmp	1f
	.balign	8
	jmp	1f /* a single is not narrowed */
	.balign	8
	cvtss2sd %xmm0, %xmm0
	jmp	1f
	.balign	8
	jmp	1f
	.balign	8
	addsd	%xmm1, %xmm0
	jmp	1f
	.balign	8
	subsd	%xmm1, %xmm0
	jmp	1f
	.balign	8
	mulsd	%xmm1, %xmm0
	jmp	1f
	.balign	8
	divsd	%xmm1, %xmm0
	jmp	1f
	.balign	8
	sqrtsd	%xmm0, %xmm0
	jmp	1f
	.balign	8
	cvtsd2ss %xmm0, %xmm0
	jmp	1f
	.balign	8
1:	movq	%xmm0, (%rdi)
	stmxcsr	36(%rsp)
	mov	36(%rsp), %eax
	ldmxcsr	32(%rsp)
	movups	16(%rsp), %xmm1
	movups	(%rsp), %xmm0
	add	$56, %rsp
	ret
	.size	fp_host, . - fp_host
	.section .note.GNU-stack, "", @progbits
