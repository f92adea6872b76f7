/* AArch64 to the translator, the dispatcher and the look-up (guest.h). */
#ifndef XLATE_GUEST_ARM64_GUEST_H
#define XLATE_GUEST_ARM64_GUEST_H

#include "gen/state_arm64.h"

#define GUEST_PROGRAM "xlate-arm64" /* who speaks in messages */
#define guest_state arm64_state
typedef u64 gword; /* a general register, an address */
#define GUEST_WIDE 1
#define GUEST_PC REG_PC	     /* its place in r */
#define GUEST_PC_OPERAND 255 /* no instruction names the pc */
/* Bytes that a guest address can tell apart: user space of both kernels with 48-bit addresses. */
#define GUEST_SPAN (1ull << 47)
/* Addresses are too many for a flat table. */
#define GUEST_HAS_FLAT 0

static inline gword key_address(gword key)
{
	return key;
}

static inline bool key_thumb(gword key)
{
	(void)key;
	return false;
}

static inline gword guest_key(const struct guest_state *s)
{
	return s->r[GUEST_PC];
}

static inline void guest_set_key(struct guest_state *s, gword key)
{
	s->r[GUEST_PC] = key;
}

static inline u8 guest_it(const struct guest_state *s)
{
	(void)s;
	return 0;
}

static inline void guest_set_it(struct guest_state *s, u8 it)
{
	(void)s, (void)it;
}

#endif
