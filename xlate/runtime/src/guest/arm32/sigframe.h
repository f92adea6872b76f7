/*
 * Signal frames as Linux lays them out on a 32-bit ARM stack, and CPSR in one word. Which signal is delivered when is
 * decided in signal.c; this is only about bytes.
 */
#ifndef XLATE_ARM32_SIGFRAME_H
#define XLATE_ARM32_SIGFRAME_H

#include "signal.h"
#include "types.h"

struct thread;

/* Return code in the kuser page: offset, and how its four forms stand there. */
#define KUSER_SIGRETURN 0x500

/* Bits of CPSR. */
#define CPSR_USER 0x10u
#define CPSR_MODE 0x1fu
#define CPSR_T 0x20u
#define CPSR_E 0x200u
#define CPSR_J (1u << 24)

u32 cpsr_read(const struct thread *t);
/* Flags, Q, GE, IT and T; mode and mask bits are not the guest's. */
void cpsr_write(struct thread *t, u32 cpsr);

/* What a frame needs to know about the fault that caused it; zero for other signals. */
struct frame_fault {
	u32 trap_no, error_code, address;
};

/*
 * Push a frame for the signal and make t->cpu enter the handler. `saved_mask` is what sigreturn restores.
 * 0, or -EFAULT when the stack cannot take it.
 */
long sigframe_push(struct thread *t, int sig, const struct guest_sigaction *action, const struct guest_siginfo *info,
		   const struct frame_fault *fault, u64 saved_mask);

/* The registers that a frame says, and whether they are all known. */
struct sigframe_registers {
	u32 r[16];
	u32 cpsr, fpscr;
	u64 d[32];
	bool inexact;
};

/* Bytes from a frame's address that hold them, in either kind. */
#define SIGFRAME_SIZE 872

/* Read them from a frame. -EFAULT where there is none. */
long sigframe_look(u32 at, bool rt, struct sigframe_registers *registers);

/* Restore t->cpu from the frame at sp; the mask to set goes to *mask. -EFAULT when the frame is no frame. */
long sigframe_pop(struct thread *t, bool rt, u64 *mask);

#endif
