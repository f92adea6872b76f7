/*
 * What the emulation manager offers the Linux personality: run the guest until it needs the
 * kernel, recover exact state at a host fault, forget translations of changed bytes.
 */
#ifndef XLATE_CPU_H
#define XLATE_CPU_H

#include "types.h"

struct thread;
struct host_ucontext;

enum stop {
	STOP_SVC = 1,	/* system call: pc is after the instruction; number in r7, svc_imm holds imm24/imm8 */
	STOP_UNDEFINED, /* undefined or refused instruction: pc is at it (SIGILL) */
	STOP_BKPT,	/* BKPT: pc is at it (SIGTRAP) */
	STOP_SIGNAL,	/* the poll word was set: deliver what is pending, then run on */
	STOP_FAULT,	/* data fault: pc is at the instruction; t->fault says what and where */
	STOP_FETCH,	/* the bytes at pc are not mapped or not executable (SIGSEGV at pc) */
	STOP_REFETCH,	/* internal: go on at pc; cpu_run() never returns it */
	STOP_LEAVE,	/* pc is where the innermost nested dispatcher ends */
	STOP_MODE,	/* FPSCR.FZ or DN is to be set: pc is at it, fpscr_becomes_modal() */
};

/* Run from t->cpu (r[15] = pc without the Thumb bit, .thumb = T) until one of the above. Exact state in t->cpu on return. */
enum stop cpu_run(struct thread *t);

/* Once per process, after the guest base is fixed and before the first cpu_run. Returns 0 or -errno. */
int cpu_init(struct thread *t);

/* Guest bytes [start, start+len) changed, were unmapped, or lost execute permission. */
void cpu_invalidate(struct thread *t, gaddr start, u64 len);

/* True when host_pc lies in translated code. async-signal-safe */
bool cpu_owns_pc(u64 host_pc);

/*
 * From the host SIGSEGV/SIGBUS/SIGFPE/SIGILL handler, when cpu_owns_pc(): rebuild t->cpu at the faulting
 * guest instruction and redirect the host context so that cpu_run() returns STOP_FAULT. async-signal-safe
 */
void cpu_fault(struct thread *t, struct host_ucontext *uc);

/* The child of fork: inherited code segments are frozen, new ones are opened on demand. */
void cpu_after_fork(struct thread *t);

#endif
