/*
 * Between the tiers: entering optimised functions, dispatchers nested in their calls, system calls they make, and ways
 * to be rid of their host frames. Those may be dropped at any time, since no guest state is in them.
 */
#ifndef XLATE_OPTIMISED_H
#define XLATE_OPTIMISED_H

#include "thread.h"

struct host_ucontext;

/* host/x86_64/optimised.S: what the state's fields enter, nest, svc, safepoint and hand_back hold. */
extern const char entry_enter[], entry_nest[], entry_svc[], entry_safepoint[], entry_hand_back[];
/* The innermost nested dispatcher ends; pc stands in the state already. */
extern const char entry_end_nest[];

void optimised_init(struct thread *t);

/* Called by the entries: the guest address | T to go on at. */
u32 optimised_nest(struct thread *t);
u32 optimised_svc(struct thread *t);
/* Before the target, with all state current: signals. The optimised function to jump to, 0: go outward to pc. */
u64 optimised_safepoint(struct thread *t);
/* The host stack is too deep for another dispatcher: go on at the target without any frames. */
_Noreturn void optimised_too_deep(struct thread *t);
/*
 * The innermost cpu_enter() becomes the outermost one, or that of a fault's handler whose context is kept; whoever calls
 * this then takes the stack pointer there.
 */
void optimised_forget_frames(struct thread *t);

/* The dispatcher that runs now is not ended by coming to some place. */
void optimised_ends_nowhere(struct thread *t);
/* Behind thread_serve() of a nested dispatcher: returns, or goes on elsewhere. */
void optimised_after_serving(struct thread *t);

static inline bool optimised_is_nested(const struct thread *t)
{
	return t->nests;
}

/* Does the innermost nested dispatcher end at this guest address | T? sp is in the state. */
static inline bool optimised_ends(const struct thread *t, gword key)
{
#ifdef STATE_NEST
	return key == t->cpu.nest_pc && t->cpu.r[13] >= t->cpu.nest_sp;
#else
	(void)t, (void)key;
	return false; /* this guest has no optimised code */
#endif
}

/* If so, the state is put there: it is no place to go on at. */
bool optimised_ends_nest(struct thread *t, gword target);

/* All packages go, and none comes any more: from the next system call's end on all code is the baseline tier's. */
void optimised_leave(struct thread *t, const char *why);
/* Will optimised_forget() have to give up a package? */
bool optimised_covers(gaddr start, u64 len);
/* Guest pages went away, changed or became writable. Where a package covers them, with the world stopped. */
void optimised_forget(struct thread *t, gaddr start, u64 len);

/* A file was mapped for execution: use its package. */
void optimised_mapped(struct thread *t, int fd, u64 address, u64 length, u64 offset);
/* Say once, on standard error, why --tier optimised has nothing to run for the program. */
void optimised_say_missing(void);

/* A guest fault in code of a package: its handler will run (kept.h), or the guest dies of it. async-signal-safe */
void optimised_fault(struct thread *t, struct host_ucontext *uc);

#endif
