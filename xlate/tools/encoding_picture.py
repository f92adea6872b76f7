"""The picture of the encoding space: one page of HTML that draws it down to single words.

The page carries the space as a decision diagram whose ends are parts of the account, so it is
exact at every magnification and needs nothing else. Two bits at a time, from the highest, choose
a quarter of the square: the higher one top or bottom, the lower one left or right.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from xlate.isa.words import ALL, NONE, WordSets
from xlate.tools.encoding_parts import Part, Space

TEMPLATE = Path(__file__).with_name("encoding_picture.html")
PLACE = "/*DIAGRAMS*/"


class _Diagram:
    """One diagram for all parts of a space; ends are negative numbers, -1 the first part."""

    def __init__(self, sets: WordSets) -> None:
        self._sets = sets
        self.nodes: list[tuple[int, int, int]] = []
        self._known: dict[tuple[int, int, int], int] = {}
        self._made: dict[tuple[tuple[int, int], ...], int] = {}

    def make(self, found: tuple[tuple[int, int], ...]) -> int:
        """Return the node for parts (set, number), of which every word is in just one."""
        if found[0][0] == ALL:
            return -1 - found[0][1]
        made = self._made.get(found)
        if made is None:
            bit = max(self._sets.top(words) for words, _ in found)
            halves = [(self._sets.halves(words, bit), number) for words, number in found]
            clear, set_ = (
                self.make(tuple((both[i], number) for both, number in halves if both[i] != NONE))
                for i in (0, 1)
            )
            made = self._made[found] = clear if clear == set_ else self._node(bit, clear, set_)
        return made

    def _node(self, bit: int, clear: int, set_: int) -> int:
        key = (bit, clear, set_)
        if key not in self._known:
            self._known[key] = len(self.nodes)
            self.nodes.append(key)
        return self._known[key]


def _end(part: Part) -> list[str]:
    """Return what is shown of a part: set, file, row, heading, status, reason."""
    row, heading = (part.row.name, part.row.manual) if part.row is not None else ("no row", "")
    return [part.isa, part.family, row, heading, part.status, part.reason]


def diagram(space: Space) -> dict[str, object]:
    """Return the space as numbers and texts that go into the page."""
    drawn = _Diagram(space.sets)
    root = drawn.make(tuple((part.words, i) for i, part in enumerate(space.parts)))
    nodes = [number for node in drawn.nodes for number in node]
    return {
        "title": space.title,
        "root": root,
        "nodes": nodes,
        "ends": list(map(_end, space.parts)),
    }


def draw(spaces: Sequence[Space]) -> str:
    """Return the page."""
    data = json.dumps([diagram(space) for space in spaces], separators=(",", ":"))
    return TEMPLATE.read_text(encoding="utf-8").replace(PLACE, data.replace("</", "<\\/"))
