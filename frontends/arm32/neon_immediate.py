"""Advanced SIMD: one register and a modified immediate."""

from __future__ import annotations

from frontends.arm32.decode_imm import advsimd_expand_imm
from frontends.arm32.fp_shared import VECTOR, neon_row
from frontends.arm32.machine import Arm32
from frontends.arm32.neon_shared import check_quad, vector_offset
from xlate.isa import Imm, Reg

ALL_ONES = (1 << 64) - 1


@neon_row(
    "i:1",
    "1 D:1 000 imm3:3 Vd:4 cmode:4 0 Q:1 op:1 1 imm4:4",
    manual="One register and a modified immediate value",
)
def neon_modified_immediate(
    m: Arm32, i: Imm, D: Imm, imm3: Imm, Vd: Reg, cmode: Imm, Q: int, op: int, imm4: Imm
) -> None:
    """Vd := imm, ~imm, Vd | imm or Vd & ~imm (VMOV, VMVN, VORR, VBIC)."""
    check_quad(m, Q, Vd)
    if op and cmode == 15:
        m.undefined("immediate mode")
    imm64 = advsimd_expand_imm(op, cmode, i << 7 | imm3 << 4 | imm4)
    if op and cmode != 14:
        imm64 = imm64 ^ ALL_ONES
    value = m.block.op("splat", m.const(imm64, 64), ty=VECTOR[Q], lane=64)
    offset = vector_offset(Vd, D)
    if cmode < 12 and cmode & 1:  # VORR or VBIC
        old = m.get_state(offset, VECTOR[Q])
        value = m.block.op("lanes", old, value, op="and" if op else "or", lane=64)
    m.set_state(offset, value)
