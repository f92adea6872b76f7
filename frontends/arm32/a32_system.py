"""A32 status registers, hints, exceptions and coprocessors 14 and 15.

Coprocessors 10 and 11 are VFP and Advanced SIMD and stand in the vfp and neon files. Of
coprocessor 15 a program of User mode may use the thread registers and the old barriers, and may ask
whether it may use the performance counters; what else there is is undefined.
"""

from __future__ import annotations

from frontends.arm32.decode_imm import arm_expand_imm
from frontends.arm32.exclusive import fence
from frontends.arm32.machine import Arm32
from frontends.arm32.operands import refuse_pc
from frontends.arm32.rows import A32
from frontends.arm32.system import (
    breakpoint_,
    instruction_barrier,
    read_cpsr,
    read_thread_register,
    read_user_enable,
    write_cpsr,
    write_thread_register,
)
from xlate.isa import Imm, Reg

_REGISTER = ("dp_register",)
_SHIFTED = ("dp_register_shifted",)


# --- status registers ---------------------------------------------------------------------


@A32("cond:4 00010 R:1 00 (1111) Rd:4 (00) 0 (0) 0000 (0000)", manual="MRS", over=_REGISTER)
def mrs(m: Arm32, R: int, Rd: Reg) -> None:
    """Rd := CPSR."""
    if R:
        m.unpredictable("SPSR in User mode")
    read_cpsr(m, Rd)


@A32(
    "cond:4 00010 R:1 10 f:1 s:1 xx (1111 00) 0 (0) 0000 Rn:4",
    manual="MSR (register)",
    over=_REGISTER,
)
def msr_register(m: Arm32, R: int, f: int, s: int, Rn: Reg) -> None:
    """CPSR bytes f and s := Rn."""
    if R:
        m.unpredictable("SPSR in User mode")
    refuse_pc(m, Rn)
    write_cpsr(m, m.R[Rn], f=f, s=s)


@A32(
    "cond:4 00010 xx 0 xxxx xxxx xx 1 x 0000 xxxx",
    manual="MRS, MSR (Banked register)",
    over=_REGISTER,
)
def banked_register(m: Arm32) -> None:
    """Refuse registers of other modes: UNPREDICTABLE in User mode."""
    m.unpredictable("banked register in User mode")


@A32(
    "cond:4 00110 R:1 10 f:1 s:1 xx (1111) imm12:12",
    manual="MSR (immediate)",
    over=("dp_immediate",),
)
def msr_immediate(m: Arm32, R: int, f: int, s: int, imm12: Imm) -> None:
    """CPSR bytes f and s := ARMExpandImm(imm12)."""
    if R:
        m.unpredictable("SPSR in User mode")
    write_cpsr(m, m.const(arm_expand_imm(imm12)), f=f, s=s)


@A32(
    "cond:4 00110010 0000 (1111 0000) xxxxxxxx",
    manual="NOP, YIELD, WFE, WFI, SEV, DBG and unallocated hints",
    over=("dp_immediate", "msr_immediate"),
)
def hint(m: Arm32) -> None:
    """Nothing: every hint may be ignored, and unallocated ones must be."""


# --- exceptions ---------------------------------------------------------------------------


@A32("cond:4 00010010 xxxx xxxx xxxx 0111 xxxx", manual="BKPT", over=_SHIFTED)
def bkpt(m: Arm32) -> None:
    """Stop for a debugger."""
    breakpoint_(m)


@A32("cond:4 00010000 xxxx xxxx xxxx 0111 xxxx", manual="HLT (ARMv8)", over=_SHIFTED)
def hlt(m: Arm32) -> None:
    """Halting debug is off."""
    m.undefined("halting debug is off")


@A32("cond:4 00010 1x 0 xxxx xxxx xxxx 0111 xxxx", manual="HVC, SMC", over=_SHIFTED)
def hvc_smc(m: Arm32) -> None:
    """Refuse calls of hypervisor and secure monitor: undefined in User mode."""
    m.undefined("hypervisor or monitor call in User mode")


@A32("cond:4 00010 xx 0 xxxx xxxx xxxx 0110 xxxx", manual="ERET", over=_REGISTER)
def eret(m: Arm32) -> None:
    """Exception return: undefined in User mode; the rest of the column is unallocated."""
    m.undefined("exception return in User mode, or unallocated")


@A32(
    "cond:4 00010 x0 0 xxxx xxxx xxxx 0001 xxxx",
    name="misc_x0_1",
    manual="Miscellaneous",
    over=_SHIFTED,
)
@A32(
    "cond:4 00010 x0 0 xxxx xxxx xxxx 0010 xxxx",
    name="misc_x0_2",
    manual="Miscellaneous",
    over=_REGISTER,
)
@A32(
    "cond:4 00010 x0 0 xxxx xxxx xxxx 0011 xxxx",
    name="misc_x0_3",
    manual="Miscellaneous",
    over=_SHIFTED,
)
@A32(
    "cond:4 00010 11 0 xxxx xxxx xxxx 0010 xxxx",
    name="misc_11_2",
    manual="Miscellaneous",
    over=_REGISTER,
)
@A32(
    "cond:4 00010 11 0 xxxx xxxx xxxx 0011 xxxx",
    name="misc_11_3",
    manual="Miscellaneous",
    over=_SHIFTED,
)
def misc_unallocated(m: Arm32) -> None:
    """Nothing is allocated here."""
    m.undefined("unallocated miscellaneous instruction")


# --- coprocessors -------------------------------------------------------------------------


@A32("cond:4 110 xxxxx xxxx xxxx 0xxx xxxx xxxx", name="ldc_stc_0_7", manual="LDC, STC, MCRR, MRRC")
@A32("cond:4 110 xxxxx xxxx xxxx 100x xxxx xxxx", name="ldc_stc_8_9", manual="LDC, STC, MCRR, MRRC")
@A32(
    "cond:4 110 xxxxx xxxx xxxx 11xx xxxx xxxx", name="ldc_stc_12_15", manual="LDC, STC, MCRR, MRRC"
)
@A32("cond:4 1110 xxxx xxxx xxxx 0xxx xxxx xxxx", name="cdp_mcr_0_7", manual="CDP, MCR, MRC")
@A32("cond:4 1110 xxxx xxxx xxxx 100x xxxx xxxx", name="cdp_mcr_8_9", manual="CDP, MCR, MRC")
@A32("cond:4 1110 xxxx xxxx xxxx 11xx xxxx xxxx", name="cdp_mcr_12_15", manual="CDP, MCR, MRC")
def coprocessor(m: Arm32) -> None:
    """No such coprocessor, or not for User mode."""
    m.undefined("coprocessor access not allowed in User mode")


_CP15 = ("cdp_mcr_12_15",)


@A32("cond:4 1110 000 1 1101 Rt:4 1111 010 1 0000", manual="TPIDRURW", over=_CP15)
def mrc_tpidrurw(m: Arm32, Rt: Reg) -> None:
    """Rt := TPIDRURW."""
    read_thread_register(m, Rt, "tpidrurw")


@A32("cond:4 1110 000 0 1101 Rt:4 1111 010 1 0000", manual="TPIDRURW", over=_CP15)
def mcr_tpidrurw(m: Arm32, Rt: Reg) -> None:
    """TPIDRURW := Rt."""
    write_thread_register(m, Rt, "tpidrurw")


@A32("cond:4 1110 000 1 1101 Rt:4 1111 011 1 0000", manual="TPIDRURO", over=_CP15)
def mrc_tpidruro(m: Arm32, Rt: Reg) -> None:
    """Rt := TPIDRURO, the thread pointer."""
    read_thread_register(m, Rt, "tpidruro")


@A32("cond:4 1110 000 1 1001 Rt:4 1111 000 1 1110", manual="PMUSERENR", over=_CP15)
def mrc_pmuserenr(m: Arm32, Rt: Reg) -> None:
    """Rt := 0, as User mode has no counters."""
    read_user_enable(m, Rt)


@A32("cond:4 1110 000 0 0111 xxxx 1111 10 x 1 1010", manual="CP15DSB, CP15DMB", over=_CP15)
def mcr_barrier(m: Arm32) -> None:
    """Order memory accesses (the data barriers of ARMv6)."""
    fence(m)


@A32("cond:4 1110 000 0 0111 xxxx 1111 100 1 0101", manual="CP15ISB", over=_CP15)
def mcr_isb(m: Arm32) -> None:
    """Fetch what follows again (the instruction barrier of ARMv6)."""
    instruction_barrier(m)
