"""Bytes to recorded IR for one instruction, its predicate and its IT block included.

Ties the three row sets together. What rows mean stands in their own files; here is only what
the manual does around them: T32's split into 16 and 32 bits, the condition under which an
instruction executes (the field ``cond`` of A32 and of the conditional branches, else ITSTATE),
and how ITSTATE advances.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import frontends.arm32  # noqa: F401 - importing it registers the rows
from frontends.arm32.machine import Arm32, make
from frontends.arm32.rows import A32, T16, T32
from xlate.isa import Context, Row, RowSet, record
from xlate.isa.decoder import Decoder

ALWAYS = 14
IT_ROW = "it_t16"
MOST_WORDS = 1 << 20  # what a memo of words may hold: random words must not fill the memory
UNCONDITIONAL = ("bkpt_t16", "hlt_t16", IT_ROW)  # execute in an IT block whatever its condition

Fetch = Callable[[int], int]  # the halfword at a guest address; what it raises passes through


class Insn(NamedTuple):
    """One decoded instruction; ``row`` is None where the tables have a gap (undefined).

    A tuple, because discovery holds hundreds of thousands of them.
    """

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


_new = tuple.__new__  # half the time of what NamedTuple makes of it


class Found(NamedTuple):
    """What a word alone says: its row, its own condition, and ITSTATE when it is an IT."""

    row: Row | None
    cond: int  # 14 also where an IT block decides
    plain: bool  # neither predicated by its own field nor exempt from the IT block
    starts_it: bool


class _Memo(dict[int, Found]):
    """Looks words up once: programs repeat themselves."""

    def __init__(self, rows: RowSet) -> None:
        self._decoder = Decoder(rows)

    def __missing__(self, word: int) -> Found:
        row = self._decoder.find(word)
        if len(self) >= MOST_WORDS:
            self.clear()
        if row is None:
            found = Found(None, ALWAYS, True, False)
        elif row.predicated:
            found = Found(row, row.encoding.extract(word)["cond"], False, False)
        else:
            found = Found(row, ALWAYS, row.name not in UNCONDITIONAL, row.name == IT_ROW)
        self[word] = found
        return found


_A32, _T16, _T32 = _Memo(A32), _Memo(T16), _Memo(T32)


def is_wide(halfword: int) -> bool:
    """A first halfword of T32 that is followed by a second one."""
    return halfword >= 0b11101 << 11


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
    found = _A32[word]
    return _new(Insn, (found.row, word, 4, pc, False, found.cond, 0, 0))


def decode_t32(word: int, size: int, pc: int, itstate: int) -> Insn:
    """Return the T32 instruction ``word`` of 2 or 4 bytes (first halfword in the high half)."""
    found = (_T16 if size == 2 else _T32)[word]
    row, cond, plain, starts_it = found
    if itstate & 15:
        if plain:
            cond = min(itstate >> 4, ALWAYS)
        after = advance(itstate)
    else:
        after = 0
    if starts_it:
        after = word & 0xFF
    return _new(Insn, (row, word, size, pc, True, cond, itstate, after))


def advance(itstate: int) -> int:
    """ITAdvance(): ITSTATE of the next instruction."""
    return 0 if itstate & 7 == 0 else (itstate & 0xE0) | (itstate << 1 & 0x1F)


def misplaced(insn: Insn) -> bool:
    """A conditional branch or an IT inside an IT block, which the manual calls UNPREDICTABLE."""
    row = insn.row
    return insn.in_it_block and row is not None and (row.predicated or row.name == IT_ROW)


def record_predicate(insn: Insn) -> Arm32:
    """Record only the test that skips the instruction when its condition fails."""
    machine = make(Context(insn.pc, insn.thumb, insn.size, insn.in_it_block))
    if insn.cond < ALWAYS and not misplaced(insn):
        machine.block.op("exit_skip", machine.holds(insn.cond) ^ 1)
    return machine


def record_insn(insn: Insn) -> Arm32:
    """Record the instruction under its predicate; raises Refusal where row or IT block refuses."""
    machine = record_predicate(insn)
    row = insn.row
    if row is None:
        machine.undefined("no such encoding")
        raise AssertionError  # undefined() does not come back
    if misplaced(insn):
        machine.unpredictable("conditional branch or IT inside an IT block")
    record(row, machine, insn.word)
    return machine
