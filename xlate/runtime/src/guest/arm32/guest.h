/* 32-bit ARM to the translator, the dispatcher and the look-up (guest.h). */
#ifndef XLATE_GUEST_ARM32_GUEST_H
#define XLATE_GUEST_ARM32_GUEST_H

#include "gen/state_arm32.h"

#define GUEST_PROGRAM "xlate-run" /* who speaks in messages */
#define guest_state arm32_state
typedef u32 gword; /* a general register, an address */
#define GUEST_WIDE 0
#define GUEST_PC 15	    /* its place in r */
#define GUEST_PC_OPERAND 15 /* the operand of an instruction that is the pc */
/* Bytes that a guest address can tell apart. */
#define GUEST_SPAN (1ull << 32)
/* The flat table of the look-up covers all addresses. */
#define GUEST_HAS_FLAT 1

static inline gword key_address(gword key)
{
	return key & ~1u;
}

static inline bool key_thumb(gword key)
{
	return key & 1;
}

static inline gword guest_key(const struct guest_state *s)
{
	return s->r[GUEST_PC] | s->thumb;
}

static inline void guest_set_key(struct guest_state *s, gword key)
{
	s->r[GUEST_PC] = key & ~1u;
	s->thumb = key & 1;
}

static inline u8 guest_it(const struct guest_state *s)
{
	return s->itstate;
}

static inline void guest_set_it(struct guest_state *s, u8 it)
{
	s->itstate = it;
}

#endif
