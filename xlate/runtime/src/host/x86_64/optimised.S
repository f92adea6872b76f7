/*
 * Into optimised functions and out of them. Their registers are those of LLVM's regcall convention: rax = state, guest
 * r0-r8 in rcx rdx rdi rsi r8 r9 r12 r13 r14, sp in r15, d0-d14 in xmm0-14, the same in and out, with the guest address
 * to go on at in eax when they return. rbx and rbp are theirs to preserve; nobody preserves xmm15, and d15 is in the state.
 */
#include "gen/hostregs.h"
#include "gen/state_arm32.h"
#include "tunables.h"

/* cpu.h and stats.h; optimised.c asserts them */
#define STOP_SIGNAL_NUMBER 4
#define STOP_REFETCH_NUMBER 7
#define STOP_LEAVE_NUMBER 8
#define STATS_ENTERS 96
#define STATS_OUTWARD 112

/* The moves between the two sets of registers below are written for these pins. */
#define PIN_NUMBER(guest, host) .set pin_of_##guest, NUMBER_##host;
#define NUMBER_rsi 6
#define NUMBER_rdi 7
#define NUMBER_r8 8
#define NUMBER_r9 9
#define NUMBER_r11 11
#define NUMBER_r13 13
#define NUMBER_r14 14
#define NUMBER_r15 15
FOR_EACH_PIN(PIN_NUMBER)
	.if PIN_COUNT != 8 || pin_of_0 != 8 || pin_of_1 != 9 || pin_of_2 != 11 || pin_of_3 != 13
	.error "pins moved"
	.endif
	.if pin_of_4 != 14 || pin_of_5 != 15 || pin_of_6 != 7 || pin_of_13 != 6
	.error "pins moved"
	.endif

#define LOAD_PIN(guest, host) mov (STATE_R + 4 * guest)(%r12), LOW_##host;
#define SAVE_PIN(guest, host) mov LOW_##host, (STATE_R + 4 * guest)(%r12);
#define LOW_rsi %esi
#define LOW_rdi %edi
#define LOW_r8 %r8d
#define LOW_r9 %r9d
#define LOW_r11 %r11d
#define LOW_r13 %r13d
#define LOW_r14 %r14d
#define LOW_r15 %r15d

#define R(guest) (STATE_R + 4 * guest)(%rbx)
#define D(n) (STATE_D + 8 * n)(%rbx)
#define FOR_EACH_D(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#define LOAD_D(n) movsd D(n), %xmm##n;
#define STORE_D(n) movsd %xmm##n, D(n);

	.macro	store_all
	mov	%ecx, R(0)
	mov	%edx, R(1)
	mov	%edi, R(2)
	mov	%esi, R(3)
	mov	%r8d, R(4)
	mov	%r9d, R(5)
	mov	%r12d, R(6)
	mov	%r13d, R(7)
	mov	%r14d, R(8)
	mov	%r15d, R(13)
	FOR_EACH_D(STORE_D)
	.endm

	.macro	load_all
	mov	R(0), %ecx
	mov	R(1), %edx
	mov	R(2), %edi
	mov	R(3), %esi
	mov	R(4), %r8d
	mov	R(5), %r9d
	mov	R(6), %r12d
	mov	R(7), %r13d
	mov	R(8), %r14d
	mov	R(13), %r15d
	FOR_EACH_D(LOAD_D)
	.endm

/* edx = guest address | T */
	.macro	store_pc
	mov	%edx, %eax
	and	$-2, %eax
	mov	%eax, (STATE_R + 60)(%r12)
	and	$1, %edx
	mov	%dl, STATE_THUMB(%r12)
	.endm

	.text
	.globl	entry_enter, entry_nest, entry_svc, entry_safepoint, entry_hand_back, entry_end_nest

/* From translated code, pins live: rcx = function. Never returns there: goes on wherever the function says. */
entry_enter:
	lea	ENTER_FLOOR(%r12), %rax
	cmp	%rax, %rsp
	jb	too_deep
entered:
	incq	(stats_own + STATS_ENTERS)(%rip)
	mov	%rcx, %r10
	mov	%r12, %rbx
	mov	%r8d, %ecx
	mov	%r9d, %edx
	mov	%r14d, %r8d
	mov	%r15d, %r9d
	mov	%esi, %r15d
	mov	%esi, R(13)		/* what the function counts sp from */
	mov	%r13d, %esi
	mov	%edi, %r12d
	mov	%r11d, %edi
	mov	R(7), %r13d
	mov	R(8), %r14d
	FOR_EACH_D(LOAD_D)
	push	R(14)			/* aligns the stack; where a plain return goes */
	mov	%rbx, %rax
	call	*%r10
	pop	%r10
	cmp	%eax, %r10d
	je	1f
	incq	(stats_own + STATS_OUTWARD)(%rip)
1:	FOR_EACH_D(STORE_D)
	mov	%r13d, R(7)
	mov	%r14d, R(8)
	mov	%esi, %r13d
	mov	%r15d, %esi
	mov	%r9d, %r15d
	mov	%r8d, %r14d
	mov	%ecx, %r8d
	mov	%edx, %r9d
	mov	%edi, %r11d
	mov	%r12d, %edi
	mov	%rbx, %r12
	mov	%eax, %edx

/* On to the guest address in edx, pins live. */
	cmpb	$0, STATE_ITSTATE(%r12)
	jne	refetch
	cmpl	$0, STATE_PENDING(%r12)
	jne	entry_poll
	cmp	STATE_NEST_PC(%r12), %edx
	je	entry_hand_back
	mov	%edx, %eax
	ror	$1, %eax
	mov	STATE_TABLE(%r12), %rcx
	movslq	(%rcx,%rax,4), %rax
	test	%rax, %rax
	jz	entry_miss
	lea	(%rax,%rdx,8), %rax
	add	STATE_ARENA(%r12), %rax
	jmp	*%rax

/* A unit in the middle of an IT block is in no table. */
refetch:
	store_pc
	mov	$STOP_REFETCH_NUMBER, %edx
	jmp	entry_stop

/* Hardly any host stack is left: without the frames of all nested dispatchers there is. */
too_deep:
	FOR_EACH_PIN(SAVE_PIN)
	mov	%rcx, %rbx
	mov	%r12, %rdi
	sub	$8, %rsp
	call	optimised_forget_frames
	mov	STATE_HOST_SP(%r12), %rsp
	mov	%rbx, %rcx
	FOR_EACH_PIN(LOAD_PIN)
	jmp	entered

/* A return (edx) to where a nested dispatcher may end, pins live. */
entry_hand_back:
	cmp	STATE_NEST_PC(%r12), %edx
	jne	entry_miss
	cmp	STATE_NEST_SP(%r12), %esi
	jb	entry_miss
	store_pc
entry_end_nest:
	mov	$STOP_LEAVE_NUMBER, %edx
	jmp	entry_stop

/* Called by optimised code: run the state's target until it comes back. */
entry_nest:
	push	%rbx
	mov	%rax, %rbx
	store_all
	mov	%rbx, %rdi
	lea	NEST_FLOOR(%rbx), %rax
	cmp	%rax, %rsp
	jb	optimised_too_deep
	call	optimised_nest
	load_all
	pop	%rbx
	ret

/* Called by optimised code: the system call before pc. */
entry_svc:
	push	%rbx
	mov	%rax, %rbx
	store_all
	mov	%rbx, %rdi
	call	optimised_svc
	load_all
	pop	%rbx
	ret

/* Jumped to by optimised code: something is pending, or the host stack runs low, or the target is the baseline tier's. */
entry_safepoint:
	push	%rbx
	mov	%rax, %rbx
	store_all
	mov	%rbx, %rdi
	call	optimised_safepoint
	mov	%rax, %r10
	load_all
	test	%r10, %r10
	jz	1f
	mov	%rbx, %rax
	pop	%rbx
	jmp	*%r10
1:	movzbl	STATE_THUMB(%rbx), %eax
	or	R(15), %eax
	pop	%rbx
	ret

	.section .note.GNU-stack, "", @progbits
