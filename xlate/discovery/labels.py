"""Tables of labels: where computed gotos go whose table is found by an address formed far away.

Interpreters load the table's address once, so the jump's own block does not tell it. But the table
is a row of words, each the address of code, with the jump in their midst; nothing else looks so.
A word too many is a place that is translated for nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from frontends.arm32.decode import Insn
from frontends.arm32.recorded import recorded
from xlate.discovery.model import JumpTable
from xlate.discovery.symbolic import State, Tree, effects
from xlate.discovery.text import Text

LEAST = 9  # labels of a table; fewer are too easily something else
MOST_SPAN = 1 << 17  # bytes from the first label to the last
MARGIN = 4096  # bytes that a jump may lie before the first label or behind the last
WORD = 4


class Goto(NamedTuple):
    """A computed jump to a word at ``something + (index << 2)``, or at ``base + (index << 2)``."""

    pc: int
    thumb: int
    mixed: int | None  # the bit that the code puts into what it loads, None when the words have it
    base: int | None
    load: int | None  # the instruction that loads the word


class Labels(NamedTuple):
    """Words in a row that are addresses of code, as they stand there."""

    start: int
    words: tuple[int, ...]
    low: int
    high: int


class LabelTables:
    """All rows of words that could be tables of labels, by where their labels are."""

    def __init__(self, words: Iterable[tuple[int, int]]) -> None:
        """``words`` are addresses of data words and their values, in order of address."""
        self._tables = sorted(_rows(words), key=lambda t: t.low)
        self._lows = [table.low for table in self._tables]

    def around(self, text: Text, goto: Goto) -> tuple[JumpTable, set[int]] | None:
        """The labels that a computed goto may go to, and the addresses of the words."""
        keys: list[int] = []
        places: set[int] = set()
        rows = 0
        for table in self._near(goto):
            found = [w & ~1 | (w & 1 if goto.mixed is None else goto.mixed) for w in table.words]
            if all(key & 1 == goto.thumb and text.decodes(key) for key in found):
                keys += found
                rows += 1
                base = table.start
                places.update(range(table.start, table.start + WORD * len(found), WORD))
        if not rows:
            return None
        if rows == 1:
            return JumpTable(None, 0, tuple(keys), None, goto.load, base), places
        return JumpTable(None, 0, tuple(dict.fromkeys(keys)), None), places

    def _near(self, goto: Goto) -> Iterator[Labels]:
        """Tables with labels around the jump; only the one at its base, if that is known."""
        first = bisect_left(self._lows, goto.pc - MOST_SPAN - MARGIN)
        for table in self._tables[first : bisect_left(self._lows, goto.pc + MARGIN)]:
            if table.high + MARGIN < goto.pc:
                continue
            if goto.base is None:
                yield table
            elif table.start <= goto.base < table.start + WORD * len(table.words):
                words = table.words[(goto.base - table.start) // WORD :]
                yield Labels(goto.base, words, min(words), max(words))


def _rows(words: Iterable[tuple[int, int]]) -> Iterator[Labels]:
    """Cut the words into rows without holes whose values lie close together."""
    row: list[int] = []
    start = before = low = high = 0
    for address, value in words:
        if row and (address != before + WORD or max(high, value) - min(low, value) > MOST_SPAN):
            if len(row) >= LEAST:
                yield Labels(start, tuple(row), low, high)
            row = []
        if not row:
            start, low, high = address, value, value
        row.append(value)
        before, low, high = address, min(low, value), max(high, value)
    if len(row) >= LEAST:
        yield Labels(start, tuple(row), low, high)


def goto_of(text: Text, block: Sequence[Insn]) -> Goto | None:
    """Return the computed goto that ends a block, None when its jump is something else."""
    state = State(text.constant)
    loaded: dict[int, Tree] = {}  # what instructions left in a register, by address
    target: Tree = None
    for insn in block:
        target = state.run(insn)
        for number, _, _ in effects(recorded(insn)).registers:
            loaded[insn.pc] = state.value(number)
    mixed = None
    if target is not None and target[0] == "or" and target[2] == ("k", 1):
        target, mixed = target[1], 1
    if target is None or target[0] != "load" or target[1] != WORD or not _has_index(target[2]):
        return None
    last = block[-1]
    load = next((pc for pc, tree in loaded.items() if tree == target), None)
    return Goto(last.pc, int(last.thumb), mixed, _base(target[2]), load)


def _has_index(tree: Tree) -> bool:
    if tree is None:
        return False
    if tree[0] == "add":
        return _has_index(tree[1]) or _has_index(tree[2])
    return bool(tree[0] == "shl" and tree[2] == ("k", 2))


def _base(tree: Tree) -> int | None:
    """The address that an index is added to, when the jump's own block tells it."""
    if tree is None or tree[0] != "add" or tree[2][0] != "k" or tree[1][0] != "shl":
        return None
    base: int = tree[2][1]
    return base
