"""A32 multiplies: plain, long and halfword.

The signed multiplies of the media space stand in a32_media.py. ``multiply_extra_space`` refuses
what is left of the space that multiplies share with exclusives and extra loads and stores.
"""

from __future__ import annotations

from frontends.arm32.machine import Arm32
from frontends.arm32.multiply import (
    multiply,
    multiply_accumulate_accumulate_long,
    multiply_add,
    multiply_halves,
    multiply_halves_long,
    multiply_long,
    multiply_subtract,
    multiply_word_half,
)
from frontends.arm32.rows import A32
from xlate.isa import Reg

_SPACE = ("multiply_extra_space",)
_PLAIN = ("dp_register",)


@A32("cond:4 000x xxxx xxxx xxxx xxxx 1xx1 xxxx", manual="Multiply; Extra load/store instructions")
def multiply_extra_space(m: Arm32) -> None:
    """Nothing is allocated here, or should-be bits are not as they should be."""
    m.undefined("unallocated in the multiply and extra load/store space")


@A32("cond:4 0000000 S:1 Rd:4 (0000) Rm:4 1001 Rn:4", manual="MUL", over=_SPACE)
def mul(m: Arm32, S: int, Rd: Reg, Rm: Reg, Rn: Reg) -> None:
    """Rd := Rn * Rm."""
    multiply(m, Rd, Rn, Rm, S=S)


@A32("cond:4 0000001 S:1 Rd:4 Ra:4 Rm:4 1001 Rn:4", manual="MLA", over=_SPACE)
def mla(m: Arm32, S: int, Rd: Reg, Ra: Reg, Rm: Reg, Rn: Reg) -> None:
    """Rd := Ra + Rn * Rm."""
    multiply_add(m, Rd, Rn, Rm, Ra, S=S)


@A32("cond:4 00000100 RdHi:4 RdLo:4 Rm:4 1001 Rn:4", manual="UMAAL", over=_SPACE)
def umaal(m: Arm32, RdHi: Reg, RdLo: Reg, Rm: Reg, Rn: Reg) -> None:
    """RdHi:RdLo := Rn * Rm + RdHi + RdLo."""
    multiply_accumulate_accumulate_long(m, RdLo, RdHi, Rn, Rm)


@A32("cond:4 00000110 Rd:4 Ra:4 Rm:4 1001 Rn:4", manual="MLS", over=_SPACE)
def mls(m: Arm32, Rd: Reg, Ra: Reg, Rm: Reg, Rn: Reg) -> None:
    """Rd := Ra - Rn * Rm."""
    multiply_subtract(m, Rd, Rn, Rm, Ra)


@A32(
    "cond:4 00001 sign:1 add:1 S:1 RdHi:4 RdLo:4 Rm:4 1001 Rn:4",
    manual="UMULL, UMLAL, SMULL, SMLAL",
    over=_SPACE,
)
def mull(m: Arm32, sign: int, add: int, S: int, RdHi: Reg, RdLo: Reg, Rm: Reg, Rn: Reg) -> None:
    """RdHi:RdLo := Rn * Rm, plus RdHi:RdLo when add."""
    multiply_long(m, RdLo, RdHi, Rn, Rm, signed=sign, add=add, S=S)


@A32("cond:4 00010000 Rd:4 Ra:4 Rm:4 1 M:1 N:1 0 Rn:4", manual="SMLABB and others", over=_PLAIN)
def smla_halves(m: Arm32, Rd: Reg, Ra: Reg, Rm: Reg, M: int, N: int, Rn: Reg) -> None:
    """Rd := Rn.half(N) * Rm.half(M) + Ra."""
    multiply_halves(m, Rd, Rn, Rm, Ra, N=N, M=M)


@A32("cond:4 00010010 Rd:4 Ra:4 Rm:4 1 M:1 0 0 Rn:4", manual="SMLAWB, SMLAWT", over=_PLAIN)
def smlaw(m: Arm32, Rd: Reg, Ra: Reg, Rm: Reg, M: int, Rn: Reg) -> None:
    """Rd := (Rn * Rm.half(M) >> 16) + Ra."""
    multiply_word_half(m, Rd, Rn, Rm, Ra, M=M)


@A32("cond:4 00010010 Rd:4 (0000) Rm:4 1 M:1 1 0 Rn:4", manual="SMULWB, SMULWT", over=_PLAIN)
def smulw(m: Arm32, Rd: Reg, Rm: Reg, M: int, Rn: Reg) -> None:
    """Rd := Rn * Rm.half(M) >> 16."""
    multiply_word_half(m, Rd, Rn, Rm, None, M=M)


@A32(
    "cond:4 00010100 RdHi:4 RdLo:4 Rm:4 1 M:1 N:1 0 Rn:4", manual="SMLALBB and others", over=_PLAIN
)
def smlal_halves(m: Arm32, RdHi: Reg, RdLo: Reg, Rm: Reg, M: int, N: int, Rn: Reg) -> None:
    """RdHi:RdLo := RdHi:RdLo + Rn.half(N) * Rm.half(M)."""
    multiply_halves_long(m, RdLo, RdHi, Rn, Rm, N=N, M=M)


@A32("cond:4 00010110 Rd:4 (0000) Rm:4 1 M:1 N:1 0 Rn:4", manual="SMULBB and others", over=_PLAIN)
def smul_halves(m: Arm32, Rd: Reg, Rm: Reg, M: int, N: int, Rn: Reg) -> None:
    """Rd := Rn.half(N) * Rm.half(M)."""
    multiply_halves(m, Rd, Rn, Rm, None, N=N, M=M)
