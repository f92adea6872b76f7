/*
 * Host contexts of faults in optimised code, kept while the guest's handlers run: the guest's registers are anywhere in
 * them, so that the faulting function can only go on as it stands. See docs/decisions/0016.
 */
#ifndef XLATE_KEPT_H
#define XLATE_KEPT_H

#include "thread.h"

struct host_ucontext;

/*
 * A fault at a place whose address is key and whose sp is that far from the state's: kept_run() will run on the host
 * stack when the host handler returns. async-signal-safe
 */
void kept_fault(struct thread *t, struct host_ucontext *uc, u32 key, s32 distance);

/* A frame was pushed at a guest address: contexts whose frames it overwrites are of no use any more. */
void kept_overwritten(struct thread *t, u32 start, u32 size);
/* sigreturn, before the frame at sp is popped: t->resumed when it goes back to a context. */
void kept_return(struct thread *t, bool rt);
/* Go on in the context t->resumed. */
_Noreturn void kept_resume(struct thread *t);

/*
 * Forget the contexts, from the innermost on, that are void, with `guess` also those whose handlers seem to have been
 * left by a jump. True when there were any: the state stands at the dispatcher that the last of them was called from.
 */
bool kept_forget(struct thread *t, bool guess);
/* A dispatcher is about to be nested: remember where the innermost context's loop stands. */
void kept_note(struct thread *t);
/* All frames above the innermost context's loop are void: make the state stand at that loop. */
void kept_back_to_loop(struct thread *t);

/* Has any thread a context? Then code that it may go on in must stay. With the lock. */
bool kept_anywhere(void);

#endif
