/* The first instruction of xlate-run, and the switch to the thread block's own stack. */
	.text
	.globl	_start
	.type	_start, @function
_start:
	xor	%ebp, %ebp
	mov	%rsp, %rdi		/* argc, argv, envp, auxv as the kernel left them */
	and	$-16, %rsp
	call	start_c
	ud2
	.size	_start, . - _start

/* host_switch_stack(sp, fn, a, b) */
	.globl	host_switch_stack
	.type	host_switch_stack, @function
host_switch_stack:
	mov	%rdi, %rsp
	and	$-16, %rsp
	mov	%rsi, %rax
	mov	%rdx, %rdi
	mov	%rcx, %rsi
	xor	%ebp, %ebp
	call	*%rax
	ud2
	.size	host_switch_stack, . - host_switch_stack

	.section .note.GNU-stack, "", @progbits
