/*
 * From translated code to fp_exact_run() and back, rcx = slots: nothing is changed but what is in the slots, MXCSR and
 * the flags. And the host's own operations for C code, which has no vector registers.
 */
	.text
	.globl	fp_exact_entry, fp_host
	.type	fp_exact_entry, @function
fp_exact_entry:
	push	%rbp
	mov	%rsp, %rbp
	push	%rax
	push	%rcx
	push	%rdx
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%rbx
	and	$-16, %rsp
	mov	%rcx, %rdi
	call	fp_exact_run
	lea	-80(%rbp), %rsp
	pop	%rbx
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rax
	pop	%rbp
	ret
	.size	fp_exact_entry, . - fp_exact_entry

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
