"""Exclusive, acquire, release and swap accesses, written once for A32 and T32.

The local monitor is guest state: access size in bytes (0 when closed), address, the value that was
read, and the version that its granule had before. Granules are eight bytes; the global monitor is
a table with a version for each, shared by granules that lie a table's reach apart. A
store-exclusive locks the version by compare-and-swap, so that of all exclusive stores since the
load none may have come between (a word that was changed and changed back is noticed), stores by
compare-and-swap against the value, since plain stores do not move the version, and moves the
version on. That it fails where it need not is what the architecture allows.
"""

from __future__ import annotations

from typing import Any

from frontends.arm32.machine import OFFSET, Arm32
from frontends.arm32.operands import high_word, low_word, pair, refuse_pc, refuse_same
from frontends.arm32.state import MONITORS_SIZE
from xlate.ir import Value


#: What of an address chooses among the versions, as an offset.
_WHICH = MONITORS_SIZE - 8


def _granule(m: Arm32, addr: Value) -> Value:
    """Host address of the version of an address's granule (i64)."""
    return m.get_state(OFFSET["monitors"], "i64") + (addr & _WHICH).zext(64)


def _open_monitor(m: Arm32, addr: Value, value: Value, version: Value, bits: int) -> None:
    m.set_state(OFFSET["excl_version"], version)
    m.set_state(OFFSET["excl_addr"], addr)
    m.set_state(OFFSET["excl_value"], value.zext(64))
    m.set_state(OFFSET["excl_valid"], m.const(bits // 8, 8))


def clear_exclusive(m: Arm32) -> None:
    """Close the local monitor (CLREX)."""
    m.set_state(OFFSET["excl_valid"], m.const(0, 8))


def fence(m: Arm32) -> None:
    """Order all earlier memory accesses before all later ones."""
    m.block.op("fence")


def load_exclusive(
    m: Arm32, Rt: Any, Rn: Any, bits: int, *, imm: Any = 0, acquire: Any = 0
) -> None:
    """R[t] := mem[Rn + imm] and open the monitor for 8, 16 or 32 bits (LDREX, LDAEX)."""
    refuse_pc(m, Rt, Rn)
    addr = m.R[Rn] + m.const(imm)
    version = m.version(_granule(m, addr))
    value = m.load(addr, bits)
    if acquire:
        fence(m)
    _open_monitor(m, addr, value, version, bits)
    m.R[Rt] = value.zext(32)


def load_exclusive_dual(m: Arm32, Rt: Any, Rt2: Any, Rn: Any, *, acquire: Any = 0) -> None:
    """R[t], R[t2] := mem64[Rn] and open the monitor for 64 bits (LDREXD, LDAEXD)."""
    refuse_pc(m, Rt, Rt2, Rn)
    refuse_same(m, Rt, Rt2)
    addr = m.R[Rn]
    version = m.version(_granule(m, addr))
    value = m.load(addr, 64)
    if acquire:
        fence(m)
    _open_monitor(m, addr, value, version, 64)
    m.R[Rt] = low_word(value)
    m.R[Rt2] = high_word(value)


def store_exclusive(m: Arm32, Rd: Any, Rt: Any, Rn: Any, bits: int, *, imm: Any = 0) -> None:
    """mem[Rn + imm] := R[t] if the monitor allows, R[d] := 0 if so, else 1 (STREX, STLEX)."""
    refuse_pc(m, Rd, Rt, Rn)
    _refuse_status_register(m, Rd, Rt, Rn)
    _store_exclusive(m, Rd, m.R[Rn] + m.const(imm), m.R[Rt].trunc(bits), bits)


def store_exclusive_dual(m: Arm32, Rd: Any, Rt: Any, Rt2: Any, Rn: Any) -> None:
    """mem64[Rn] := R[t2]:R[t] if the monitor allows; R[d] := 0 when it did, else 1."""
    refuse_pc(m, Rd, Rt, Rt2, Rn)
    _refuse_status_register(m, Rd, Rt, Rn)
    refuse_same(m, Rd, Rt2)
    _store_exclusive(m, Rd, m.R[Rn], pair(m.R[Rt], m.R[Rt2]), 64)


def _refuse_status_register(m: Arm32, Rd: Any, Rt: Any, Rn: Any) -> None:
    if (Rd == Rn) | (Rd == Rt):
        m.unpredictable("status register is an operand")


def _store_exclusive(m: Arm32, Rd: Any, addr: Value, new: Value, bits: int) -> None:
    """Compare-and-swap is a full fence, so release forms add nothing."""
    open_here = m.get_state(OFFSET["excl_addr"], "i32").eq(addr)
    version = m.get_state(OFFSET["excl_version"], "i64")
    ok = m.get_state(OFFSET["excl_valid"], "i8").eq(bits // 8) & open_here
    expected = m.get_state(OFFSET["excl_value"], "i64").trunc(bits)
    done = _swap_if(m, ok, addr, expected, new, version)
    clear_exclusive(m)
    m.R[Rd] = (done ^ 1).zext(32)


def _swap_if(
    m: Arm32, ok: Value, addr: Value, expected: Value, new: Value, version: Value
) -> Value:
    unlocked = version.trunc(1) ^ 1
    return m.cas_if(ok & unlocked, addr, expected, new, _granule(m, addr), version)


def load_acquire(m: Arm32, Rt: Any, Rn: Any, bits: int) -> None:
    """R[t] := mem[Rn] before all later accesses (LDA, LDAB, LDAH)."""
    refuse_pc(m, Rt, Rn)
    value = m.load(m.R[Rn], bits)
    fence(m)
    m.R[Rt] = value.zext(32)


def store_release(m: Arm32, Rt: Any, Rn: Any, bits: int) -> None:
    """mem[Rn] := R[t] after all earlier accesses and before later acquires (STL, STLB, STLH)."""
    refuse_pc(m, Rt, Rn)
    fence(m)
    m.store(m.R[Rn], m.R[Rt].trunc(bits))
    fence(m)


def swap(m: Arm32, Rt: Any, Rt2: Any, Rn: Any, bits: int) -> None:
    """R[t] := mem[Rn], mem[Rn] := R[t2] as one access (SWP, SWPB).

    When another exclusive store or swap comes between the load and the compare-and-swap, nothing is written and the
    instruction is done again.
    """
    refuse_pc(m, Rt, Rt2, Rn)
    if (Rn == Rt) | (Rn == Rt2):
        m.unpredictable("base is also data")
    addr, new = m.R[Rn], m.R[Rt2].trunc(bits)
    version = m.version(_granule(m, addr))
    old = m.load(addr, bits)
    done = _swap_if(m, m.const(1, 1), addr, old, new, version)
    m.R[Rt] = m.select(done, old.zext(32), m.R[Rt])
    m.branch_if(done ^ 1, m.ctx.pc)
