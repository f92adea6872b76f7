/*
 * From translated code to ciphers_run() and back: rcx = slots, edx = number. Nothing is changed but what is in the slots and
 * the flags; C code here has no vector registers.
 */
	.text
	.globl	ciphers_entry
	.type	ciphers_entry, @function
ciphers_entry:
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
	call	ciphers_run
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
	.size	ciphers_entry, . - ciphers_entry
	.section .note.GNU-stack, "", @progbits
