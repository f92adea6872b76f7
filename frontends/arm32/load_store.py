"""Loads and stores of one or two registers, written once for A32, T16 and T32.

A row says where (``indexed``, ``literal``) and what (``load_word``, ``load_narrow``, ``store``,
the dual forms). Everything that can fault is recorded before the first register is written, so
that a fault finds the registers as they were.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from frontends.arm32.machine import PC, SP, Arm32
from frontends.arm32.operands import high_word, low_word, pair, refuse_pc, refuse_same
from xlate.ir import Value


class Place(NamedTuple):
    """Where an access goes; ``updated`` is what write-back leaves in the register ``base``."""

    at: Value
    base: Any = None
    updated: Value | None = None


def indexed(m: Arm32, Rn: Any, offset: Value, *, P: Any = 1, W: Any = 0, add: Any = 1) -> Place:
    """R[n] plus or minus offset when P, else R[n]; written back when W or not P."""
    base = m.R[Rn]
    moved = base + offset if add else base - offset
    if P and not W:
        return Place(moved, Rn)
    if Rn == PC:
        m.unpredictable("write-back to the pc")
    return Place(moved if P else base, Rn, moved)


def literal(m: Arm32, imm: Any, U: Any) -> Place:
    """Align(PC, 4) plus or minus imm, known when decoding."""
    return Place(m.const(m.pc_aligned + imm * (2 * U - 1)))


def _write_back(m: Arm32, place: Place) -> None:
    if place.updated is not None:
        m.R[place.base] = place.updated


def _refuse_base_loaded(m: Arm32, Rt: Any, place: Place) -> None:
    if place.updated is not None:
        refuse_same(m, Rt, place.base)


def load_word(m: Arm32, Rt: Any, place: Place) -> None:
    """R[t] := mem32[place]; into the pc an interworking branch, a return when sp is popped."""
    _refuse_base_loaded(m, Rt, place)
    value = m.load(place.at, 32)
    _write_back(m, place)
    if Rt == PC:
        pops = place.updated is not None and place.base == SP
        m.branch_exchange(value, kind="return" if pops else "jump")
    else:
        m.R[Rt] = value


def load_narrow(m: Arm32, Rt: Any, place: Place, bits: int, *, signed: Any = 0) -> None:
    """R[t] := mem[place] of 8 or 16 bits, sign- or zero-extended."""
    refuse_pc(m, Rt)
    _refuse_base_loaded(m, Rt, place)
    value = m.load(place.at, bits)
    _write_back(m, place)
    m.R[Rt] = value.sext(32) if signed else value.zext(32)


def store(m: Arm32, Rt: Any, place: Place, bits: int) -> None:
    """mem[place] := the low 8, 16 or 32 bits of R[t].

    With write-back and t = n the old value goes to memory: ``push {sp}`` is such a store.
    """
    if bits != 32:
        refuse_pc(m, Rt)
    m.store(place.at, m.R[Rt].trunc(bits))
    _write_back(m, place)


def load_dual(m: Arm32, Rt: Any, Rt2: Any, place: Place) -> None:
    """R[t], R[t2] := mem64[place]; one access, since an aligned LDRD is single-copy atomic."""
    refuse_pc(m, Rt, Rt2)
    if place.updated is not None and ((place.base == Rt) | (place.base == Rt2)):
        m.unpredictable("write-back to a loaded register")
    value = m.load(place.at, 64)
    _write_back(m, place)
    m.R[Rt] = low_word(value)
    m.R[Rt2] = high_word(value)


def store_dual(m: Arm32, Rt: Any, Rt2: Any, place: Place) -> None:
    """mem64[place] := R[t2]:R[t]; one access, as in load_dual."""
    refuse_pc(m, Rt, Rt2)
    if place.updated is not None and ((place.base == Rt) | (place.base == Rt2)):
        m.unpredictable("write-back to a stored register")
    m.store(place.at, pair(m.R[Rt], m.R[Rt2]))
    _write_back(m, place)
