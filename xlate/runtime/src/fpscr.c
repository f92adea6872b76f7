/*
 * FPSCR between the guest's state and the host's MXCSR. While the guest runs, rounding mode and cumulative
 * exceptions live in MXCSR; the other bits live in the state. Nothing else in the runtime touches MXCSR.
 */
#include "thread.h"

#define MXCSR_MASKS 0x1f80u
#define FPSCR_CUMULATIVE 0x1fu /* IOC DZC OFC UFC IXC */
#define FPSCR_RMODE (3u << 22)
#define FPSCR_OWN 0x08000080u /* QC IDC: kept by the state alone, in qc */

static u32 mxcsr_get(void)
{
	u32 value;

	__asm__ volatile("stmxcsr %0" : "=m"(value));
	return value;
}

static void mxcsr_set(u32 value)
{
	__asm__ volatile("ldmxcsr %0" : : "m"(value));
}

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
}
