"""A32 data-processing and miscellaneous instructions."""

from __future__ import annotations

from frontends.arm32.decode_imm import arm_expand_imm
from frontends.arm32.dp import MOV, MVN, data_processing, is_test
from frontends.arm32.machine import PC, Arm32
from frontends.arm32.rows import A32
from frontends.arm32.shifts import shift_imm, shift_reg
from xlate.isa import Imm, Reg


def _check(m: Arm32, op: int, S: int, Rn: Reg, Rd: Reg) -> None:
    """TST..CMN without S are other instructions; a flag-setting write to the pc is not for user code.

    The register an operation does not have should be 0.
    """
    if is_test(op):
        if not S:
            m.undefined("miscellaneous space")
        if Rd != 0:
            m.unpredictable("should-be-zero destination")
        return
    if op in (MOV, MVN) and Rn != 0:
        m.unpredictable("should-be-zero operand")
    if S and Rd == PC:
        m.unpredictable("exception return in user mode")


@A32("cond:4 000 op:4 S:1 Rn:4 Rd:4 imm5:5 typ:2 0 Rm:4", manual="Data-processing (register)")
def dp_register(m: Arm32, op: int, S: int, Rn: Reg, Rd: Reg, imm5: Imm, typ: int, Rm: Reg) -> None:
    """Rd := Rn op (Rm shifted by imm5)."""
    _check(m, op, S, Rn, Rd)
    op2, carry = shift_imm(m, m.R[Rm], typ, imm5, S=S)
    data_processing(m, op, S, Rd, Rn, op2, carry)


@A32(
    "cond:4 000 op:4 S:1 Rn:4 Rd:4 Rs:4 0 typ:2 1 Rm:4",
    manual="Data-processing (register-shifted register)",
)
def dp_register_shifted(
    m: Arm32, op: int, S: int, Rn: Reg, Rd: Reg, Rs: Reg, typ: int, Rm: Reg
) -> None:
    """Rd := Rn op (Rm shifted by the bottom byte of Rs)."""
    _check(m, op, S, Rn, Rd)
    op2, carry = shift_reg(m, m.R[Rm], typ, m.R[Rs], S=S)
    data_processing(m, op, S, Rd, Rn, op2, carry)


@A32("cond:4 001 op:4 S:1 Rn:4 Rd:4 imm12:12", manual="Data-processing (immediate)")
def dp_immediate(m: Arm32, op: int, S: int, Rn: Reg, Rd: Reg, imm12: Imm) -> None:
    """Rd := Rn op ARMExpandImm(imm12)."""
    _check(m, op, S, Rn, Rd)
    op2 = m.const(arm_expand_imm(imm12))
    carry = op2.slt(0) if S and imm12 >= 0x100 else None
    data_processing(m, op, S, Rd, Rn, op2, carry)
