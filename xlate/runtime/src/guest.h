/*
 * The guest that a program of this runtime is for. What the translator, the dispatcher and the look-up must know of it
 * stands in guest/NAME/guest.h: how wide a guest address is, where the pc is kept, what a key is.
 *
 * A key is what translations are found by: the guest address of an instruction, with the instruction set state in
 * bit 0 where the guest has one.
 */
#ifndef XLATE_GUEST_H
#define XLATE_GUEST_H

#ifdef GUEST_ARM64
#include "guest/arm64/guest.h"
#else
#include "guest/arm32/guest.h"
#endif

/* No guest address: the key that nothing has. */
#define NO_KEY ((gword)~(gword)0)

#endif
