/*
 * Into translated code and out of it. r12 = state pointer all the while; the pinned guest registers are the table of
 * gen/hostregs.h. Translated code runs with the stack pointer 8 below a multiple of 16, as behind a call.
 */
#include "gen/hostregs.h"
#ifdef GUEST_ARM64
#include "gen/state_arm64.h"
#define WORD 8
#define PC (STATE_R + WORD * REG_PC)
#define GUEST_rdx %rdx
#define GUEST_rsi %rsi
#else
#include "gen/state_arm32.h"
#define WORD 4
#define PC (STATE_R + WORD * 15)
#define GUEST_rdx %edx
#define GUEST_rsi %esi
#endif

/* enum stop; dispatch.c asserts both */
#define STOP_SIGNAL_NUMBER 4
#define STOP_FETCH_NUMBER 6

#define STATE(x) x(%r12)

#define LOAD_PIN(guest, host) mov STATE(STATE_R + WORD * guest), GUEST(host);
#define SAVE_PIN(guest, host) mov GUEST(host), STATE(STATE_R + WORD * guest);
#ifdef GUEST_ARM64
#define GUEST(host) %host
#else
#define GUEST(host) LOW_##host
#define LOW_r8 %r8d
#define LOW_r9 %r9d
#define LOW_r11 %r11d
#define LOW_r13 %r13d
#define LOW_r14 %r14d
#define LOW_r15 %r15d
#define LOW_rdi %edi
#define LOW_rsi %esi
#endif

	.text
	.globl	cpu_enter, cpu_leave, entry_leave, entry_link, entry_miss, entry_stop, entry_poll, entry_learn

/* cpu_enter(thread, host code): returns the stop reason */
	.type	cpu_enter, @function
cpu_enter:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rdi, %r12
	mov	%rsi, %rax
	mov	%rsp, STATE(STATE_HOST_SP)
	FOR_EACH_PIN(LOAD_PIN)
	jmp	*%rax
	.size	cpu_enter, . - cpu_enter

/* rdx = cell */
entry_link:
	FOR_EACH_PIN(SAVE_PIN)
	mov	%r12, %rdi
	mov	%rdx, %rsi
	sub	$8, %rsp
	call	dispatch_link
	jmp	1f

/* edx = key (rdx where a guest word is wider) */
entry_miss:
	FOR_EACH_PIN(SAVE_PIN)
	mov	%r12, %rdi
	mov	GUEST_rdx, GUEST_rsi
	sub	$8, %rsp
	call	dispatch_miss
	jmp	1f

/* rcx = cell of the prediction, edx = key */
entry_learn:
	FOR_EACH_PIN(SAVE_PIN)
	mov	%r12, %rdi
	mov	%rcx, %rsi
	sub	$8, %rsp
	call	dispatch_learn
1:	add	$8, %rsp
	test	%rax, %rax
	jz	2f
	FOR_EACH_PIN(LOAD_PIN)
	jmp	*%rax
2:	mov	$STOP_FETCH_NUMBER, %edx
	jmp	entry_leave

/* edx = key of where the guest goes on after the signal */
entry_poll:
#ifdef STATE_THUMB
	mov	%edx, %ecx
	and	$-2, %ecx
	mov	%ecx, STATE(PC)
	and	$1, %edx
	mov	%dl, STATE(STATE_THUMB)
#else
	mov	GUEST_rdx, STATE(PC)
#endif
	mov	$STOP_SIGNAL_NUMBER, %edx

/* edx = stop reason */
entry_stop:
	FOR_EACH_PIN(SAVE_PIN)
entry_leave:
	mov	%edx, %eax
	mov	STATE(STATE_HOST_SP), %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

/* cpu_leave(thread, stop reason) */
	.type	cpu_leave, @function
cpu_leave:
	mov	%rdi, %r12
	mov	%esi, %edx
	jmp	entry_leave
	.size	cpu_leave, . - cpu_leave

	.section .note.GNU-stack, "", @progbits
