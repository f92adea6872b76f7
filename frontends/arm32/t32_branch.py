"""T32 32-bit branches: B, BL, BLX (immediate).

The condition of ``b_cond_t32`` is its predicate and is dealt with outside rows.
"""

from __future__ import annotations

from frontends.arm32.machine import Arm32
from frontends.arm32.rows import T32
from xlate.isa import Imm, sext


def _offset25(S: Imm, J1: Imm, J2: Imm, imm21: Imm) -> Imm:
    """SignExtend(S:I1:I2:imm21:0) where I1 and I2 are J1 and J2 exclusive-nor S."""
    return sext(S << 24 | (J1 ^ S ^ 1) << 23 | (J2 ^ S ^ 1) << 22 | imm21 << 1, 25)


@T32("11110 S:1 cond:4 imm6:6 10 J1:1 0 J2:1 imm11:11", manual="B")
def b_cond_t32(m: Arm32, S: Imm, imm6: Imm, J1: Imm, J2: Imm, imm11: Imm) -> None:
    """Go to pc + SignExtend(S:J2:J1:imm6:imm11:0)."""
    if m.in_it_block:
        m.unpredictable("conditional branch in an IT block")
    offset = sext(S << 20 | J2 << 19 | J1 << 18 | imm6 << 12 | imm11 << 1, 21)
    m.branch(m.pc_value + offset)


@T32("11110 S:1 imm10:10 10 J1:1 1 J2:1 imm11:11", manual="B")
def b_t32(m: Arm32, S: Imm, imm10: Imm, J1: Imm, J2: Imm, imm11: Imm) -> None:
    """Go to pc + SignExtend(S:I1:I2:imm10:imm11:0)."""
    m.branch(m.pc_value + _offset25(S, J1, J2, imm10 << 11 | imm11))


@T32("11110 S:1 imm10:10 11 J1:1 1 J2:1 imm11:11", manual="BL, BLX (immediate)")
def bl_t32(m: Arm32, S: Imm, imm10: Imm, J1: Imm, J2: Imm, imm11: Imm) -> None:
    """LR := next instruction; go to pc + SignExtend(S:I1:I2:imm10:imm11:0)."""
    m.link()
    m.branch(m.pc_value + _offset25(S, J1, J2, imm10 << 11 | imm11), kind="call")


@T32("11110 S:1 imm10:10 11 J1:1 0 J2:1 imm10L:10 0", manual="BL, BLX (immediate)")
def blx_imm_t32(m: Arm32, S: Imm, imm10: Imm, J1: Imm, J2: Imm, imm10L: Imm) -> None:
    """LR := next instruction; go to Align(pc, 4) + SignExtend(S:I1:I2:imm10:imm10L:00) in A32."""
    m.link()
    target = m.pc_aligned + _offset25(S, J1, J2, imm10 << 11 | imm10L << 1)
    m.branch(target, thumb=False, kind="call")


@T32("11110 S:1 imm10:10 11 J1:1 0 J2:1 imm10L:10 1", manual="BL, BLX (immediate)")
def blx_imm_odd_t32(m: Arm32, S: Imm, imm10: Imm, J1: Imm, J2: Imm, imm10L: Imm) -> None:
    """Undefined: a call into A32 must be to a word."""
    m.undefined("BLX to half a word")
