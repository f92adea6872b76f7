"""A32 media instructions.

Parallel arithmetic, pack, extend, saturate, reverse, bit fields, signed multiplies, divide. Words
whose should-be bits are not what they should be fall to ``media_unallocated``.
"""

from __future__ import annotations

from frontends.arm32 import media, multiply
from frontends.arm32.machine import PC, Arm32
from frontends.arm32.rows import A32
from xlate.isa import Imm, Reg

_SPACE = ("media_unallocated",)
_PREFIXES = {1: "S", 2: "Q", 3: "SH", 5: "U", 6: "UQ", 7: "UH"}
_OPS = {0: "ADD16", 1: "ASX", 2: "SAX", 3: "SUB16", 4: "ADD8", 7: "SUB8"}


@A32("cond:4 011 xxxxx xxxx xxxx xxxx xxx1 xxxx", manual="Media instructions")
def media_unallocated(m: Arm32) -> None:
    """Nothing is allocated here."""
    m.undefined("unallocated media instruction")


@A32(
    "cond:4 01100 prefix:3 Rn:4 Rd:4 (1111) op:3 1 Rm:4",
    manual="Parallel addition and subtraction",
    over=_SPACE,
)
def parallel(m: Arm32, prefix: int, Rn: Reg, Rd: Reg, op: int, Rm: Reg) -> None:
    """Rd := lanes of Rn op Rm."""
    if prefix not in _PREFIXES or op not in _OPS:
        m.undefined("unallocated parallel operation")
    media.parallel(m, _PREFIXES[prefix], _OPS[op], Rd, Rn, Rm)


@A32("cond:4 01101000 Rn:4 Rd:4 imm5:5 tb:1 01 Rm:4", manual="PKHBT, PKHTB", over=_SPACE)
def pkh(m: Arm32, Rn: Reg, Rd: Reg, imm5: Imm, tb: int, Rm: Reg) -> None:
    """Rd := a halfword of Rn, the other of shifted Rm."""
    media.pack_halves(m, Rd, Rn, Rm, imm5, tb=tb)


@A32("cond:4 01101000 Rn:4 Rd:4 (1111) 1011 Rm:4", manual="SEL", over=_SPACE)
def sel(m: Arm32, Rn: Reg, Rd: Reg, Rm: Reg) -> None:
    """Rd := bytes of Rn or Rm as GE says."""
    media.select_bytes(m, Rd, Rn, Rm)


@A32("cond:4 01101 U:1 1 sat_imm:5 Rd:4 imm5:5 sh:1 01 Rn:4", manual="SSAT, USAT", over=_SPACE)
def sat(m: Arm32, U: int, sat_imm: Imm, Rd: Reg, imm5: Imm, sh: int, Rn: Reg) -> None:
    """Rd := shifted Rn saturated."""
    media.saturate(m, Rd, Rn, sat_imm, sh, imm5, unsigned=U)


@A32("cond:4 01101 U:1 10 sat_imm:4 Rd:4 (1111) 0011 Rn:4", manual="SSAT16, USAT16", over=_SPACE)
def sat16(m: Arm32, U: int, sat_imm: Imm, Rd: Reg, Rn: Reg) -> None:
    """Rd := both halfwords of Rn saturated."""
    media.saturate16(m, Rd, Rn, sat_imm, unsigned=U)


@A32(
    "cond:4 01101 U:1 1 half:1 Rn:4 Rd:4 rotate:2 (00) 0111 Rm:4",
    manual="SXTAB, SXTAH, UXTAB, UXTAH, SXTB, SXTH, UXTB, UXTH",
    over=_SPACE,
)
def xta(m: Arm32, U: int, half: int, Rn: Reg, Rd: Reg, rotate: Imm, Rm: Reg) -> None:
    """Rd := Rn + extended Rm; Rn 15 adds nothing."""
    bits = 16 if half else 8
    if Rn == PC:
        media.extend(m, Rd, None, Rm, rotate, bits=bits, unsigned=U)
    else:
        media.extend(m, Rd, Rn, Rm, rotate, bits=bits, unsigned=U)


@A32(
    "cond:4 01101 U:1 00 Rn:4 Rd:4 rotate:2 (00) 0111 Rm:4",
    manual="SXTAB16, UXTAB16, SXTB16, UXTB16",
    over=_SPACE,
)
def xtab16(m: Arm32, U: int, Rn: Reg, Rd: Reg, rotate: Imm, Rm: Reg) -> None:
    """Rd := halfwords of Rn + extended bytes 0 and 2 of Rm; Rn 15 adds nothing."""
    if Rn == PC:
        media.extend_pair(m, Rd, None, Rm, rotate, unsigned=U)
    else:
        media.extend_pair(m, Rd, Rn, Rm, rotate, unsigned=U)


@A32("cond:4 01101011 (1111) Rd:4 (1111) 0011 Rm:4", manual="REV", over=_SPACE)
def rev(m: Arm32, Rd: Reg, Rm: Reg) -> None:
    """Rd := bytes of Rm reversed."""
    media.reverse_word(m, Rd, Rm)


@A32("cond:4 01101011 (1111) Rd:4 (1111) 1011 Rm:4", manual="REV16", over=_SPACE)
def rev16(m: Arm32, Rd: Reg, Rm: Reg) -> None:
    """Rd := bytes of each halfword of Rm reversed."""
    media.reverse_halves(m, Rd, Rm)


@A32("cond:4 01101111 (1111) Rd:4 (1111) 0011 Rm:4", manual="RBIT", over=_SPACE)
def rbit(m: Arm32, Rd: Reg, Rm: Reg) -> None:
    """Rd := bits of Rm reversed."""
    media.reverse_bits(m, Rd, Rm)


@A32("cond:4 01101111 (1111) Rd:4 (1111) 1011 Rm:4", manual="REVSH", over=_SPACE)
def revsh(m: Arm32, Rd: Reg, Rm: Reg) -> None:
    """Rd := bottom halfword of Rm reversed, sign-extended."""
    media.reverse_signed_half(m, Rd, Rm)


# --- signed multiplies, divide ------------------------------------------------------------


@A32(
    "cond:4 01110000 Rd:4 Ra:4 Rm:4 0 subtract:1 X:1 1 Rn:4",
    manual="SMLAD, SMLSD, SMUAD, SMUSD",
    over=_SPACE,
)
def smlad(m: Arm32, Rd: Reg, Ra: Reg, Rm: Reg, subtract: int, X: int, Rn: Reg) -> None:
    """Rd := sum or difference of both halfword products + Ra; Ra 15 adds nothing."""
    if Ra == PC:
        multiply.multiply_dual(m, Rd, Rn, Rm, None, X=X, subtract=subtract)
    else:
        multiply.multiply_dual(m, Rd, Rn, Rm, Ra, X=X, subtract=subtract)


@A32(
    "cond:4 01110100 RdHi:4 RdLo:4 Rm:4 0 subtract:1 X:1 1 Rn:4",
    manual="SMLALD, SMLSLD",
    over=_SPACE,
)
def smlald(m: Arm32, RdHi: Reg, RdLo: Reg, Rm: Reg, subtract: int, X: int, Rn: Reg) -> None:
    """RdHi:RdLo := RdHi:RdLo + sum or difference of both halfword products."""
    multiply.multiply_dual_long(m, RdLo, RdHi, Rn, Rm, X=X, subtract=subtract)


@A32("cond:4 01110101 Rd:4 Ra:4 Rm:4 00 R:1 1 Rn:4", manual="SMMLA, SMMUL", over=_SPACE)
def smmla(m: Arm32, Rd: Reg, Ra: Reg, Rm: Reg, R: int, Rn: Reg) -> None:
    """Rd := high word of Ra:0 + Rn * Rm; Ra 15 adds nothing."""
    if Ra == PC:
        multiply.multiply_most_significant(m, Rd, Rn, Rm, None, R=R)
    else:
        multiply.multiply_most_significant(m, Rd, Rn, Rm, Ra, R=R)


@A32("cond:4 01110101 Rd:4 Ra:4 Rm:4 11 R:1 1 Rn:4", manual="SMMLS", over=_SPACE)
def smmls(m: Arm32, Rd: Reg, Ra: Reg, Rm: Reg, R: int, Rn: Reg) -> None:
    """Rd := high word of Ra:0 - Rn * Rm."""
    multiply.multiply_most_significant(m, Rd, Rn, Rm, Ra, R=R, subtract=1)


@A32("cond:4 011100 U:1 1 Rd:4 (1111) Rm:4 0001 Rn:4", manual="SDIV, UDIV", over=_SPACE)
def div(m: Arm32, U: int, Rd: Reg, Rm: Reg, Rn: Reg) -> None:
    """Rd := Rn / Rm."""
    multiply.divide(m, Rd, Rn, Rm, signed=not U)


# --- sums of differences, bit fields ------------------------------------------------------


@A32("cond:4 01111000 Rd:4 Ra:4 Rm:4 0001 Rn:4", manual="USAD8, USADA8", over=_SPACE)
def usad8(m: Arm32, Rd: Reg, Ra: Reg, Rm: Reg, Rn: Reg) -> None:
    """Rd := sum of absolute byte differences + Ra; Ra 15 adds nothing."""
    if Ra == PC:
        media.sum_of_differences(m, Rd, Rn, Rm)
    else:
        media.sum_of_differences(m, Rd, Rn, Rm, Ra)


@A32("cond:4 01111 U:1 1 widthm1:5 Rd:4 lsb:5 101 Rn:4", manual="SBFX, UBFX", over=_SPACE)
def bfx(m: Arm32, U: int, widthm1: Imm, Rd: Reg, lsb: Imm, Rn: Reg) -> None:
    """Rd := Rn<lsb+widthm1:lsb> extended."""
    media.bit_field_extract(m, Rd, Rn, lsb, widthm1, unsigned=U)


@A32("cond:4 0111110 msb:5 Rd:4 lsb:5 001 Rn:4", manual="BFI, BFC", over=_SPACE)
def bfi(m: Arm32, msb: Imm, Rd: Reg, lsb: Imm, Rn: Reg) -> None:
    """Rd<msb:lsb> := low bits of Rn; Rn 15 clears them."""
    if Rn == PC:
        media.bit_field_insert(m, Rd, None, lsb, msb)
    else:
        media.bit_field_insert(m, Rd, Rn, lsb, msb)


@A32("cond:4 01111111 xxxx xxxx xxxx 1111 xxxx", manual="UDF", over=_SPACE)
def udf(m: Arm32) -> None:
    """Permanently undefined."""
    m.undefined("UDF")
