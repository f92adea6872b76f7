"""A32 LDM and STM; the forms with S reach other modes' registers and are refused."""

from __future__ import annotations

from frontends.arm32.load_store_multiple import load_multiple, store_multiple
from frontends.arm32.machine import Arm32
from frontends.arm32.rows import A32
from xlate.isa import Imm, Reg


@A32("cond:4 100 P:1 U:1 0 W:1 1 Rn:4 registers:16", manual="LDM, LDMIB, LDMDA, LDMDB, POP")
def ldm(m: Arm32, P: int, U: int, W: int, Rn: Reg, registers: Imm) -> None:
    """Each listed register := mem32[Rn..]."""
    load_multiple(m, Rn, registers, P=P, U=U, W=W)


@A32("cond:4 100 P:1 U:1 0 W:1 0 Rn:4 registers:16", manual="STM, STMIB, STMDA, STMDB, PUSH")
def stm(m: Arm32, P: int, U: int, W: int, Rn: Reg, registers: Imm) -> None:
    """mem32[Rn..] := each listed register."""
    store_multiple(m, Rn, registers, P=P, U=U, W=W)


@A32(
    "cond:4 100 xx 1 xx xxxx xxxx xxxx xxxx xxxx",
    manual="LDM (User registers), STM (User registers)",
)
def ldm_user(m: Arm32) -> None:
    """User registers or exception return: UNPREDICTABLE in User mode."""
    m.unpredictable("LDM or STM of another mode's registers in User mode")
