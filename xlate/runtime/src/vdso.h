/* The host's vDSO: reading clocks without entering the kernel. */
#ifndef XLATE_VDSO_H
#define XLATE_VDSO_H

#include "types.h"

/* Find it, once, from the host's auxiliary vector. */
void vdso_init(const u64 *host_auxv);
/* clock_gettime(2) of the host: two words of 64 bits. 0 or -errno. */
long vdso_clock_gettime(s32 clock, void *timespec);

#endif
