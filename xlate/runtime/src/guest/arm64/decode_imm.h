/* Decode-time functions of AArch64: the C twins of the transforms in frontends/arm64/decode_imm.py. */
#ifndef XLATE_GUEST_ARM64_DECODE_IMM_H
#define XLATE_GUEST_ARM64_DECODE_IMM_H

#include "decode_bits.h"

/* DecodeBitMasks' wmask: a run of ones, rotated in an element that fills 64 bits; 0 if reserved. */
static inline u64 bit_mask(u64 N, u64 imms, u64 immr)
{
	u64 kind = N << 6 | (imms ^ 63);
	u64 size, whole, run, turn;

	if (kind < 2)
		return 0;
	size = 1ull << (63 - __builtin_clzll(kind));
	whole = size == 64 ? ~0ull : (1ull << size) - 1;
	run = ~0ull >> (63 - (imms & (size - 1)));
	turn = immr & (size - 1);
	if (turn)
		run = (run >> turn | run << (size - turn)) & whole;
	for (; size < 64; size *= 2)
		run |= run << size;
	return run;
}

#endif
