/*
 * Memory accesses to guest addresses that may fault, in a known pc range: the fault handler (fault.c)
 * continues at copy_fixup instead. No stack is used inside the range, so the fix-up can simply return.
 */
#include <asm/errno.h>

	.text
	.globl	copy_code_begin, copy_code_end, copy_fixup, copy_fault, copy_string_fault

copy_code_begin:

/* copy_fault(dst, src, len): 0 or -EFAULT. Words first: the usual case is a pointer or a small struct. */
	.type	copy_fault, @function
copy_fault:
	mov	%rdx, %rcx
	cmp	$64, %rdx
	ja	2f
	jmp	1f
0:	mov	(%rsi), %rax
	mov	%rax, (%rdi)
	add	$8, %rsi
	add	$8, %rdi
	sub	$8, %rcx
1:	cmp	$8, %rcx
	jae	0b
2:	rep movsb
	xor	%eax, %eax
	ret
	.size	copy_fault, . - copy_fault

/* copy_string_fault(dst, src, max): bytes before the NUL, or max when there is none, or -EFAULT. */
	.type	copy_string_fault, @function
copy_string_fault:
	xor	%eax, %eax
0:	cmp	%rdx, %rax
	jae	1f
	movzbl	(%rsi,%rax), %ecx
	mov	%cl, (%rdi,%rax)
	test	%cl, %cl
	je	1f
	inc	%rax
	jmp	0b
1:	ret
	.size	copy_string_fault, . - copy_string_fault

copy_code_end:

copy_fixup:
	mov	$-EFAULT, %rax
	ret

	.section .note.GNU-stack, "", @progbits
