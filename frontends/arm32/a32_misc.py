"""A32 miscellaneous data processing: wide immediates, CLZ, saturating addition, checksums.

A word whose should-be bits are not what they should be falls to the refusal of the space around
it. Status registers, BKPT and the like stand in a32_system.py, BX and BLX in a32_branch.py.
"""

from __future__ import annotations

from frontends.arm32.crc import crc32
from frontends.arm32.machine import Arm32
from frontends.arm32.media import count_leading_zeros, saturating_add
from frontends.arm32.operands import refuse_pc
from frontends.arm32.rows import A32
from xlate.isa import Imm, Reg


@A32("cond:4 00110000 imm4:4 Rd:4 imm12:12", manual="MOV (immediate)", over=("dp_immediate",))
def movw(m: Arm32, imm4: Imm, Rd: Reg, imm12: Imm) -> None:
    """Rd := imm4:imm12."""
    refuse_pc(m, Rd)
    m.R[Rd] = m.const((imm4 << 12) | imm12)


@A32("cond:4 00110100 imm4:4 Rd:4 imm12:12", manual="MOVT", over=("dp_immediate",))
def movt(m: Arm32, imm4: Imm, Rd: Reg, imm12: Imm) -> None:
    """Rd<31:16> := imm4:imm12."""
    refuse_pc(m, Rd)
    m.R[Rd] = (m.R[Rd] & 0xFFFF) | m.const((imm4 << 28) | (imm12 << 16))


@A32("cond:4 00010110 (1111) Rd:4 (1111) 0001 Rm:4", manual="CLZ", over=("dp_register_shifted",))
def clz(m: Arm32, Rd: Reg, Rm: Reg) -> None:
    """Rd := leading zeros of Rm."""
    count_leading_zeros(m, Rd, Rm)


@A32(
    "cond:4 00010 double:1 subtract:1 0 Rn:4 Rd:4 (0000) 0101 Rm:4",
    manual="Saturating addition and subtraction",
    over=("dp_register_shifted",),
)
def qadd(m: Arm32, double: int, subtract: int, Rn: Reg, Rd: Reg, Rm: Reg) -> None:
    """Rd := sat(Rm +- Rn or its saturated double): QADD, QSUB, QDADD, QDSUB."""
    saturating_add(m, Rd, Rm, Rn, double=double, subtract=subtract)


@A32(
    "cond:4 00010 sz:2 0 Rn:4 Rd:4 xx C:1 x 0100 Rm:4",
    manual="CRC32, CRC32C",
    name="crc32",
    over=("dp_register",),
)
def crc32_a32(m: Arm32, sz: int, Rn: Reg, Rd: Reg, C: int, Rm: Reg) -> None:
    """Rd := CRC32B, CRC32H, CRC32W or a C form of Rn and Rm."""
    crc32(m, Rd, Rn, Rm, sz=sz, C=C)
