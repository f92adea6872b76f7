"""T32 data processing on registers: shifts, extension, parallel lanes, reversal, counting, checksums.

Extension and everything on lanes is ``media``, the shifts ``shifts``.
"""

from __future__ import annotations

from frontends.arm32 import media
from frontends.arm32.crc import crc32
from frontends.arm32.dp import MOV, data_processing
from frontends.arm32.machine import PC, Arm32
from frontends.arm32.operands import refuse_pc
from frontends.arm32.rows import T32
from frontends.arm32.shifts import shift_reg
from xlate.isa import Imm, Reg

_PARALLEL = {0: "ADD8", 1: "ADD16", 2: "ASX", 4: "SUB8", 5: "SUB16", 6: "SAX"}
_PREFIXES = (("S", "Q", "SH"), ("U", "UQ", "UH"))


@T32(
    "11111010 0 typ:2 S:1 Rn:4 1111 Rd:4 0000 Rm:4",
    manual="LSL (register), LSR (register), ASR (register), ROR (register)",
)
def shift_register_t32(m: Arm32, typ: int, S: int, Rn: Reg, Rd: Reg, Rm: Reg) -> None:
    """Rd := Rn shifted by Rm's bottom byte."""
    refuse_pc(m, Rd, Rn, Rm)
    result, carry = shift_reg(m, m.R[Rn], typ, m.R[Rm], S=S)
    data_processing(m, MOV, S, Rd, Rn, result, carry)


def _base(Rn: Reg) -> Reg | None:
    return None if Rn == PC else Rn


@T32("11111010 0 00 U:1 Rn:4 1111 Rd:4 1 0 rotate:2 Rm:4", manual="SXTAH, UXTAH, SXTH, UXTH")
def extend_half_t32(m: Arm32, U: int, Rn: Reg, Rd: Reg, rotate: Imm, Rm: Reg) -> None:
    """Rd := Rn + extended low halfword of (Rm ROR 8 * rotate); no Rn where it is 1111."""
    media.extend(m, Rd, _base(Rn), Rm, rotate, bits=16, unsigned=U)


@T32(
    "11111010 0 01 U:1 Rn:4 1111 Rd:4 1 0 rotate:2 Rm:4",
    manual="SXTAB16, UXTAB16, SXTB16, UXTB16",
)
def extend_two_bytes_t32(m: Arm32, U: int, Rn: Reg, Rd: Reg, rotate: Imm, Rm: Reg) -> None:
    """Rd := halfwords of Rn + extended bytes 0, 2 of (Rm ROR 8 * rotate); no Rn where 1111."""
    media.extend_pair(m, Rd, _base(Rn), Rm, rotate, unsigned=U)


@T32("11111010 0 10 U:1 Rn:4 1111 Rd:4 1 0 rotate:2 Rm:4", manual="SXTAB, UXTAB, SXTB, UXTB")
def extend_byte_t32(m: Arm32, U: int, Rn: Reg, Rd: Reg, rotate: Imm, Rm: Reg) -> None:
    """Rd := Rn + extended low byte of (Rm ROR 8 * rotate); no Rn where it is 1111."""
    media.extend(m, Rd, _base(Rn), Rm, rotate, bits=8, unsigned=U)


@T32(
    "11111010 1 op1:3 Rn:4 1111 Rd:4 0 U:1 op2:2 Rm:4",
    manual="Parallel addition and subtraction, signed; unsigned",
)
def parallel_t32(m: Arm32, op1: int, Rn: Reg, Rd: Reg, U: int, op2: int, Rm: Reg) -> None:
    """Rd := lanes of Rn op lanes of Rm: wrapping, saturating or halved."""
    if op1 not in _PARALLEL or op2 == 3:
        m.undefined("no parallel operation")
    media.parallel(m, _PREFIXES[U][op2], _PARALLEL[op1], Rd, Rn, Rm)


@T32("11111010 1000 Rn:4 1111 Rd:4 10 subtract:1 double:1 Rm:4", manual="QADD, QDADD, QSUB, QDSUB")
def saturating_add_t32(m: Arm32, Rn: Reg, Rd: Reg, subtract: int, double: int, Rm: Reg) -> None:
    """Rd := Rm plus or minus Rn, once or doubled, all with saturation."""
    media.saturating_add(m, Rd, Rm, Rn, double=double, subtract=subtract)


@T32("11111010 1001 xxxx 1111 Rd:4 1000 Rm:4", manual="REV")
def rev_t32(m: Arm32, Rd: Reg, Rm: Reg) -> None:
    """Rd := bytes of Rm in reverse order."""
    media.reverse_word(m, Rd, Rm)


@T32("11111010 1001 xxxx 1111 Rd:4 1001 Rm:4", manual="REV16")
def rev16_t32(m: Arm32, Rd: Reg, Rm: Reg) -> None:
    """Rd := bytes of each halfword of Rm swapped."""
    media.reverse_halves(m, Rd, Rm)


@T32("11111010 1001 xxxx 1111 Rd:4 1010 Rm:4", manual="RBIT")
def rbit_t32(m: Arm32, Rd: Reg, Rm: Reg) -> None:
    """Rd := bits of Rm in reverse order."""
    media.reverse_bits(m, Rd, Rm)


@T32("11111010 1001 xxxx 1111 Rd:4 1011 Rm:4", manual="REVSH")
def revsh_t32(m: Arm32, Rd: Reg, Rm: Reg) -> None:
    """Rd := bottom halfword of Rm with bytes swapped, sign-extended."""
    media.reverse_signed_half(m, Rd, Rm)


@T32("11111010 1010 Rn:4 1111 Rd:4 1000 Rm:4", manual="SEL")
def sel_t32(m: Arm32, Rn: Reg, Rd: Reg, Rm: Reg) -> None:
    """Rd := bytes of Rn where GE is 1, of Rm elsewhere."""
    media.select_bytes(m, Rd, Rn, Rm)


@T32("11111010 1011 xxxx 1111 Rd:4 1000 Rm:4", manual="CLZ")
def clz_t32(m: Arm32, Rd: Reg, Rm: Reg) -> None:
    """Rd := number of leading zeros of Rm."""
    media.count_leading_zeros(m, Rd, Rm)


@T32("11111010 110 C:1 Rn:4 1111 Rd:4 10 sz:2 Rm:4", manual="CRC32, CRC32C")
def crc32_t32(m: Arm32, C: int, Rn: Reg, Rd: Reg, sz: int, Rm: Reg) -> None:
    """Rd := CRC32B, CRC32H, CRC32W or a C form of Rn and Rm."""
    crc32(m, Rd, Rn, Rm, sz=sz, C=C)
