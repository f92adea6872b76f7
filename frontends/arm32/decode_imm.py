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
