/* Checksums, ciphers and digests: what the host's processor has instructions for, and how it is done without them. */
#ifndef XLATE_CIPHERS_H
#define XLATE_CIPHERS_H

#include "types.h"

struct thread;

/* What translated code reads; backends/llvm/ciphers.py knows the layout. */
struct ciphers {
	u32 features;
	u32 unused;
	void (*instead)(void);
	void (*exact)(void); /* fp_exact.h; backends/llvm/modal.py knows where it is */
};

/* Leave out the host's instructions: before cpu_init(), for tests. */
void ciphers_withhold(void);
/* Tell t's code, and what it clones. */
void ciphers_attach(struct thread *t);

#endif
