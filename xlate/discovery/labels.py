"""Tables of labels: where computed gotos go whose table is found by an address formed far away.

Interpreters load the table's address once, so the jump's own block does not tell it. But the table
is a row of words, each the address of code, with the jump in their midst; nothing else looks so.
A word too many is a place that is translated for nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from xlate.discovery.model import JumpTable
from xlate.discovery.symbolic import Tree
from xlate.discovery.text import Text

LEAST = 9  # labels of a table; fewer are too easily something else
MOST_SPAN = 1 << 17  # bytes from the first label to the last
MARGIN = 4096  # bytes that a jump may lie before the first label or behind the last
WORD = 4


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

    def around(
        self, text: Text, pc: int, bit: int, mixed: int | None
    ) -> tuple[JumpTable, set[int]] | None:
        """The labels that a jump at ``pc`` with a target of mode ``bit`` may go to.

        ``mixed`` is the bit that the code puts into what it loads, None when the words have it.
        With the labels come the addresses of the words.
        """
        keys: dict[int, None] = {}
        places: set[int] = set()
        first = bisect_left(self._lows, pc - MOST_SPAN - MARGIN)
        for table in self._tables[first : bisect_left(self._lows, pc + MARGIN)]:
            if table.high + MARGIN < pc:
                continue
            found = [word & ~1 | (word & 1 if mixed is None else mixed) for word in table.words]
            if all(key & 1 == bit and text.decodes(key) for key in found):
                keys.update(dict.fromkeys(found))
                places.update(range(table.start, table.start + WORD * len(found), WORD))
        return (JumpTable(None, 0, tuple(keys), None), places) if keys else None


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


def loads_label(target: Tree) -> tuple[bool, int | None]:
    """Say whether a jump goes to a word at ``something + (index << 2)``, and the bit it adds."""
    mixed = None
    if target is not None and target[0] == "or" and target[2] == ("k", 1):
        target, mixed = target[1], 1
    if target is None or target[0] != "load" or target[1] != WORD:
        return False, None
    return _has_index(target[2]), mixed


def _has_index(tree: Tree) -> bool:
    if tree is None:
        return False
    if tree[0] == "add":
        return _has_index(tree[1]) or _has_index(tree[2])
    return tree[0] == "shl" and tree[2] == ("k", 2)
