"""T32 data processing with a plain binary immediate: wide ADD, SUB and MOV, ADR, bit fields, saturation.

Bit fields and saturation are ``media``; the immediate is never rotated and the flags stay.
"""

from __future__ import annotations

from frontends.arm32.dp import ADD, MOV, SUB, data_processing
from frontends.arm32.machine import PC, Arm32
from frontends.arm32.media import bit_field_extract, bit_field_insert, saturate, saturate16
from frontends.arm32.operands import refuse_pc
from frontends.arm32.rows import T32
from xlate.isa import Imm, Reg

LOW_HALF = 0xFFFF


def _imm12(i: Imm, imm3: Imm, imm8: Imm) -> Imm:
    return i << 11 | imm3 << 8 | imm8


def _imm16(imm4: Imm, i: Imm, imm3: Imm, imm8: Imm) -> Imm:
    return imm4 << 12 | _imm12(i, imm3, imm8)


@T32("11110 i:1 1 00000 Rn:4 0 imm3:3 Rd:4 imm8:8", manual="ADD (immediate, Thumb)")
def addw_t32(m: Arm32, i: Imm, Rn: Reg, imm3: Imm, Rd: Reg, imm8: Imm) -> None:
    """Rd := Rn + i:imm3:imm8."""
    refuse_pc(m, Rd)
    data_processing(m, ADD, 0, Rd, Rn, m.const(_imm12(i, imm3, imm8)), None)


@T32("11110 i:1 1 00000 1111 0 imm3:3 Rd:4 imm8:8", manual="ADR", over=("addw_t32",))
def adr_after_t32(m: Arm32, i: Imm, imm3: Imm, Rd: Reg, imm8: Imm) -> None:
    """Rd := Align(pc, 4) + i:imm3:imm8."""
    refuse_pc(m, Rd)
    m.R[Rd] = m.const(m.pc_aligned + _imm12(i, imm3, imm8))


@T32("11110 i:1 1 01010 Rn:4 0 imm3:3 Rd:4 imm8:8", manual="SUB (immediate, Thumb)")
def subw_t32(m: Arm32, i: Imm, Rn: Reg, imm3: Imm, Rd: Reg, imm8: Imm) -> None:
    """Rd := Rn - i:imm3:imm8."""
    refuse_pc(m, Rd)
    data_processing(m, SUB, 0, Rd, Rn, m.const(_imm12(i, imm3, imm8)), None)


@T32("11110 i:1 1 01010 1111 0 imm3:3 Rd:4 imm8:8", manual="ADR", over=("subw_t32",))
def adr_before_t32(m: Arm32, i: Imm, imm3: Imm, Rd: Reg, imm8: Imm) -> None:
    """Rd := Align(pc, 4) - i:imm3:imm8."""
    refuse_pc(m, Rd)
    m.R[Rd] = m.const(m.pc_aligned - _imm12(i, imm3, imm8))


@T32("11110 i:1 1 00100 imm4:4 0 imm3:3 Rd:4 imm8:8", manual="MOV (immediate)")
def movw_t32(m: Arm32, i: Imm, imm4: Imm, imm3: Imm, Rd: Reg, imm8: Imm) -> None:
    """Rd := imm4:i:imm3:imm8."""
    refuse_pc(m, Rd)
    data_processing(m, MOV, 0, Rd, Rd, m.const(_imm16(imm4, i, imm3, imm8)), None)


@T32("11110 i:1 1 01100 imm4:4 0 imm3:3 Rd:4 imm8:8", manual="MOVT")
def movt_t32(m: Arm32, i: Imm, imm4: Imm, imm3: Imm, Rd: Reg, imm8: Imm) -> None:
    """Rd<31:16> := imm4:i:imm3:imm8."""
    refuse_pc(m, Rd)
    m.R[Rd] = m.R[Rd] & LOW_HALF | m.const(_imm16(imm4, i, imm3, imm8) << 16)


@T32("11110 0 1 100 sh:1 0 Rn:4 0 imm3:3 Rd:4 imm2:2 0 sat_imm:5", manual="SSAT")
def ssat_t32(m: Arm32, sh: Imm, Rn: Reg, imm3: Imm, Rd: Reg, imm2: Imm, sat_imm: Imm) -> None:
    """Rd := Rn shifted by imm3:imm2, saturated to sat_imm + 1 signed bits."""
    _saturate(m, Rd, Rn, sat_imm, sh, imm3 << 2 | imm2, unsigned=0)


@T32("11110 0 1 110 sh:1 0 Rn:4 0 imm3:3 Rd:4 imm2:2 0 sat_imm:5", manual="USAT")
def usat_t32(m: Arm32, sh: Imm, Rn: Reg, imm3: Imm, Rd: Reg, imm2: Imm, sat_imm: Imm) -> None:
    """Rd := Rn shifted by imm3:imm2, saturated to sat_imm unsigned bits."""
    _saturate(m, Rd, Rn, sat_imm, sh, imm3 << 2 | imm2, unsigned=1)


def _saturate(
    m: Arm32, Rd: Reg, Rn: Reg, sat_imm: Imm, sh: Imm, imm5: Imm, *, unsigned: int
) -> None:
    """Saturate; ASR #0 does not mean #32 here, its encodings are SSAT16 and USAT16."""
    if sh and imm5 == 0:
        m.unpredictable("SSAT16 or USAT16 with a should-be-zero bit set")
    saturate(m, Rd, Rn, sat_imm, sh, imm5, unsigned=unsigned)


@T32("11110 0 1 100 1 0 Rn:4 0 000 Rd:4 00 0 0 sat_imm:4", manual="SSAT16", over=("ssat_t32",))
def ssat16_t32(m: Arm32, Rn: Reg, Rd: Reg, sat_imm: Imm) -> None:
    """Rd := halfwords of Rn saturated to sat_imm + 1 signed bits."""
    saturate16(m, Rd, Rn, sat_imm, unsigned=0)


@T32("11110 0 1 110 1 0 Rn:4 0 000 Rd:4 00 0 0 sat_imm:4", manual="USAT16", over=("usat_t32",))
def usat16_t32(m: Arm32, Rn: Reg, Rd: Reg, sat_imm: Imm) -> None:
    """Rd := halfwords of Rn saturated to sat_imm unsigned bits."""
    saturate16(m, Rd, Rn, sat_imm, unsigned=1)


@T32("11110 0 1 10100 Rn:4 0 imm3:3 Rd:4 imm2:2 0 widthm1:5", manual="SBFX")
def sbfx_t32(m: Arm32, Rn: Reg, imm3: Imm, Rd: Reg, imm2: Imm, widthm1: Imm) -> None:
    """Rd := SignExtend(Rn<lsb+widthm1:lsb>), lsb = imm3:imm2."""
    bit_field_extract(m, Rd, Rn, imm3 << 2 | imm2, widthm1, unsigned=0)


@T32("11110 0 1 11100 Rn:4 0 imm3:3 Rd:4 imm2:2 0 widthm1:5", manual="UBFX")
def ubfx_t32(m: Arm32, Rn: Reg, imm3: Imm, Rd: Reg, imm2: Imm, widthm1: Imm) -> None:
    """Rd := ZeroExtend(Rn<lsb+widthm1:lsb>), lsb = imm3:imm2."""
    bit_field_extract(m, Rd, Rn, imm3 << 2 | imm2, widthm1, unsigned=1)


@T32("11110 0 1 10110 Rn:4 0 imm3:3 Rd:4 imm2:2 0 msb:5", manual="BFI")
def bfi_t32(m: Arm32, Rn: Reg, imm3: Imm, Rd: Reg, imm2: Imm, msb: Imm) -> None:
    """Rd<msb:lsb> := the low bits of Rn, or 0 where Rn is 1111 (BFC); lsb = imm3:imm2."""
    bit_field_insert(m, Rd, None if Rn == PC else Rn, imm3 << 2 | imm2, msb)
