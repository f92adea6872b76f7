"""T16 shift (immediate), add, subtract, move and compare on the low registers.

Only the fields are read here; the operations and their flags are ``dp`` and ``shifts``.
"""

from __future__ import annotations

from frontends.arm32.dp import ADD, CMP, MOV, SUB, data_processing
from frontends.arm32.machine import Arm32
from frontends.arm32.rows import T16
from frontends.arm32.shifts import ASR, LSL, LSR, shift_imm
from frontends.arm32.t16_flags import sets_flags
from xlate.isa import Imm, Reg


def _shift(m: Arm32, typ: int, imm5: Imm, Rm: Reg, Rd: Reg) -> None:
    S = sets_flags(m)
    op2, carry = shift_imm(m, m.R[Rm], typ, imm5, S=S)
    data_processing(m, MOV, S, Rd, Rm, op2, carry)


@T16("00000 imm5:5 Rm:3 Rd:3", manual="LSL (immediate)")
def lsl_imm_t16(m: Arm32, imm5: Imm, Rm: Reg, Rd: Reg) -> None:
    """Rd := Rm << imm5 (MOVS Rd, Rm when imm5 is 0)."""
    _shift(m, LSL, imm5, Rm, Rd)


@T16("00001 imm5:5 Rm:3 Rd:3", manual="LSR (immediate)")
def lsr_imm_t16(m: Arm32, imm5: Imm, Rm: Reg, Rd: Reg) -> None:
    """Rd := Rm >> imm5 with zeros (0 means 32)."""
    _shift(m, LSR, imm5, Rm, Rd)


@T16("00010 imm5:5 Rm:3 Rd:3", manual="ASR (immediate)")
def asr_imm_t16(m: Arm32, imm5: Imm, Rm: Reg, Rd: Reg) -> None:
    """Rd := Rm >> imm5 with the sign (0 means 32)."""
    _shift(m, ASR, imm5, Rm, Rd)


@T16("0001100 Rm:3 Rn:3 Rd:3", manual="ADD (register, Thumb)")
def add_reg_t16(m: Arm32, Rm: Reg, Rn: Reg, Rd: Reg) -> None:
    """Rd := Rn + Rm."""
    data_processing(m, ADD, sets_flags(m), Rd, Rn, m.R[Rm], None)


@T16("0001101 Rm:3 Rn:3 Rd:3", manual="SUB (register)")
def sub_reg_t16(m: Arm32, Rm: Reg, Rn: Reg, Rd: Reg) -> None:
    """Rd := Rn - Rm."""
    data_processing(m, SUB, sets_flags(m), Rd, Rn, m.R[Rm], None)


@T16("0001110 imm3:3 Rn:3 Rd:3", manual="ADD (immediate, Thumb)")
def add_imm3_t16(m: Arm32, imm3: Imm, Rn: Reg, Rd: Reg) -> None:
    """Rd := Rn + imm3."""
    data_processing(m, ADD, sets_flags(m), Rd, Rn, m.const(imm3), None)


@T16("0001111 imm3:3 Rn:3 Rd:3", manual="SUB (immediate, Thumb)")
def sub_imm3_t16(m: Arm32, imm3: Imm, Rn: Reg, Rd: Reg) -> None:
    """Rd := Rn - imm3."""
    data_processing(m, SUB, sets_flags(m), Rd, Rn, m.const(imm3), None)


@T16("00100 Rd:3 imm8:8", manual="MOV (immediate)")
def mov_imm_t16(m: Arm32, Rd: Reg, imm8: Imm) -> None:
    """Rd := imm8; the carry stays."""
    data_processing(m, MOV, sets_flags(m), Rd, Rd, m.const(imm8), None)


@T16("00101 Rn:3 imm8:8", manual="CMP (immediate)")
def cmp_imm_t16(m: Arm32, Rn: Reg, imm8: Imm) -> None:
    """NZCV := Rn - imm8."""
    data_processing(m, CMP, 1, Rn, Rn, m.const(imm8), None)


@T16("00110 Rdn:3 imm8:8", manual="ADD (immediate, Thumb)")
def add_imm8_t16(m: Arm32, Rdn: Reg, imm8: Imm) -> None:
    """Rdn := Rdn + imm8."""
    data_processing(m, ADD, sets_flags(m), Rdn, Rdn, m.const(imm8), None)


@T16("00111 Rdn:3 imm8:8", manual="SUB (immediate, Thumb)")
def sub_imm8_t16(m: Arm32, Rdn: Reg, imm8: Imm) -> None:
    """Rdn := Rdn - imm8."""
    data_processing(m, SUB, sets_flags(m), Rdn, Rdn, m.const(imm8), None)
