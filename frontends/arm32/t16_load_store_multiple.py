"""T16 loads and stores of register lists: PUSH, POP, LDM and STM.

The accesses and their order are ``load_store_multiple``.
"""

from __future__ import annotations

from frontends.arm32.load_store_multiple import load_multiple, store_multiple
from frontends.arm32.machine import SP, Arm32
from frontends.arm32.rows import T16
from xlate.isa import Imm, Reg


@T16("1011 0 10 M:1 registers:8", manual="PUSH")
def push_t16(m: Arm32, M: Imm, registers: Imm) -> None:
    """Push the low registers and, with M, lr below sp."""
    store_multiple(m, SP, M << 14 | registers, P=1, U=0, W=1)


@T16("1011 1 10 P:1 registers:8", manual="POP (Thumb)")
def pop_t16(m: Arm32, P: Imm, registers: Imm) -> None:
    """Pop the low registers and, with P, the pc from sp."""
    load_multiple(m, SP, P << 15 | registers, P=0, U=1, W=1)


@T16("11000 Rn:3 registers:8", manual="STM (STMIA, STMEA)")
def stm_t16(m: Arm32, Rn: Reg, registers: Imm) -> None:
    """mem32[Rn..] := R of each bit; Rn moves past them."""
    store_multiple(m, Rn, registers, P=0, U=1, W=1)


@T16("11001 Rn:3 registers:8", manual="LDM/LDMIA/LDMFD (Thumb)")
def ldm_t16(m: Arm32, Rn: Reg, registers: Imm) -> None:
    """R of each bit := mem32[Rn..]; Rn moves past them unless it is one of them."""
    if registers >> Rn & 1:
        load_multiple(m, Rn, registers, P=0, U=1, W=0)
    else:
        load_multiple(m, Rn, registers, P=0, U=1, W=1)
