/*
 * How translated code calls C code for help, rcx = slots: every register is kept, and C code here has no vector
 * registers, so nothing is changed but what is in the slots and the flags. For assembly alone.
 */
	.macro	HELP entry, function
	.globl	\entry
	.type	\entry, @function
\entry:
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
	mov	%edx, %esi
	call	\function
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
	.size	\entry, . - \entry
	.endm
