"""Every word without a row is in ``gaps.toml`` with its reason, and capstone knows none of them.

Refusal rows are rows: what they refuse is said in them. The search is exact, so a row that is
deleted or narrowed by accident shows here at once.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import capstone
import pytest

import frontends.arm32  # noqa: F401 - registers all rows
from frontends.arm32.rows import A32, T16, T32
from xlate.isa import RowSet
from xlate.isa.cubes import Cube, uncovered
from xlate.tools.encoding_parts import listed_gaps

_SETS = {"T16": T16, "T32": T32, "A32": A32}
_WORDS_PER_GAP = 64

# What the instruction set's words are: a first halfword from 11101 up begins a 32-bit T32 one.
_SPACES = {
    "T16": ("0" + "x" * 15, "10" + "x" * 14, "110" + "x" * 13, "11100" + "x" * 11),
    "T32": ("1110 1" + "x" * 27, "1111 " + "x" * 28),
    "A32": ("x" * 32,),
}
_UNCONDITIONAL = Cube.parse("1111" + "x" * 28)


def row_cubes(rows: RowSet) -> Iterator[Cube]:
    """Return what the rows match; a condition field leaves out 1111."""
    for row in rows:
        whole = Cube(row.encoding.mask, row.encoding.value, rows.width)
        if row.conditional:
            yield from uncovered(whole, [_UNCONDITIONAL])
        else:
            yield whole


def gaps(name: str) -> list[Cube]:
    """Return the parts of the instruction set that no row matches."""
    covers = list(row_cubes(_SETS[name]))
    return [g for text in _SPACES[name] for g in uncovered(Cube.parse(text), covers)]


def disassembled(name: str, word: int) -> str:
    """Return capstone's text for a whole instruction, or "" where it knows none."""
    mode = capstone.CS_MODE_ARM if name == "A32" else capstone.CS_MODE_THUMB
    engine = capstone.Cs(capstone.CS_ARCH_ARM, mode)
    if name == "T32":
        data = (word >> 16).to_bytes(2, "little") + (word & 0xFFFF).to_bytes(2, "little")
    else:
        data = word.to_bytes(4 if name == "A32" else 2, "little")
    return " ".join(
        f"{mnemonic} {operands}"
        for _, size, mnemonic, operands in engine.disasm_lite(data, 0, 1)
        if size == len(data)
    )


@pytest.mark.parametrize("name", _SETS)
def test_every_gap_is_listed(name: str) -> None:
    entries = [e.cube for e in listed_gaps(name)]
    unlisted = [str(rest) for gap in gaps(name) for rest in uncovered(gap, entries)]
    assert not unlisted, f"{len(unlisted)} parts have neither row nor reason: {unlisted[:40]}"


@pytest.mark.parametrize("name", _SETS)
def test_every_listed_gap_is_one(name: str) -> None:
    found = gaps(name)
    stale = [str(e.cube) for e in listed_gaps(name) if not any(g.overlaps(e.cube) for g in found)]
    assert not stale, f"rows match all of these now; take them from the list: {stale}"


@pytest.mark.parametrize("name", _SETS)
def test_capstone_knows_no_instruction_in_a_gap(name: str) -> None:
    draw = random.Random(name)
    known = []
    for gap in gaps(name):
        excuses = [e.cube for e in listed_gaps(name) if e.capstone]
        for _ in range(_WORDS_PER_GAP):
            word = gap.word(draw.getrandbits(32))
            text = disassembled(name, word)
            if text and not any(Cube(2**32 - 1, word, 32).overlaps(c) for c in excuses):
                known.append(f"{word:0{_SETS[name].width // 4}x} {text}")
    assert not known, f"{len(known)} words have no row, such as: {known[:40]}"


def test_search_finds_what_is_left() -> None:
    space, covers = Cube.parse("1xxx"), [Cube.parse("10xx"), Cube.parse("x1x0")]
    assert [str(c) for c in uncovered(space, covers)] == ["11x1"]


def test_search_agrees_with_counting() -> None:
    draw = random.Random(1)
    for _ in range(50):
        covers = [
            Cube(m, draw.getrandbits(8) & m, 8) for m in (draw.getrandbits(8) for _ in range(6))
        ]
        left = list(uncovered(Cube(0, 0, 8), covers))
        for word in range(256):
            one = Cube(0xFF, word, 8)
            missed = not any(one.overlaps(c) for c in covers)
            assert sum(one.overlaps(c) for c in left) == missed
