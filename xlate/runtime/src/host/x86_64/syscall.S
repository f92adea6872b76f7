/*
 * A system call that must not start once a signal was recorded. Handlers (signal.c) look at the interrupted pc:
 * between blocking_begin and blocking_insn the call has not happened, so they continue at blocking_abort.
 * The kernel's own restart puts the pc back on blocking_insn and is answered the same way.
 */
	.text
	.globl	host_blocking_syscall, blocking_begin, blocking_insn, blocking_abort, host_sigreturn

/* host_blocking_syscall(pending, nr, a, b, c, d, e, f) */
	.type	host_blocking_syscall, @function
host_blocking_syscall:
	mov	%rdi, %r11
	mov	%rsi, %rax
	mov	%rdx, %rdi
	mov	%rcx, %rsi
	mov	%r8, %rdx
	mov	%r9, %r10
	mov	8(%rsp), %r8
	mov	16(%rsp), %r9
blocking_begin:
	cmpl	$0, (%r11)
	jne	blocking_abort
blocking_insn:
	syscall
	ret
blocking_abort:
	mov	$-513, %rax		/* -RESTART_NOINTR */
	ret
	.size	host_blocking_syscall, . - host_blocking_syscall

	.type	host_sigreturn, @function
host_sigreturn:
	mov	$15, %eax		/* rt_sigreturn */
	syscall
	ud2
	.size	host_sigreturn, . - host_sigreturn

/* host_clone(flags, stack top, parent's word, child's word, fn, arg): the child starts with both on its stack. */
	.globl	host_clone
	.type	host_clone, @function
host_clone:
	mov	%rcx, %r10
	sub	$16, %rsi
	mov	%r8, (%rsi)
	mov	%r9, 8(%rsi)
	xor	%r8d, %r8d
	mov	$56, %eax		/* clone */
	syscall
	test	%rax, %rax
	jz	1f
	ret
1:	xor	%ebp, %ebp
	pop	%rax
	pop	%rdi
	call	*%rax
	ud2
	.size	host_clone, . - host_clone

/* host_thread_exit(block, size, status, last) */
	.globl	host_thread_exit
	.type	host_thread_exit, @function
host_thread_exit:
	test	%rsi, %rsi
	jz	1f
	mov	$11, %eax		/* munmap */
	syscall
	jmp	2f
1:	movb	$0, (%rcx)
2:	mov	%edx, %edi
	mov	$60, %eax		/* exit */
	syscall
	ud2
	.size	host_thread_exit, . - host_thread_exit

/* host_resume(ucontext): as a host handler ends, whose frame it is a copy of */
	.globl	host_resume
	.type	host_resume, @function
host_resume:
	mov	%rdi, %rsp
	mov	$15, %eax		/* rt_sigreturn */
	syscall
	ud2
	.size	host_resume, . - host_resume

	.section .note.GNU-stack, "", @progbits
