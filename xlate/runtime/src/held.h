/*
 * Descriptors that a thread holds while it resolves a path or makes a call by one, and forks of other threads meanwhile.
 */
#ifndef XLATE_HELD_H
#define XLATE_HELD_H

#include "types.h"

struct thread;

/* Between these two, descriptors are opened, closed, added and removed; nothing there may wait for another thread. */
void held_begin(void);
void held_end(void);
void held_add(s64 fd);
void held_remove(s64 fd);
void held_close(s64 fd);

/* Around a fork, with the lock: the second one in parent and child. */
void held_before_fork(void);
void held_fork_done(void);
/* In the child: close what another thread of the parent held. */
void held_in_child(const struct thread *other);

#endif
