"""T16 branches, IT, supervisor call and the permanently undefined space.

The condition of ``b_cond_t16`` is its predicate and is dealt with outside rows, as is what an IT block
does to the instructions in it: the engines keep ITSTATE as decode context.
"""

from __future__ import annotations

from frontends.arm32.machine import Arm32
from frontends.arm32.rows import T16
from frontends.arm32.system import breakpoint_, supervisor_call
from xlate.isa import Imm, Reg, sext


@T16("1101 cond:4 imm8:8", manual="B")
def b_cond_t16(m: Arm32, imm8: Imm) -> None:
    """Go to pc + SignExtend(imm8:0)."""
    if m.in_it_block:
        m.unpredictable("conditional branch in an IT block")
    m.branch(m.pc_value + sext(imm8 << 1, 9))


@T16("1101 1110 imm8:8", manual="UDF", over=("b_cond_t16",))
def udf_t16(m: Arm32, imm8: Imm) -> None:
    """Undefined for ever."""
    m.undefined("UDF")


@T16("1101 1111 imm8:8", manual="SVC", over=("b_cond_t16",))
def svc_t16(m: Arm32, imm8: Imm) -> None:
    """Call the system."""
    supervisor_call(m, imm8)


@T16("11100 imm11:11", manual="B")
def b_t16(m: Arm32, imm11: Imm) -> None:
    """Go to pc + SignExtend(imm11:0)."""
    m.branch(m.pc_value + sext(imm11 << 1, 12))


@T16("1011 0 0 i:1 1 imm5:5 Rn:3", manual="CBZ")
def cbz_t16(m: Arm32, i: Imm, imm5: Imm, Rn: Reg) -> None:
    """Go to pc + i:imm5:0 when Rn is 0."""
    if m.in_it_block:
        m.unpredictable("CBZ in an IT block")
    m.branch_if(m.R[Rn].eq(0), m.pc_value + (i << 6 | imm5 << 1))


@T16("1011 1 0 i:1 1 imm5:5 Rn:3", manual="CBNZ")
def cbnz_t16(m: Arm32, i: Imm, imm5: Imm, Rn: Reg) -> None:
    """Go to pc + i:imm5:0 when Rn is not 0."""
    if m.in_it_block:
        m.unpredictable("CBNZ in an IT block")
    m.branch_if(m.R[Rn].ne(0), m.pc_value + (i << 6 | imm5 << 1))


@T16("10111111 firstcond:4 mask:4", manual="IT")
def it_t16(m: Arm32, firstcond: Imm, mask: Imm) -> None:
    """ITSTATE := firstcond:mask, kept by the engines."""
    if m.in_it_block:
        m.unpredictable("IT in an IT block")
    if firstcond == 15:
        m.unpredictable("IT with condition 1111")
    # More than the stop bit in the mask of AL would make an instruction of condition 1111.
    if firstcond == 14 and mask & (mask - 1) != 0:
        m.unpredictable("IT AL with an else")


@T16("10111111 hint:4 0000", manual="If-Then, and hints", over=("it_t16",))
def hint_t16(m: Arm32, hint: Imm) -> None:
    """NOP, YIELD, WFE, WFI, SEV and the unallocated hints: no effect on a user program."""


@T16("10111110 imm8:8", manual="BKPT")
def bkpt_t16(m: Arm32, imm8: Imm) -> None:
    """Stop for the debugger, whatever the IT block says."""
    breakpoint_(m)
