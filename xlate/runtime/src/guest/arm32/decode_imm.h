/* Decode-time functions of 32-bit ARM: the C twins of the transforms in frontends/arm32/decode_imm.py. */
#ifndef XLATE_GUEST_ARM32_DECODE_IMM_H
#define XLATE_GUEST_ARM32_DECODE_IMM_H

#include "decode_bits.h"

static inline u64 ror32_imm8(u64 imm8, u64 amount)
{
	u32 value = (u32)imm8;

	return amount ? (u32)(value >> amount | value << (32 - amount)) : value;
}

/* ARMExpandImm: an 8-bit value rotated right by twice the top four bits. */
static inline u64 arm_expand_imm(u64 imm12)
{
	return ror32_imm8(imm12 & 0xff, 2 * (imm12 >> 8 & 15));
}

/* ThumbExpandImm: a byte replicated in one of four patterns, or 1bcdefgh rotated right by 8 to 31. */
static inline u64 thumb_expand_imm(u64 imm12)
{
	static const u32 pattern[4] = { 0x1, 0x00010001, 0x01000100, 0x01010101 };

	if (imm12 >> 10)
		return ror32_imm8(0x80 | (imm12 & 0x7f), imm12 >> 7 & 31);
	return (imm12 & 0xff) * pattern[imm12 >> 8];
}

/* DecodeImmShift's amount: LSR and ASR #0 mean 32. */
static inline u64 shift_amount(u64 typ, u64 imm5)
{
	return imm5 == 0 && (typ == 1 || typ == 2) ? 32 : imm5;
}

/* VFPExpandImm of a single: sign, an exponent of 124 to 131, four bits of fraction. */
static inline u64 vfp_expand_imm32(u64 imm8)
{
	u64 exponent = imm8 & 0x40 ? 0x3e000000 : 0x40000000;

	return (imm8 & 0x80) << 24 | exponent | (imm8 & 0x3f) << 19;
}

/* AdvSIMDExpandImm: imm8 spread over a doubleword in one of sixteen patterns. */
static inline u64 advsimd_expand_imm(u64 op, u64 cmode, u64 imm8)
{
	const u64 words = 0x0000000100000001u;
	u64 kind = cmode >> 1, spread = 0;

	if (kind < 4)
		return (imm8 << 8 * kind) * words;
	if (kind < 6)
		return (imm8 << 8 * (kind - 4)) * 0x0001000100010001u;
	if (kind == 6)
		return (cmode & 1 ? imm8 << 16 | 0xffff : imm8 << 8 | 0xff) * words;
	if (cmode & 1)
		return op ? 0 : vfp_expand_imm32(imm8) * words;
	if (!op)
		return imm8 * 0x0101010101010101u;
	for (int bit = 0; bit < 8; bit++)
		spread |= imm8 >> bit & 1 ? 0xffull << 8 * bit : 0;
	return spread;
}

#endif
