"""Cuts all words of A32, T32 and A64 into parts: which row has them, and what happens.

Nothing is sampled: what a row matches, minus narrower rows, and the tests of fields that its
function makes, are sets of words that are counted (``xlate/isa/words.py``). Words without a row
have their reasons in ``tests/decode/gaps.toml``; those of A64, which is there in part, have one
reason. A word of 16 bits stands for the 65,536 words of 32 bits that begin with it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from frontends.arm32.decode import ALWAYS, Insn, misplaced
from frontends.arm32.machine import make
from frontends.arm32.rows import A32, T16, T32
from frontends.arm64.decode import NO_ROW
from frontends.arm64.machine import make as make_a64
from frontends.arm64.rows import A64
from xlate.errors import Inconsistent
from xlate.isa import Context, Expr, Row, RowSet, Shape, shapes
from xlate.isa.cubes import Cube
from xlate.isa.encoding import FieldSlice
from xlate.isa.words import ALL, NONE, WordSets

CHECKOUT = Path(__file__).resolve().parents[2]
GAPS = CHECKOUT / "tests" / "decode" / "gaps.toml"
WORD = 32
EXECUTES = "executes"
STATUSES = (EXECUTES, "undefined", "unpredictable", "unimplemented")
SHOULD_BE = "bits that should be 0 or 1 in another row are not"
IN_IT = 0xE8  # an ITSTATE: the last of a block, whose condition is AL


@dataclass(frozen=True)
class Part:
    """Words of one row, or of none, with which the same happens for the same reason."""

    isa: str
    row: Row | None
    status: str
    reason: str
    words: int  # a set

    @property
    def family(self) -> str:
        """The file in which the row stands."""
        if self.row is None:
            return "without a row"
        return self.row.semantics.__module__.rpartition(".")[2]


@dataclass(frozen=True)
class Space:
    """All words of an instruction set state, cut into parts that do not overlap."""

    title: str
    sets: WordSets
    parts: tuple[Part, ...]

    def count(self, part: Part) -> int:
        """How many words of 32 bits the part has."""
        return self.sets.count(part.words)


@dataclass(frozen=True)
class Gap:
    """Words that belong to no row, from the list that a test holds against the rows.

    ``capstone`` says why capstone prints an instruction there.
    """

    cube: Cube
    status: str
    reason: str
    capstone: str


def listed_gaps(isa: str) -> list[Gap]:
    """Return the list for one row set."""
    entries = tomllib.loads(GAPS.read_text()).get(isa, [])
    return [
        Gap(
            Cube.parse(e["pattern"]),
            "unpredictable" if e.get("unpredictable") else "undefined",
            e["reason"],
            e.get("capstone", ""),
        )
        for e in entries
    ]


class _Account:
    """Cuts one instruction set's words into parts, outside IT blocks or inside."""

    def __init__(self, sets: WordSets, rows: RowSet, *, in_it: bool) -> None:
        self._sets = sets
        self._rows = rows
        self._in_it = in_it
        self._shift = WORD - rows.width  # a halfword stands in the high half
        self._whole = {row.name: self._all_of(row) for row in rows}

    def _cube(self, mask: int, value: int) -> int:
        return self._sets.cube(mask << self._shift, value << self._shift)

    def _all_of(self, row: Row) -> int:
        """Return the words that match the row, narrower ones' included."""
        found = self._cube(row.encoding.mask, row.encoding.value)
        if row.conditional:
            found = self._sets.without(found, self._cube(0xF0000000, 0xF0000000))
        return found

    def own(self, row: Row) -> int:
        """Return the words that the decoder gives to the row."""
        narrower = [
            self._whole[other.name]
            for other in self._rows
            if other.specificity > row.specificity and other.encoding.overlaps(row.encoding)
        ]
        return self._sets.without(self._whole[row.name], self._sets.union(narrower))

    def parts(self) -> Iterator[Part]:
        """Return rows' words by status and reason, then those without a row; none is empty."""
        parts = [*self._of_rows(), *self._rest()]
        nearly = self._sets.union(self._otherwise(part) for part in parts)
        for part in parts:
            if part.status != "undefined":
                yield part
                continue
            for words, status, reason in (
                (self._sets.without(part.words, nearly), part.status, part.reason),
                (self._sets.both(part.words, nearly), "unpredictable", SHOULD_BE),
            ):
                if words != NONE:
                    yield replace(part, words=words, status=status, reason=reason)

    def _otherwise(self, part: Part) -> int:
        """Return the words that would be the part's if their should-be bits were as they should."""
        if part.row is None or part.status not in (EXECUTES, "unpredictable"):
            return NONE
        return self._sets.whatever(part.words, part.row.encoding.should << self._shift)

    def _of_rows(self) -> Iterator[Part]:
        for row in self._rows:
            found: dict[tuple[str, str], int] = {}
            for status, reason, words in self._outcomes(row, self.own(row)):
                key = (status, reason)
                found[key] = self._sets.either(found.get(key, NONE), words)
            for (status, reason), words in found.items():
                if words != NONE:
                    yield Part(self._rows.name, row, status, reason, words)

    def _outcomes(self, row: Row, own: int) -> Iterator[tuple[str, str, int]]:
        size, thumb = self._rows.width // 8, self._rows in (T16, T32)
        if misplaced(Insn(row, 0, size, 0, thumb, ALWAYS, IN_IT if self._in_it else 0, 0)):
            yield "unpredictable", "conditional branch or IT inside an IT block", own
            return
        fields = [FieldSlice(f.name, f.lsb + self._shift, f.bits) for f in row.encoding.fields]
        context = Context(Expr.var("pc"), thumb, size, self._in_it)
        for shape in shapes(row, make_a64 if self._rows is A64 else make, context):
            words = self._sets.both(own, self._of_shape(shape, fields))
            refusal = shape.refusal
            if refusal is None:
                yield EXECUTES, "", words
            else:
                yield refusal.kind, refusal.reason, words

    def _of_shape(self, shape: Shape, fields: list[FieldSlice]) -> int:
        found = ALL
        for field in fields:
            if field.name in shape.structural:
                mask = (1 << field.bits) - 1
                cube = self._sets.cube(mask << field.lsb, shape.structural[field.name] << field.lsb)
                found = self._sets.both(found, cube)
        for condition, outcome in shape.path:
            words = self._sets.where(condition, fields)
            found = self._sets.both(found, words if outcome else self._sets.other(words))
        return found

    def _rest(self) -> Iterator[Part]:
        """Return the words of this instruction set that no row matches, by the list of gaps."""
        rest = self._sets.without(self._begins(), self._sets.union(self._whole.values()))
        if self._rows is A64:
            yield Part("A64", None, "unimplemented", NO_ROW, rest)
            return
        for gap in listed_gaps(self._rows.name):
            cube = self._cube(gap.cube.mask, gap.cube.value)
            words = self._sets.both(rest, cube)
            rest = self._sets.without(rest, cube)
            if words != NONE:
                yield Part(self._rows.name, None, gap.status, gap.reason, words)
        if rest != NONE:
            raise Inconsistent(f"{self._rows.name}: words with neither row nor reason")

    def _begins(self) -> int:
        """Return what belongs to this instruction set: 11101 and above begins a wide word."""
        if self._rows in (A32, A64):
            return ALL
        wide = self._sets.without(
            self._sets.cube(0xE0000000, 0xE0000000), self._sets.cube(0xF8000000, 0xE0000000)
        )
        return wide if self._rows is T32 else self._sets.other(wide)


def _space(title: str, rows: tuple[RowSet, ...], *, in_it: bool) -> Space:
    sets = WordSets(WORD)
    parts = [part for one in rows for part in _Account(sets, one, in_it=in_it).parts()]
    total = sum(sets.count(part.words) for part in parts)
    together = sets.union(part.words for part in parts)
    if total != 1 << WORD or together != ALL:
        raise Inconsistent(f"{title}: parts add up to {total} words")
    return Space(title, sets, tuple(parts))


def spaces() -> list[Space]:
    """Return the accounts of A32, of T32 outside and inside IT blocks, and of A64."""
    return [
        _space("A32", (A32,), in_it=False),
        _space("T32", (T16, T32), in_it=False),
        _space("T32 in an IT block", (T16, T32), in_it=True),
        _space("A64", (A64,), in_it=False),
    ]
