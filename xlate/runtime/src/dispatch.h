/* The emulation manager's entry points in host/x86_64/enter.S and what they call. */
#ifndef XLATE_DISPATCH_H
#define XLATE_DISPATCH_H

#include "code_cache.h"

struct thread;

/* Load the pinned registers and run host code until a stop; returns enum stop. */
u32 cpu_enter(struct thread *t, u64 host);

/* Where translated code goes when it leaves: pinned registers are saved first. */
extern const char entry_link[], entry_miss[], entry_stop[], entry_poll[], entry_learn[];
/* Leave cpu_enter() with the stop reason in edx, r12 = state: nothing is saved. */
extern const char entry_leave[];
/* The same from C, dropping all frames above the innermost cpu_enter(). */
_Noreturn void cpu_leave(struct thread *t, u32 reason);

/* Called by the entries: the host address to go on at, 0 when the guest address cannot be fetched. */
u64 dispatch_link(struct thread *t, struct cell *cell);
u64 dispatch_miss(struct thread *t, gword target);
u64 dispatch_learn(struct thread *t, struct cell *cell, gword target);

/*
 * Look-up table slices of a package (look_up_map) for guest addresses [low, high). They come before units at the same
 * addresses. Dropping them forgets all units there.
 */
bool dispatch_map_slices(struct thread *t, u64 low, u64 high, int fd, u64 a32_at, u64 t32_at);
void dispatch_drop_slices(struct thread *t, u64 low, u64 high);

/* Forget all units made from guest addresses [low, high), where no slice is mapped, and what is looked up there. */
void dispatch_forget_range(struct thread *t, u64 low, u64 high);

/* Forget all translations, for which all other threads leave them. With the lock, which is let go meanwhile. */
void dispatch_start_over(struct thread *t);

/* A prediction that nothing matches. */
extern const struct landing no_landing;

#endif
