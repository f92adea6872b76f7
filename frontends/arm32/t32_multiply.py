"""T32 multiplication, multiply-accumulate, absolute difference and division.

The products and their flags are ``multiply``; Ra 1111 is the form without accumulation.
"""

from __future__ import annotations

from frontends.arm32 import multiply
from frontends.arm32.machine import PC, Arm32
from frontends.arm32.media import sum_of_differences
from frontends.arm32.rows import T32
from xlate.isa import Reg


def _addend(Ra: Reg) -> Reg | None:
    return None if Ra == PC else Ra


@T32("11111011 0000 Rn:4 Ra:4 Rd:4 0000 Rm:4", manual="MLA")
def mla_t32(m: Arm32, Rn: Reg, Ra: Reg, Rd: Reg, Rm: Reg) -> None:
    """Rd := Rn * Rm + Ra; MUL where Ra is 1111."""
    if Ra == PC:
        multiply.multiply(m, Rd, Rn, Rm)
    else:
        multiply.multiply_add(m, Rd, Rn, Rm, Ra)


@T32("11111011 0000 Rn:4 Ra:4 Rd:4 0001 Rm:4", manual="MLS")
def mls_t32(m: Arm32, Rn: Reg, Ra: Reg, Rd: Reg, Rm: Reg) -> None:
    """Rd := Ra - Rn * Rm."""
    multiply.multiply_subtract(m, Rd, Rn, Rm, Ra)


@T32(
    "11111011 0001 Rn:4 Ra:4 Rd:4 00 N:1 M:1 Rm:4",
    manual="SMLABB, SMLABT, SMLATB, SMLATT",
)
def smla_halves_t32(m: Arm32, Rn: Reg, Ra: Reg, Rd: Reg, N: int, M: int, Rm: Reg) -> None:
    """Rd := Rn.half(N) * Rm.half(M) + Ra; SMULxy where Ra is 1111."""
    multiply.multiply_halves(m, Rd, Rn, Rm, _addend(Ra), N=N, M=M)


@T32("11111011 0010 Rn:4 Ra:4 Rd:4 000 M:1 Rm:4", manual="SMLAD")
def smlad_t32(m: Arm32, Rn: Reg, Ra: Reg, Rd: Reg, M: int, Rm: Reg) -> None:
    """Rd := both products of halfwords + Ra, M swaps Rm's; SMUAD where Ra is 1111."""
    multiply.multiply_dual(m, Rd, Rn, Rm, _addend(Ra), X=M, subtract=0)


@T32("11111011 0011 Rn:4 Ra:4 Rd:4 000 M:1 Rm:4", manual="SMLAWB, SMLAWT")
def smlaw_t32(m: Arm32, Rn: Reg, Ra: Reg, Rd: Reg, M: int, Rm: Reg) -> None:
    """Rd := (Rn * Rm.half(M) >> 16) + Ra; SMULWy where Ra is 1111."""
    multiply.multiply_word_half(m, Rd, Rn, Rm, _addend(Ra), M=M)


@T32("11111011 0100 Rn:4 Ra:4 Rd:4 000 M:1 Rm:4", manual="SMLSD")
def smlsd_t32(m: Arm32, Rn: Reg, Ra: Reg, Rd: Reg, M: int, Rm: Reg) -> None:
    """Rd := low minus high product + Ra, M swaps Rm's halves; SMUSD where Ra is 1111."""
    multiply.multiply_dual(m, Rd, Rn, Rm, _addend(Ra), X=M, subtract=1)


@T32("11111011 0101 Rn:4 Ra:4 Rd:4 000 R:1 Rm:4", manual="SMMLA")
def smmla_t32(m: Arm32, Rn: Reg, Ra: Reg, Rd: Reg, R: int, Rm: Reg) -> None:
    """Rd := top word of Ra:0 + Rn * Rm, R rounds; SMMUL where Ra is 1111."""
    multiply.multiply_most_significant(m, Rd, Rn, Rm, _addend(Ra), R=R)


@T32("11111011 0110 Rn:4 Ra:4 Rd:4 000 R:1 Rm:4", manual="SMMLS")
def smmls_t32(m: Arm32, Rn: Reg, Ra: Reg, Rd: Reg, R: int, Rm: Reg) -> None:
    """Rd := top word of Ra:0 - Rn * Rm, R rounds."""
    multiply.multiply_most_significant(m, Rd, Rn, Rm, Ra, R=R, subtract=1)


@T32("11111011 0111 Rn:4 Ra:4 Rd:4 0000 Rm:4", manual="USADA8")
def usada8_t32(m: Arm32, Rn: Reg, Ra: Reg, Rd: Reg, Rm: Reg) -> None:
    """Rd := absolute differences of the bytes, summed, + Ra; USAD8 where Ra is 1111."""
    sum_of_differences(m, Rd, Rn, Rm, _addend(Ra))


@T32("11111011 1 A:1 U:1 0 Rn:4 RdLo:4 RdHi:4 0000 Rm:4", manual="SMULL, UMULL, SMLAL, UMLAL")
def mull_t32(m: Arm32, A: int, U: int, Rn: Reg, RdLo: Reg, RdHi: Reg, Rm: Reg) -> None:
    """RdHi:RdLo := Rn * Rm, plus itself with A; unsigned with U."""
    multiply.multiply_long(m, RdLo, RdHi, Rn, Rm, signed=1 - U, add=A)


@T32("11111011 10 U:1 1 Rn:4 (1111) Rd:4 1111 Rm:4", manual="SDIV, UDIV")
def div_t32(m: Arm32, U: int, Rn: Reg, Rd: Reg, Rm: Reg) -> None:
    """Rd := Rn / Rm toward zero, 0 where Rm is 0; unsigned with U."""
    multiply.divide(m, Rd, Rn, Rm, signed=1 - U)


@T32(
    "11111011 1100 Rn:4 RdLo:4 RdHi:4 10 N:1 M:1 Rm:4",
    manual="SMLALBB, SMLALBT, SMLALTB, SMLALTT",
)
def smlal_halves_t32(m: Arm32, Rn: Reg, RdLo: Reg, RdHi: Reg, N: int, M: int, Rm: Reg) -> None:
    """RdHi:RdLo := RdHi:RdLo + Rn.half(N) * Rm.half(M)."""
    multiply.multiply_halves_long(m, RdLo, RdHi, Rn, Rm, N=N, M=M)


@T32("11111011 110 S:1 Rn:4 RdLo:4 RdHi:4 110 M:1 Rm:4", manual="SMLALD, SMLSLD")
def smlald_t32(m: Arm32, S: int, Rn: Reg, RdLo: Reg, RdHi: Reg, M: int, Rm: Reg) -> None:
    """RdHi:RdLo := itself + low plus (S: minus) high product, M swaps Rm's halves."""
    multiply.multiply_dual_long(m, RdLo, RdHi, Rn, Rm, X=M, subtract=S)


@T32("11111011 1110 Rn:4 RdLo:4 RdHi:4 0110 Rm:4", manual="UMAAL")
def umaal_t32(m: Arm32, Rn: Reg, RdLo: Reg, RdHi: Reg, Rm: Reg) -> None:
    """RdHi:RdLo := Rn * Rm + RdHi + RdLo, unsigned."""
    multiply.multiply_accumulate_accumulate_long(m, RdLo, RdHi, Rn, Rm)
