/* What translated code has done where the host's scalar arithmetic is not ARM's. */
#ifndef XLATE_FP_EXACT_H
#define XLATE_FP_EXACT_H

/* host/x86_64/fp_exact.S: keeps all registers; rcx = slots. */
void fp_exact_entry(void);

#endif
