"""Bytes to recorded IR for one instruction, its predicate and its IT block included.

Ties the three row sets together. What rows mean stands in their own files; here is only what
the manual does around them: T32's split into 16 and 32 bits, the condition under which an
instruction executes (the field ``cond`` of A32 and of the conditional branches, else ITSTATE),
and how ITSTATE advances.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import frontends.arm32  # noqa: F401 - importing it registers the rows
from frontends.arm32.machine import Arm32, make
from frontends.arm32.rows import A32, T16, T32
from xlate.isa import Context, Row, RowSet, record
from xlate.isa.decoder import Decoder

ALWAYS = 14
IT_ROW = "it_t16"
UNCONDITIONAL = ("bkpt_t16", "hlt_t16", IT_ROW)  # execute in an IT block whatever its condition

Fetch = Callable[[int], int]  # the halfword at a guest address; what it raises passes through


@dataclass(frozen=True)
class Insn:
    """One decoded instruction; ``row`` is None where the tables have a gap (undefined)."""

    row: Row | None
    word: int
    size: int
    pc: int
    thumb: bool
    cond: int  # 0-13, or 14: executes always
    itstate: int
    next_itstate: int

    @property
    def in_it_block(self) -> bool:
        """InITBlock()."""
        return self.itstate & 15 != 0

    @property
    def last_in_it_block(self) -> bool:
        """LastInITBlock()."""
        return self.itstate & 15 == 8


@cache
def _decoder(rows: RowSet) -> Decoder:
    return Decoder(rows)


def is_wide(halfword: int) -> bool:
    """A first halfword of T32 that is followed by a second one."""
    return halfword >> 11 in (0b11101, 0b11110, 0b11111)


def decode(fetch: Fetch, pc: int, *, thumb: bool, itstate: int = 0) -> Insn:
    """Return the instruction at ``pc``; only the halfwords that belong to it are fetched."""
    if not thumb:
        return decode_a32(fetch(pc) | fetch(pc + 2) << 16, pc)
    first = fetch(pc)
    if is_wide(first):
        return decode_t32(first << 16 | fetch(pc + 2), 4, pc, itstate)
    return decode_t32(first, 2, pc, itstate)


def decode_a32(word: int, pc: int) -> Insn:
    """Return the A32 instruction ``word``."""
    row = _decoder(A32).find(word)
    cond = word >> 28 if row is not None and row.predicated else ALWAYS
    return Insn(row, word, 4, pc, False, cond, 0, 0)


def decode_t32(word: int, size: int, pc: int, itstate: int) -> Insn:
    """Return the T32 instruction ``word`` of 2 or 4 bytes (first halfword in the high half)."""
    row = _decoder(T16 if size == 2 else T32).find(word)
    cond = min(itstate >> 4, ALWAYS) if itstate & 15 else ALWAYS
    after = advance(itstate)
    if row is not None and row.predicated:
        cond = row.encoding.extract(word)["cond"]
    elif row is not None and row.name in UNCONDITIONAL:
        cond = ALWAYS
        after = word & 0xFF if row.name == IT_ROW else after
    return Insn(row, word, size, pc, True, cond, itstate, after)


def advance(itstate: int) -> int:
    """ITAdvance(): ITSTATE of the next instruction."""
    return 0 if itstate & 7 == 0 else (itstate & 0xE0) | (itstate << 1 & 0x1F)


def _misplaced(insn: Insn) -> bool:
    """A conditional branch or an IT inside an IT block, which the manual calls UNPREDICTABLE."""
    row = insn.row
    return insn.in_it_block and row is not None and (row.predicated or row.name == IT_ROW)


def record_predicate(insn: Insn) -> Arm32:
    """Record only the test that skips the instruction when its condition fails."""
    machine = make(Context(insn.pc, insn.thumb, insn.size, insn.in_it_block))
    if insn.cond < ALWAYS and not _misplaced(insn):
        machine.block.op("exit_skip", machine.holds(insn.cond) ^ 1)
    return machine


def record_insn(insn: Insn) -> Arm32:
    """Record the instruction under its predicate; raises Refusal where row or IT block refuses."""
    machine = record_predicate(insn)
    row = insn.row
    if row is None:
        machine.undefined("no such encoding")
        raise AssertionError  # undefined() does not come back
    if _misplaced(insn):
        machine.unpredictable("conditional branch or IT inside an IT block")
    record(row, machine, insn.word)
    return machine
