"""Immediates and shifts as the manual decodes them; each has a C twin in guest/arm32/decode_imm.h."""

from __future__ import annotations

from xlate.isa import transform


@transform
def arm_expand_imm(imm12: int) -> int:
    """ARMExpandImm: an 8-bit value rotated right by twice the top four bits."""
    rot, imm8 = 2 * (imm12 >> 8), imm12 & 0xFF
    return ((imm8 >> rot) | (imm8 << (32 - rot))) & 0xFFFFFFFF if rot else imm8


@transform
def thumb_expand_imm(imm12: int) -> int:
    """ThumbExpandImm: a byte replicated in one of four patterns, or 1bcdefgh rotated right by 8-31."""
    imm8 = imm12 & 0xFF
    if imm12 >> 10:
        rot, value = imm12 >> 7, 0x80 | (imm12 & 0x7F)
        return ((value >> rot) | (value << (32 - rot))) & 0xFFFFFFFF
    return imm8 * (0x1, 0x00010001, 0x01000100, 0x01010101)[imm12 >> 8]


@transform
def shift_amount(typ: int, imm5: int) -> int:
    """DecodeImmShift's amount: LSR and ASR #0 mean 32 (LSL #0 is no shift; ROR #0 is RRX, decode it apart)."""
    return 32 if imm5 == 0 and typ in (1, 2) else imm5


@transform
def advsimd_expand_imm(op: int, cmode: int, imm8: int) -> int:
    """AdvSIMDExpandImm: imm8 spread over a doubleword in one of sixteen patterns (op 1, cmode 15: 0)."""
    kind, low = cmode >> 1, cmode & 1
    if kind < 4:
        return (imm8 << 8 * kind) * 0x0000000100000001
    if kind < 6:
        return (imm8 << 8 * (kind - 4)) * 0x0001000100010001
    if kind == 6:
        return (imm8 << 16 | 0xFFFF if low else imm8 << 8 | 0xFF) * 0x0000000100000001
    if not low:
        spread = sum(0xFF << 8 * bit for bit in range(8) if imm8 >> bit & 1)
        return spread if op else imm8 * 0x0101010101010101
    exponent = 0x3E000000 if imm8 & 0x40 else 0x40000000
    single = (imm8 & 0x80) << 24 | exponent | (imm8 & 0x3F) << 19
    return 0 if op else single * 0x0000000100000001
