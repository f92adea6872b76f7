"""Status register, supervisor call, thread registers, written once for A32 and T32.

A translated program runs in User mode: of the CPSR it sees and writes N, Z, C, V, Q and GE.
Writes to the E bit (big-endian data) are ignored; SETEND is refused by its rows.
"""

from __future__ import annotations

from typing import Any

from frontends.arm32.machine import OFFSET, Arm32
from frontends.arm32.operands import refuse_pc
from xlate.ir import Value

USER_MODE = 0x10
# Multiplication with this turns four bits into the lowest bits of four bytes, and back.
_GATHER = 0x00204081
_BYTES = 0x01010101


def read_cpsr(m: Arm32, Rd: Any) -> None:
    """Rd := CPSR as User mode reads it (execution state bits are zero)."""
    refuse_pc(m, Rd)
    value = ((m.ge_bytes() * _GATHER) >> 5) & 0x000F0000
    value = value | (m.get_state(OFFSET["qf"], "i8").zext(32) << 27)
    for bit, name in ((28, "V"), (29, "C"), (30, "Z"), (31, "N")):
        value = value | (m.flag(name).zext(32) << bit)
    m.R[Rd] = value | USER_MODE


def write_cpsr(m: Arm32, value: Value, *, f: Any, s: Any) -> None:
    """N, Z, C, V, Q (when f) and GE (when s) := those bits of value; User mode owns no more."""
    if f:
        for bit, name in ((31, "N"), (30, "Z"), (29, "C"), (28, "V")):
            m.set_flag(name, (value >> bit).trunc(1))
        m.set_state(OFFSET["qf"], ((value >> 27) & 1).trunc(8))
    if s:
        m.set_ge_bytes((((value >> 16) & 0xF) * _GATHER) & _BYTES)


def supervisor_call(m: Arm32, imm: Any) -> None:
    """Call the operating system with ``imm`` in svc_imm."""
    m.set_state(OFFSET["svc_imm"], m.const(imm))
    m.stop("svc", after=True)


def breakpoint_(m: Arm32) -> None:
    """Stop at this instruction (BKPT)."""
    m.stop("bkpt", after=False)


def instruction_barrier(m: Arm32) -> None:
    """Fetch what follows again (ISB)."""
    m.stop("refetch", after=True)


def read_thread_register(m: Arm32, Rt: Any, name: str) -> None:
    """R[t] := tpidruro or tpidrurw."""
    refuse_pc(m, Rt)
    m.R[Rt] = m.get_state(OFFSET[name], "i32")


def read_user_enable(m: Arm32, Rt: Any) -> None:
    """R[t] := PMUSERENR, which is zero: User mode may not touch the performance counters."""
    refuse_pc(m, Rt)
    m.R[Rt] = m.const(0)


def write_thread_register(m: Arm32, Rt: Any, name: str) -> None:
    """Tpidrurw := R[t]."""
    refuse_pc(m, Rt)
    m.set_state(OFFSET[name], m.R[Rt])
