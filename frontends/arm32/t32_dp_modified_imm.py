"""T32 data processing with a modified immediate constant.

The constant is ThumbExpandImm of ``decode_imm``; the operation is ``t32_dp_operations``.
"""

from __future__ import annotations

from frontends.arm32.decode_imm import thumb_expand_imm
from frontends.arm32.dp import data_processing
from frontends.arm32.machine import Arm32
from frontends.arm32.rows import T32
from frontends.arm32.t32_dp_operations import operation, takes_carry
from xlate.isa import Imm, Reg

_FIRST_ROTATED = 0x400  # smaller constants are byte patterns, which leave the carry alone


@T32(
    "11110 i:1 0 op:4 S:1 Rn:4 0 imm3:3 Rd:4 imm8:8",
    manual="Data-processing (modified immediate)",
)
def dp_modified_imm_t32(
    m: Arm32, i: Imm, op: int, S: int, Rn: Reg, imm3: Imm, Rd: Reg, imm8: Imm
) -> None:
    """Rd := Rn op ThumbExpandImm(i:imm3:imm8)."""
    meant = operation(m, op, S, Rn, Rd)
    imm12 = i << 11 | imm3 << 8 | imm8
    op2 = m.const(thumb_expand_imm(imm12))
    carry = op2.slt(0) if S and takes_carry(meant) and imm12 >= _FIRST_ROTATED else None
    data_processing(m, meant, S, Rd, Rn, op2, carry)
