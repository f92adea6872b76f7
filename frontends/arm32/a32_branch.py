"""A32 branches and supervisor call."""

from __future__ import annotations

from frontends.arm32.machine import LR, Arm32
from frontends.arm32.operands import refuse_pc
from frontends.arm32.rows import A32
from frontends.arm32.system import supervisor_call
from xlate.isa import Imm, Reg, sext

_SHIFTED = ("dp_register_shifted",)


@A32("cond:4 1010 imm24:24", manual="B")
def b(m: Arm32, imm24: Imm) -> None:
    """Pc := pc + imm24 * 4."""
    m.branch(m.pc_value + (sext(imm24, 24) << 2))


@A32("cond:4 1011 imm24:24", manual="BL")
def bl(m: Arm32, imm24: Imm) -> None:
    """Lr, pc := next, pc + imm24 * 4."""
    m.link()
    m.branch(m.pc_value + (sext(imm24, 24) << 2), kind="call")


@A32("1111 101 H:1 imm24:24", manual="BLX (immediate)")
def blx_immediate(m: Arm32, H: Imm, imm24: Imm) -> None:
    """Lr, pc := next, pc + imm24 * 4 + H * 2 in T32 state."""
    m.link()
    m.branch(m.pc_value + (sext(imm24, 24) << 2) + (H << 1), thumb=True, kind="call")


@A32("cond:4 00010010 (1111 1111 1111) 0001 Rm:4", manual="BX", over=_SHIFTED)
def bx(m: Arm32, Rm: Reg) -> None:
    """Pc := Rm, bit 0 chooses T32."""
    if Rm == LR:
        m.branch_exchange(m.R[Rm], kind="return")
    else:
        m.branch_exchange(m.R[Rm])


@A32("cond:4 00010010 (1111 1111 1111) 0010 Rm:4", manual="BXJ", over=("dp_register",))
def bxj(m: Arm32, Rm: Reg) -> None:
    """Pc := Rm as BX does it: there is no Jazelle."""
    refuse_pc(m, Rm)
    m.branch_exchange(m.R[Rm])


@A32("cond:4 00010010 (1111 1111 1111) 0011 Rm:4", manual="BLX (register)", over=_SHIFTED)
def blx_register(m: Arm32, Rm: Reg) -> None:
    """Lr, pc := next, Rm, bit 0 chooses T32."""
    refuse_pc(m, Rm)
    target = m.R[Rm]
    m.link()
    m.branch_exchange(target, kind="call")


@A32("cond:4 1111 imm24:24", manual="SVC")
def svc(m: Arm32, imm24: Imm) -> None:
    """Call the operating system."""
    supervisor_call(m, imm24)
