/*
 * The program xlate-arm64: a guard, so that no assumption of 32 bits hardens in the translator, the dispatcher and the
 * look-up. It runs one static program of AArch64 in the baseline tier, single-threaded, without signal handlers, with
 * a handful of system calls; everything else is refused or answered ENOSYS.
 *
 * A guest address is a host address: base 0, all 47 bits. So the guest is not kept away from this program's own memory,
 * and what may be written is never executed: there is no watching of pages that code was read from.
 */
#ifndef XLATE_GUEST_ARM64_PROGRAM_H
#define XLATE_GUEST_ARM64_PROGRAM_H

#include "types.h"

struct thread;

/* Map a static program and its stack, and set the registers it begins with; refuses what it cannot. */
void load_program(struct thread *t, const char *path, char **argv, char **envp);

/* Host handlers of faults: those of translated code become STOP_FAULT. */
void fault_init(void);

/* The call that an SVC asks for: number in x8, arguments in x0-x5, result in x0. */
void system_call(struct thread *t);

/* Read cases from standard input and answer them (xlate/verify/a64_engines.py). */
_Noreturn void cases_run(struct thread *t);

/* Memory of the guest that is at this address and nowhere else: 0, or -errno. */
long space_place(u64 address, u64 length, int prot);
/* Anonymous memory wherever the host has room: its address or -errno. */
long space_anywhere(u64 length, int prot);
/* Where the heap begins. */
void space_set_heap(u64 address);

#endif
