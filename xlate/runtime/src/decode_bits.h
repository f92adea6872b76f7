/*
 * Decode-time functions that ordinary arithmetic cannot say: the C twins of the Python transforms of the same names
 * (xlate/isa/expr.py; those of a guest are in its decode_imm.h). The generated decoder calls them; a test compares each
 * with its twin. Arguments and results are 64 bits wide, as all decode-time arithmetic is.
 */
#ifndef XLATE_DECODE_BITS_H
#define XLATE_DECODE_BITS_H

#include "types.h"

/* Sign-extend the low bits (1 to 64) of value. */
static inline u64 sext(u64 value, u64 bits)
{
	return (u64)((s64)(value << (64 - bits)) >> (64 - bits));
}

/* Number of one bits; by hand, since the built-in may call a library we do not link. */
static inline u64 popcount(u64 value)
{
	value -= (value >> 1) & 0x5555555555555555u;
	value = (value & 0x3333333333333333u) + ((value >> 2) & 0x3333333333333333u);
	value = (value + (value >> 4)) & 0x0f0f0f0f0f0f0f0fu;
	return (value * 0x0101010101010101u) >> 56;
}

#endif
