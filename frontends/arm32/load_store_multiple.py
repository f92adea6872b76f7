"""LDM, STM, PUSH and POP in all four addressing modes, written once for A32, T16 and T32.

Each register is a step of its own. The base register keeps its value until the last step, which
loads the base and the pc where they are in the list, writes back and branches: a fault in the
middle leaves an instruction that can simply be done again.
"""

from __future__ import annotations

from typing import Any

from frontends.arm32.machine import PC, SP, Arm32
from xlate.ir import Value
from xlate.isa.expr import popcount

FP = 11  # frame pointer of old procedure call standards: LDMDB fp, {.., pc} returns
ALL_BUT_PC = 0x7FFF


def start_offset(registers: Any, *, P: Any, U: Any) -> Any:
    """Distance from the base to the lowest word: increment or decrement, after or before (P)."""
    if U:
        return 4 if P else 0
    below = 0 - 4 * popcount(registers)
    return below if P else below + 4


def _rank(registers: Any, number: Any) -> Any:
    """How many registers of the list come before ``number``."""
    return popcount(registers & ((1 << number) - 1))


def _word(m: Arm32, Rn: Any, start: Any, rank: Any) -> Value:
    return m.R[Rn] + m.const(start + 4 * rank)


def _moved_base(m: Arm32, Rn: Any, registers: Any, U: Any) -> Value:
    size = 4 * popcount(registers)
    return m.R[Rn] + m.const(size if U else 0 - size)


def _check(m: Arm32, Rn: Any, registers: Any) -> None:
    if Rn == PC:
        m.unpredictable("pc as base")
    if registers == 0:
        m.unpredictable("empty register list")


def store_multiple(m: Arm32, Rn: Any, registers: Any, *, P: Any, U: Any, W: Any) -> None:
    """mem32[address..] := R of each bit of ``registers``; W moves R[n] past the words.

    A base in the list is stored as it was, also where the manual says UNKNOWN.
    """
    _check(m, Rn, registers)
    start = start_offset(registers, P=P, U=U)
    m.for_each_bit(registers, lambda reg, index: m.store(_word(m, Rn, start, index), m.R[reg]))
    if W:
        m.R[Rn] = _moved_base(m, Rn, registers, U)


def load_multiple(m: Arm32, Rn: Any, registers: Any, *, P: Any, U: Any, W: Any) -> None:
    """R of each bit of ``registers`` := mem32[address..]; W moves R[n] past the words."""
    _check(m, Rn, registers)
    start = start_offset(registers, P=P, U=U)
    if (registers >> Rn) & 1:
        if W:
            m.unpredictable("write-back to a loaded register")
        others = registers & ~(1 << Rn) & ALL_BUT_PC
        m.for_each_bit(others, lambda reg, _: _load_one(m, Rn, reg, start, _rank(registers, reg)))
        last = m.load(_word(m, Rn, start, _rank(registers, Rn)), 32)
        _finish(m, Rn, registers, start, last)
    else:
        m.for_each_bit(
            registers & ALL_BUT_PC, lambda reg, index: _load_one(m, Rn, reg, start, index)
        )
        _finish(m, Rn, registers, start, _moved_base(m, Rn, registers, U) if W else None)


def _load_one(m: Arm32, Rn: Any, reg: Any, start: Any, rank: Any) -> None:
    m.R[reg] = m.load(_word(m, Rn, start, rank), 32)


def _finish(m: Arm32, Rn: Any, registers: Any, start: Any, base: Value | None) -> None:
    """Give the base its new value and branch, when the list has the pc."""
    if registers >> PC:
        target = m.load(_word(m, Rn, start, popcount(registers) - 1), 32)
        if base is not None:
            m.R[Rn] = base
        returns = (Rn == SP) | (Rn == FP)
        m.branch_exchange(target, kind="return" if returns else "jump")
    elif base is not None:
        m.R[Rn] = base
