/* The host's floating-point status, where the guest's rounding mode and cumulative exceptions live while it runs. */
#ifndef XLATE_MXCSR_H
#define XLATE_MXCSR_H

#include "types.h"

#define MXCSR_MASKS 0x1f80u
#define MXCSR_RC 0x6000u
#define MXCSR_RC_ZERO 0x6000u
#define MXCSR_UE 0x10u
#define MXCSR_PE 0x20u
#define MXCSR_RAISED 0x3du /* all that FPSCR has a bit for */

static inline u32 mxcsr_get(void)
{
	u32 value;

	__asm__ volatile("stmxcsr %0" : "=m"(value));
	return value;
}

static inline void mxcsr_set(u32 value)
{
	__asm__ volatile("ldmxcsr %0" : : "m"(value));
}

#endif
