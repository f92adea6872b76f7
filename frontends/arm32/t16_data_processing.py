"""T16 data processing on the low registers: two-operand logic, carries, register shifts, multiply.

Only the fields are read here; the operations and their flags are ``dp`` and ``shifts``.
"""

from __future__ import annotations

from frontends.arm32.dp import (
    ADC,
    AND,
    BIC,
    CMN,
    CMP,
    EOR,
    MOV,
    MVN,
    ORR,
    RSB,
    SBC,
    TST,
    data_processing,
    is_test,
)
from frontends.arm32.machine import Arm32
from frontends.arm32.rows import T16
from frontends.arm32.shifts import ASR, LSL, LSR, ROR, shift_reg
from frontends.arm32.t16_flags import sets_flags
from xlate.isa import Reg


def _two_operands(m: Arm32, op: int, Rm: Reg, Rdn: Reg) -> None:
    S = is_test(op) or sets_flags(m)
    data_processing(m, op, S, Rdn, Rdn, m.R[Rm], None)


def _shift_by_register(m: Arm32, typ: int, Rm: Reg, Rdn: Reg) -> None:
    S = sets_flags(m)
    result, carry = shift_reg(m, m.R[Rdn], typ, m.R[Rm], S=S)
    data_processing(m, MOV, S, Rdn, Rdn, result, carry)


@T16("010000 0000 Rm:3 Rdn:3", manual="AND (register)")
def and_reg_t16(m: Arm32, Rm: Reg, Rdn: Reg) -> None:
    """Rdn := Rdn AND Rm."""
    _two_operands(m, AND, Rm, Rdn)


@T16("010000 0001 Rm:3 Rdn:3", manual="EOR (register)")
def eor_reg_t16(m: Arm32, Rm: Reg, Rdn: Reg) -> None:
    """Rdn := Rdn EOR Rm."""
    _two_operands(m, EOR, Rm, Rdn)


@T16("010000 0010 Rm:3 Rdn:3", manual="LSL (register)")
def lsl_reg_t16(m: Arm32, Rm: Reg, Rdn: Reg) -> None:
    """Rdn := Rdn << Rm's bottom byte."""
    _shift_by_register(m, LSL, Rm, Rdn)


@T16("010000 0011 Rm:3 Rdn:3", manual="LSR (register)")
def lsr_reg_t16(m: Arm32, Rm: Reg, Rdn: Reg) -> None:
    """Rdn := Rdn >> Rm's bottom byte, with zeros."""
    _shift_by_register(m, LSR, Rm, Rdn)


@T16("010000 0100 Rm:3 Rdn:3", manual="ASR (register)")
def asr_reg_t16(m: Arm32, Rm: Reg, Rdn: Reg) -> None:
    """Rdn := Rdn >> Rm's bottom byte, with the sign."""
    _shift_by_register(m, ASR, Rm, Rdn)


@T16("010000 0101 Rm:3 Rdn:3", manual="ADC (register)")
def adc_reg_t16(m: Arm32, Rm: Reg, Rdn: Reg) -> None:
    """Rdn := Rdn + Rm + C."""
    _two_operands(m, ADC, Rm, Rdn)


@T16("010000 0110 Rm:3 Rdn:3", manual="SBC (register)")
def sbc_reg_t16(m: Arm32, Rm: Reg, Rdn: Reg) -> None:
    """Rdn := Rdn - Rm - NOT C."""
    _two_operands(m, SBC, Rm, Rdn)


@T16("010000 0111 Rm:3 Rdn:3", manual="ROR (register)")
def ror_reg_t16(m: Arm32, Rm: Reg, Rdn: Reg) -> None:
    """Rdn := Rdn rotated right by Rm's bottom byte."""
    _shift_by_register(m, ROR, Rm, Rdn)


@T16("010000 1000 Rm:3 Rn:3", manual="TST (register)")
def tst_reg_t16(m: Arm32, Rm: Reg, Rn: Reg) -> None:
    """NZ := Rn AND Rm."""
    _two_operands(m, TST, Rm, Rn)


@T16("010000 1001 Rn:3 Rd:3", manual="RSB (immediate)")
def rsb_imm_t16(m: Arm32, Rn: Reg, Rd: Reg) -> None:
    """Rd := 0 - Rn."""
    data_processing(m, RSB, sets_flags(m), Rd, Rn, m.const(0), None)


@T16("010000 1010 Rm:3 Rn:3", manual="CMP (register)")
def cmp_reg_t16(m: Arm32, Rm: Reg, Rn: Reg) -> None:
    """NZCV := Rn - Rm."""
    _two_operands(m, CMP, Rm, Rn)


@T16("010000 1011 Rm:3 Rn:3", manual="CMN (register)")
def cmn_reg_t16(m: Arm32, Rm: Reg, Rn: Reg) -> None:
    """NZCV := Rn + Rm."""
    _two_operands(m, CMN, Rm, Rn)


@T16("010000 1100 Rm:3 Rdn:3", manual="ORR (register)")
def orr_reg_t16(m: Arm32, Rm: Reg, Rdn: Reg) -> None:
    """Rdn := Rdn OR Rm."""
    _two_operands(m, ORR, Rm, Rdn)


@T16("010000 1101 Rn:3 Rdm:3", manual="MUL")
def mul_t16(m: Arm32, Rn: Reg, Rdm: Reg) -> None:
    """Rdm := Rn * Rdm; N and Z only."""
    result = m.R[Rn] * m.R[Rdm]
    if sets_flags(m):
        m.set_nz(result)
    m.R[Rdm] = result


@T16("010000 1110 Rm:3 Rdn:3", manual="BIC (register)")
def bic_reg_t16(m: Arm32, Rm: Reg, Rdn: Reg) -> None:
    """Rdn := Rdn AND NOT Rm."""
    _two_operands(m, BIC, Rm, Rdn)


@T16("010000 1111 Rm:3 Rd:3", manual="MVN (register)")
def mvn_reg_t16(m: Arm32, Rm: Reg, Rd: Reg) -> None:
    """Rd := NOT Rm."""
    _two_operands(m, MVN, Rm, Rd)
