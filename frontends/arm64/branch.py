"""A64 branches.

The condition of ``b_cond`` is its predicate and is dealt with outside rows, as for A32.
"""

from __future__ import annotations

from frontends.arm64.machine import WORD, Arm64
from frontends.arm64.operands import width_of
from frontends.arm64.rows import A64
from xlate.isa import Imm, Reg, sext


@A64("000101 imm26:26", manual="B")
def b(m: Arm64, imm26: Imm) -> None:
    """Pc := pc + imm26 * 4."""
    m.branch(m.near(sext(imm26, 26) << 2))


@A64("100101 imm26:26", manual="BL")
def bl(m: Arm64, imm26: Imm) -> None:
    """X30, pc := next, pc + imm26 * 4."""
    m.link()
    m.branch(m.near(sext(imm26, 26) << 2), kind="call")


@A64("01010100 imm19:19 0 cond:4", manual="B.cond")
def b_cond(m: Arm64, imm19: Imm) -> None:
    """Pc := pc + imm19 * 4."""
    m.branch(m.near(sext(imm19, 19) << 2))


@A64("sf:1 011010 op:1 imm19:19 Rt:5", manual="CBZ, CBNZ")
def compare_branch(m: Arm64, sf: int, op: int, imm19: Imm, Rt: Reg) -> None:
    """Pc := pc + imm19 * 4 when Rt is 0, or is not (op)."""
    value = m.X[Rt, width_of(sf)]
    m.branch_if(value.ne(0) if op else value.eq(0), m.near(sext(imm19, 19) << 2))


@A64("b5:1 011011 op:1 b40:5 imm14:14 Rt:5", manual="TBZ, TBNZ")
def test_branch(m: Arm64, b5: Imm, op: int, b40: Imm, imm14: Imm, Rt: Reg) -> None:
    """Pc := pc + imm14 * 4 when bit b5:b40 of Rt is op."""
    bit = (m.X[Rt, WORD] >> m.const(b5 << 5 | b40, WORD)).trunc(1)
    m.branch_if(bit if op else bit ^ 1, m.near(sext(imm14, 14) << 2))


@A64("1101011000011111000000 Rn:5 00000", manual="BR")
def br(m: Arm64, Rn: Reg) -> None:
    """Pc := Rn."""
    m.branch_to(m.X[Rn, WORD])


@A64("1101011000111111000000 Rn:5 00000", manual="BLR")
def blr(m: Arm64, Rn: Reg) -> None:
    """X30, pc := next, Rn."""
    target = m.X[Rn, WORD]
    m.link()
    m.branch_to(target, kind="call")


@A64("1101011001011111000000 Rn:5 00000", manual="RET")
def ret(m: Arm64, Rn: Reg) -> None:
    """Pc := Rn."""
    m.branch_to(m.X[Rn, WORD], kind="return")
