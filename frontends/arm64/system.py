"""A64 exceptions and hints."""

from __future__ import annotations

from frontends.arm64.machine import OFFSET, Arm64
from frontends.arm64.rows import A64
from xlate.isa import Imm


@A64("11010100 000 imm16:16 00001", manual="SVC")
def svc(m: Arm64, imm16: Imm) -> None:
    """Call the operating system."""
    m.set_state(OFFSET["svc_imm"], m.const(imm16))
    m.stop("svc", after=True)


@A64("11010100 001 imm16:16 00000", manual="BRK")
def brk(m: Arm64, imm16: Imm) -> None:
    """Stop at this instruction for the debugger."""
    m.stop("bkpt", after=False)


@A64("1101010100 0 00 011 0010 CRm:4 op2:3 11111", manual="HINT")
def hint(m: Arm64, CRm: Imm, op2: Imm) -> None:
    """NOP, YIELD, and what is one where nobody has the feature: no effect on a user program."""
