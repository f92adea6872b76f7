/*
 * Threads and what they share: the lock of all tables of the runtime (memory, translations, packages, dispositions),
 * the list of threads, and stopping the others.
 *
 * A thread is inside while translated code runs in it or may be returned into without asking; everywhere else it is
 * outside. When the world is stopped nobody else is inside, so code may be unmapped and host frames be given up.
 * Host handlers of asynchronous signals never take the lock; those of faults do, since faults come from guest code and
 * from copies, and a copy is made only by whoever holds the lock or by nobody who does.
 */
#ifndef XLATE_WORLD_H
#define XLATE_WORLD_H

#include "types.h"

struct thread;

/* Recursive; waits for the owner. */
struct thread *world_lock(void);
void world_unlock(struct thread **held);
/* Hold the lock to the end of the enclosing block. */
#define HOLD_LOCK struct thread *held_lock __attribute__((cleanup(world_unlock), unused)) = world_lock()

/* t's code may run from here on; waits while the world is stopped. Then t->drop may have been set. Not with the lock. */
void world_enter(struct thread *t);
void world_leave(struct thread *t);

/*
 * With the lock, which is let go and taken again while others leave: tables may have changed. Stops nest. t itself need
 * not be outside, but must not rely on code that it came from.
 */
void world_stop(struct thread *t);
void world_start(struct thread *t);

/* The list of threads. Adding and removing take the lock. */
void world_add(struct thread *t);
void world_remove(struct thread *t);
/* With the lock: each thread in turn, NULL at the end. first = NULL begins. */
struct thread *world_next(const struct thread *before);
/* More than one thread in this address space? Reads a word. */
bool world_is_threaded(void);

/* Poll requests to all threads. With the lock. */
void world_poll(void);
/* Host frames of optimised code are void in every thread. With the lock. */
void world_drop_frames(void);

/* The child of fork has t alone; returns the first of the other threads, unlinked, as a list by next_thread. */
struct thread *world_after_fork(struct thread *t);
/* t died elsewhere (a child that shared this memory): its lock is nobody's. */
void world_bury(struct thread *t);

#endif
