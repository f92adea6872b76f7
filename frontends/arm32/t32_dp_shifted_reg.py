"""T32 data processing with a register shifted by an immediate.

The shift is ``shifts``, the operation ``t32_dp_operations``; PKHBT and PKHTB stand in this space too.
"""

from __future__ import annotations

from frontends.arm32.dp import data_processing
from frontends.arm32.machine import Arm32
from frontends.arm32.media import pack_halves
from frontends.arm32.rows import T32
from frontends.arm32.shifts import shift_imm
from frontends.arm32.t32_dp_operations import operation, takes_carry
from xlate.isa import Imm, Reg


@T32(
    "1110101 op:4 S:1 Rn:4 0 imm3:3 Rd:4 imm2:2 typ:2 Rm:4",
    manual="Data-processing (shifted register)",
)
def dp_shifted_reg_t32(
    m: Arm32, op: int, S: int, Rn: Reg, imm3: Imm, Rd: Reg, imm2: Imm, typ: int, Rm: Reg
) -> None:
    """Rd := Rn op (Rm shifted by imm3:imm2)."""
    meant = operation(m, op, S, Rn, Rd)
    needs_carry = S and takes_carry(meant)
    op2, carry = shift_imm(m, m.R[Rm], typ, imm3 << 2 | imm2, S=needs_carry)
    data_processing(m, meant, S, Rd, Rn, op2, carry)


@T32(
    "1110101 0110 0 Rn:4 0 imm3:3 Rd:4 imm2:2 tb:1 0 Rm:4",
    manual="PKH",
    over=("dp_shifted_reg_t32",),
)
def pkh_t32(m: Arm32, Rn: Reg, imm3: Imm, Rd: Reg, imm2: Imm, tb: int, Rm: Reg) -> None:
    """Rd := bottom of Rn, top of Rm LSL imm3:imm2; with tb top of Rn, bottom of Rm ASR imm3:imm2."""
    pack_halves(m, Rd, Rn, Rm, imm3 << 2 | imm2, tb=tb)
