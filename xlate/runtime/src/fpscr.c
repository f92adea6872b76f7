/*
 * FPSCR between the guest's state and the host's MXCSR. While the guest runs, rounding mode and cumulative
 * exceptions live in MXCSR; the other bits live in the state.
 *
 * FZ and DN cost nothing as long as no thread of the process has set them: templates of scalar arithmetic take them for
 * clear, and the one that would set them stops before it does. Then the process gives up all translations and packages
 * for good, and translates with templates that look at FPSCR (docs/decisions/0019).
 */
#include "cpu.h"
#include "dispatch.h"
#include "mxcsr.h"
#include "optimised.h"
#include "stock.h"
#include "thread.h"
#include "world.h"

#define FPSCR_CUMULATIVE 0x1fu /* IOC DZC OFC UFC IXC */
#define FPSCR_OWN 0x08000080u /* QC IDC: kept by the state alone, in qc */

static bool modal;   /* translations are made so */
static bool settled; /* and no others are left */

u32 fpscr_read(struct thread *t)
{
	u32 m = mxcsr_get();
	u32 flags = (m & 1) | (m >> 1 & 0x1e); /* IE, then ZE OE UE PE moved past DE */

	return (t->cpu.fpscr & ~(FPSCR_CUMULATIVE | FPSCR_OWN)) | flags | t->cpu.qc;
}

void fpscr_write(struct thread *t, u32 value)
{
	u32 rmode = value >> 22 & 3;
	u32 rc = (rmode & 1) << 1 | rmode >> 1; /* N P M Z against N M P Z */

	t->cpu.fpscr = value & ~(FPSCR_CUMULATIVE | FPSCR_OWN);
	t->cpu.qc = value & FPSCR_OWN;
	mxcsr_set(MXCSR_MASKS | rc << 13 | (value & 1) | (value & 0x1e) << 1);
	if (value & (FPSCR_FZ | FPSCR_DN) && !settled)
		fpscr_becomes_modal(t);
}

/* --- FZ and DN -------------------------------------------------------------------------------------- */

void fpscr_becomes_modal(struct thread *t)
{
	HOLD_LOCK;

	if (settled)
		return;
	modal = true; /* another thread may be here as well while the lock is let go: it does the same */
	optimised_leave(t, "a mode of scalar floating point (FPSCR.FZ or DN)");
	dispatch_start_over(t);
	world_stop(t);
	stock_leave(t);
	world_start(t);
	settled = true;
}

bool fpscr_is_modal(void)
{
	return modal;
}

void fpscr_forget_modal(void)
{
	modal = settled = false;
}

/* Async-signal-safe. A template has one instruction that nobody can execute: where it is to set FZ or DN. */
u32 fpscr_stop_at(u64 host_pc)
{
	const u8 *code = (const u8 *)host_pc;

	return code[0] == 0x0f && code[1] == 0x0b ? STOP_MODE : STOP_FAULT;
}
