/* Host faults: whose they are, and what the guest is told about them. */
#ifndef XLATE_FAULT_H
#define XLATE_FAULT_H

#include "guest/arm32/sigframe.h"
#include "host.h"

/* Handler of SIGSEGV, SIGBUS, SIGFPE and SIGILL. async-signal-safe */
void host_fault(int sig, struct host_siginfo *info, struct host_ucontext *uc);

/* trap_no, error_code and fault_address of a data fault's frame, as ARM's fault status register would say it. */
struct frame_fault fault_for_frame(struct thread *t, int code, u32 addr);

#endif
