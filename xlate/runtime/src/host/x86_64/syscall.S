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

	.section .note.GNU-stack, "", @progbits
