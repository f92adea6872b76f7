/*
 * The host handler of SIGSEGV, SIGBUS, SIGFPE and SIGILL: decides whose fault it is.
 *
 * In order: memory that is closed to see who touches it (record.c), a copy to or from guest memory (ends as -EFAULT), a write to a page that translations were made from
 * (unwatched, retried), translated code (the guest's own fault: cpu_fault() rebuilds its registers, optimised_fault()
 * only the pc), a signal that somebody sent (recorded like any other), else a bug of ours.
 */
#include "fault.h"

#include "cpu.h"
#include "fatal.h"
#include "memory.h"
#include "monitor.h"
#include "optimised.h"
#include "package.h"
#include "record.h"
#include "thread.h"
#include "world.h"

enum { SEGV_MAPERR = 1, SEGV_ACCERR = 2, BUS_ADRALN = 1, SI_KERNEL = 0x80 };
#define PAGE_FAULT_WRITE 2u /* in the error code x86 pushes */

/* Fault status of ARM's short-descriptor format: kind of fault, user domain, write bit. */
enum { FSR_ALIGNMENT = 0x01, FSR_TRANSLATION = 0x17, FSR_PERMISSION = 0x1f, FSR_EXTERNAL = 0x08, FSR_WRITE = 0x800 };
#define TRAP_PAGE_FAULT 14u

static bool in_copy(u64 pc)
{
	return pc >= (u64)copy_code_begin && pc < (u64)copy_code_end;
}

/* async-signal-safe */
static void record_guest_fault(struct thread *t, int sig, const struct host_siginfo *info,
			       const struct host_ucontext *uc)
{
	u64 addr = info->fault.addr;

	t->fault.sig = sig;
	t->fault.code = info->code;
	t->fault.addr = sig == SIGSEGV || sig == SIGBUS ? h2g(addr) : GADDR(0);
	monitor_release((const u8 *)uc->mc.rip, t->fault.addr.va);
	t->fault.write = sig == SIGSEGV && (uc->mc.err & PAGE_FAULT_WRITE);
	/* The host's word for it differs where unmapped guest memory is a reserved mapping of ours. */
	if (sig == SIGSEGV)
		t->fault.code = mem_prot(t->fault.addr) < 0 ? SEGV_MAPERR : SEGV_ACCERR;
}

/* Nothing but other threads can have changed what the table allows; but it may be wrong, and this must end. */
#define RETRIES_MAX 1000

/* The guest may write there: another thread gave the page back, or mapped it, since the fault. */
static bool may_now(struct thread *t, const struct host_siginfo *info, const struct host_ucontext *uc)
{
	gaddr addr = h2g(info->fault.addr);
	int prot = mem_prot(addr);

	if (!world_is_threaded() || prot < 0 || !(prot & (uc->mc.err & PAGE_FAULT_WRITE ? PROT_WRITE : ~0)))
		return false;
	if (t->fault.retry_pc != uc->mc.rip || t->fault.retry_addr != info->fault.addr)
		t->fault.retries = 0;
	t->fault.retry_pc = uc->mc.rip;
	t->fault.retry_addr = info->fault.addr;
	return t->fault.retries++ < RETRIES_MAX;
}

/* A write to a page of code, or code of ours that is being written where no second mapping is to be had: retried. */
static bool is_ours(struct thread *t, const struct host_siginfo *info, const struct host_ucontext *uc)
{
	HOLD_LOCK;

	if (!h_is_guest(info->fault.addr))
		return cpu_owns_pc(info->fault.addr); /* an instruction may go on from page to page */
	return mem_code_written(h2g(info->fault.addr)) || may_now(t, info, uc);
}

/* async-signal-safe */
void host_fault(int sig, struct host_siginfo *info, struct host_ucontext *uc)
{
	struct thread *t = thread_self();
	bool sent = info->code <= 0;
	u64 pc = uc->mc.rip;

	if (sent) {
		signal_record(t, sig, info, uc);
		return;
	}
	if (sig == SIGSEGV && h_is_guest(info->fault.addr) && record_touch(h2g(info->fault.addr)))
		return;
	if (sig == SIGSEGV && is_ours(t, info, uc))
		return;
	if (in_copy(pc)) {
		uc->mc.rip = (u64)copy_fixup;
		return;
	}
	if (cpu_owns_pc(pc)) {
		record_guest_fault(t, sig, info, uc);
		cpu_fault(t, uc);
		return;
	}
	if (package_owns(pc)) {
		record_guest_fault(t, sig, info, uc);
		optimised_fault(t, uc);
		return;
	}
	fatal_at(sig == SIGSEGV	 ? "segmentation fault"
		 : sig == SIGBUS ? "bus error"
		 : sig == SIGFPE ? "arithmetic fault"
				 : "illegal instruction",
		 pc, info->fault.addr);
}

struct frame_fault fault_for_frame(struct thread *t, int code, u32 addr)
{
	struct frame_fault f = {.trap_no = TRAP_PAGE_FAULT, .address = addr};

	if (code == SI_KERNEL)
		return (struct frame_fault){0};
	if (t->fault.sig == SIGBUS)
		f.error_code = code == BUS_ADRALN ? FSR_ALIGNMENT : FSR_EXTERNAL;
	else
		f.error_code = code == SEGV_MAPERR ? FSR_TRANSLATION : FSR_PERMISSION;
	if (t->fault.write)
		f.error_code |= FSR_WRITE;
	return f;
}
