"""T32 miscellaneous control: status register, hints, barriers, BXJ, and what is not for user programs.

They share their space with the conditional branch, whose condition is never 1110 or 1111: what is left of
that is undefined and has a row of its own.
"""

from __future__ import annotations

from frontends.arm32.exclusive import clear_exclusive, fence
from frontends.arm32.machine import LR, Arm32
from frontends.arm32.operands import refuse_pc
from frontends.arm32.rows import T32
from frontends.arm32.system import instruction_barrier, read_cpsr, write_cpsr
from xlate.isa import Imm, Reg

_SPACE = ("b_cond_t32", "misc_control_t32")


@T32(
    "11110 x 111 xxxxxxx 10 x 0 x xxxxxxxxxxx",
    manual="Branches and miscellaneous control",
    over=("b_cond_t32",),
)
def misc_control_t32(m: Arm32) -> None:
    """Undefined: no condition, and none of the instructions below."""
    m.undefined("no miscellaneous control instruction")


@T32("11110 0 111 00 R:1 Rn:4 10 (0) 0 mask:4 (00) 0 (00000)", manual="MSR (register)", over=_SPACE)
def msr_t32(m: Arm32, R: Imm, Rn: Reg, mask: Imm) -> None:
    """NZCVQ (mask bit 3) and GE (mask bit 2) := Rn."""
    refuse_pc(m, Rn)
    if R:
        m.unpredictable("User mode has no SPSR")
    if mask == 0:
        m.unpredictable("MSR of nothing")
    write_cpsr(m, m.R[Rn], f=mask >> 3, s=mask >> 2 & 1)


@T32("11110 0 111 11 R:1 (1111) 10 (0) 0 Rd:4 (00) 0 (00000)", manual="MRS", over=_SPACE)
def mrs_t32(m: Arm32, R: Imm, Rd: Reg) -> None:
    """Rd := APSR."""
    if R:
        m.unpredictable("User mode has no SPSR")
    read_cpsr(m, Rd)


@T32(
    "11110 0 111 010 (1111) 10 (0) 0 (0) 000 hint:8",
    manual="Change Processor State, and hints",
    over=(*_SPACE, "cps_t32"),
)
def hint_t32(m: Arm32, hint: Imm) -> None:
    """NOP, YIELD, WFE, WFI, SEV, DBG and the unallocated hints: no effect on a user program."""


@T32("11110 0 111 010 (1111) 10 (0) 0 (0) imod:2 M:1 xxxxxxxx", manual="CPS (Thumb)", over=_SPACE)
def cps_t32(m: Arm32, imod: Imm, M: Imm) -> None:
    """No effect in User mode."""


@T32("11110 0 111 011 (1111) 10 (0) 0 (1111) 0010 (1111)", manual="CLREX", over=_SPACE)
def clrex_t32(m: Arm32) -> None:
    """Close the local monitor."""
    clear_exclusive(m)


@T32("11110 0 111 011 (1111) 10 (0) 0 (1111) 0100 option:4", manual="DSB", over=_SPACE)
def dsb_t32(m: Arm32, option: Imm) -> None:
    """Order all memory accesses."""
    fence(m)


@T32("11110 0 111 011 (1111) 10 (0) 0 (1111) 0101 option:4", manual="DMB", over=_SPACE)
def dmb_t32(m: Arm32, option: Imm) -> None:
    """Order all memory accesses."""
    fence(m)


@T32("11110 0 111 011 (1111) 10 (0) 0 (1111) 0110 option:4", manual="ISB", over=_SPACE)
def isb_t32(m: Arm32, option: Imm) -> None:
    """Fetch what follows again."""
    instruction_barrier(m)


@T32("11110 0 111 100 Rm:4 10 (0) 0 (1111 00000000)", manual="BXJ", over=_SPACE)
def bxj_t32(m: Arm32, Rm: Reg) -> None:
    """Go to Rm like BX: there is no Jazelle state."""
    refuse_pc(m, Rm)
    m.branch_exchange(m.R[Rm], kind="return" if Rm == LR else "jump")


@T32(
    "11110 0 111 101 (1110) 10 (0) 0 (1111) imm8:8", manual="SUBS PC, LR (Thumb), ERET", over=_SPACE
)
def subs_pc_lr_t32(m: Arm32, imm8: Imm) -> None:
    """Unpredictable in User mode: there is no SPSR to return with."""
    m.unpredictable("exception return in User mode")


@T32("11110 1 111 110 imm4:4 1000 imm12:12", manual="HVC", over=_SPACE)
def hvc_t32(m: Arm32, imm4: Imm, imm12: Imm) -> None:
    """Undefined in User mode."""
    m.undefined("HVC in User mode")


@T32("11110 1 111 111 imm4:4 1000 imm12:12", manual="SMC (previously SMI)", over=_SPACE)
def smc_t32(m: Arm32, imm4: Imm, imm12: Imm) -> None:
    """Undefined in User mode."""
    m.undefined("SMC in User mode")


@T32("11110 1 111 111 imm4:4 1010 imm12:12", manual="UDF", over=_SPACE)
def udf_t32(m: Arm32, imm4: Imm, imm12: Imm) -> None:
    """Undefined for ever."""
    m.undefined("UDF")
