/*
 * The guest's life: run, then do what the stop asks for. Kinds of faults are told apart here; what a signal then does is
 * signal.c's, what a system call does sys/.
 */
#include "cpu.h"
#include "memory.h"
#include "record.h"
#include "signal.h"
#include "sys/sys.h"
#include "thread.h"
#include "turns.h"

enum { ILL_ILLOPC = 1, TRAP_BRKPT = 1, SEGV_MAPERR = 1, SEGV_ACCERR = 2, BUS_ADRERR = 2 };

/* Breakpoint instructions of debuggers: undefined to the processor, SIGTRAP by the kernel's word. */
static bool is_breakpoint(struct thread *t)
{
	gaddr pc = GADDR(t->cpu.r[15]);
	u16 half[2] = {0};

	if (copy_in(half, pc, t->cpu.thumb ? 2 : 4))
		return false;
	if (!t->cpu.thumb)
		return (half[1] & 0x0fff) == 0x07f0 && half[0] == 0x01f0;
	if (half[0] == 0xf7f0)
		return !copy_in(&half[1], GADDR(pc.va + 2), 2) && half[1] == 0xa000;
	return half[0] == 0xde01;
}

static void undefined_instruction(struct thread *t)
{
	bool trap = is_breakpoint(t);

	signal_force(t, trap ? SIGTRAP : SIGILL, trap ? TRAP_BRKPT : ILL_ILLOPC, t->cpu.r[15]);
}

static void fetch_fault(struct thread *t)
{
	u32 at = t->cpu.r[15];

	u8 byte;

	if (mem_fetchable(GADDR(at), 1) && !copy_in(&byte, GADDR(at), 1)) /* its second half lies on the next page */
		at = (u32)page_ceil((u64)at + 1);
	t->fault.write = false;
	if (mem_fetchable(GADDR(at), 1)) { /* behind the end of the mapped file */
		t->fault.sig = SIGBUS;
		signal_force(t, SIGBUS, BUS_ADRERR, at);
		return;
	}
	t->fault.sig = SIGSEGV;
	signal_force(t, SIGSEGV, mem_prot(GADDR(at)) < 0 ? SEGV_MAPERR : SEGV_ACCERR, at);
}

/* Weak: xlate-insn has another idea of what a stop is for. */
__attribute__((weak)) void thread_serve(struct thread *t, u32 reason)
{
	if (record_ended(t, reason))
		return;
	switch ((enum stop)reason) {
	case STOP_SVC:
		t->cpu.excl_valid = 0; /* returning from the kernel closes the monitor */
		syscall_dispatch(t);
		break;
	case STOP_SIGNAL:
		if (turns_on())
			turns_end(t);
		signal_deliver(t);
		break;
	case STOP_FAULT:
		signal_force(t, t->fault.sig, t->fault.code, (u32)t->fault.addr.va);
		break;
	case STOP_FETCH:
	case STOP_LEAVE: /* nothing is nested here: a jump to page 0, which is never mapped */
		fetch_fault(t);
		break;
	case STOP_UNDEFINED:
		undefined_instruction(t);
		break;
	case STOP_BKPT:
		signal_force(t, SIGTRAP, TRAP_BRKPT, t->cpu.r[15]);
		break;
	case STOP_MODE:
		fpscr_becomes_modal(t);
		break;
	case STOP_REFETCH: /* never returned */
		break;
	}
}

_Noreturn void thread_run(struct thread *t)
{
	for (;;) {
		thread_serve(t, cpu_run(t));
		t->drop = false; /* nothing is on the host stack here */
	}
}
