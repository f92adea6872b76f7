/* What turn_calls.c and turn_descriptors.c share: ways to make a guest's blocking call, with its six arguments. */
#ifndef XLATE_TURN_CALLS_H
#define XLATE_TURN_CALLS_H

#include "types.h"

struct thread;

/* As it is, with the turn in hand. */
long turn_call(struct thread *t, long nr, const u64 *a);
/* While other threads have their turns. */
long turn_call_outside(struct thread *t, long nr, const u64 *a);
/* By the only thread there is. */
long turn_call_alone(struct thread *t, long nr, const u64 *a);
/* One that reads or writes a descriptor; any that nobody else knows. */
long turn_call_descriptor(struct thread *t, long nr, const u64 *a);

/* getrandom, and reading /dev/random and /dev/urandom, however they were opened. */
long turn_call_random(u64 at, u64 size, u64 flags);
bool turn_call_is_random(u64 fd);

#endif
