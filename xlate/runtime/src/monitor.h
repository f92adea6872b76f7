/* The global exclusive monitor: versions of granules of guest memory (frontends/arm32/exclusive.py). */
#ifndef XLATE_MONITOR_H
#define XLATE_MONITOR_H

#include "types.h"

struct thread;

/* Tell t's code where the versions are. */
void monitor_attach(struct thread *t);
/* The version that covers an address now. */
u64 monitor_version(gaddr a);
/* A fault at this host instruction and guest address: when it was an exclusive store, its version is locked. Free it. */
void monitor_release(const u8 *code, u64 addr);
/* The child of fork: whoever held a version is not here. */
void monitor_after_fork(void);
/* Move versions on, so that exclusive stores fail which might have come through: those whose number is among `which`. */
void monitor_disturb(u64 which);

#endif
