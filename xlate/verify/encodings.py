"""The list of distinct instruction words that the proof runs: so many of every row, in one order.

Every row has at least ``EACH`` words, or all that it has; what is left of the wanted number goes
to rows by the number of their shapes. Counted are words that execute; of those that the row
refuses (undefined, unpredictable, not implemented) a few are taken besides, since they too must be
refused alike. The list is cut into shares by a hash of each word, the first words of every row
before all others: any beginning is a fair sample, and a row that changes touches few shares. It
depends on the seed and the rows alone.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from frontends.arm32.decode import ALWAYS, Insn, decode_a32, decode_t32, record_insn
from xlate.isa import Refusal, Row
from xlate.verify.generate import SETS, Generator, should_be, structural_bits

EACH = 200
FEW_WORDS = 12  # free bits of a row up to which all its words are looked at
TRIES = 60  # words drawn for one that is wanted, before a row is taken to have no more
REFUSED_SHARE = 20  # of so many words wanted, one more that is refused
FAMILIES = ("A32", "T32")


@dataclass(frozen=True)
class Encoding:
    """One word of a row; ``executes`` unless the row refuses it."""

    isa: str
    row: Row
    word: int
    executes: bool
    late: bool = False  # beyond the first words of its row

    def __reduce__(self) -> tuple[Any, ...]:
        """For other processes: by the row's name, since its semantics may be a closure."""
        return _of_row, (self.isa, self.row.name, self.word, self.executes, self.late)

    @property
    def family(self) -> str:
        """The instruction set that it is executed in."""
        return "A32" if self.isa == "A32" else "T32"

    @property
    def group(self) -> str:
        """The file in which the row stands."""
        return self.row.semantics.__module__.rpartition(".")[2]


@functools.cache
def _row(isa: str, name: str) -> Row:
    return next(row for row in SETS[isa] if row.name == name)


def _of_row(isa: str, name: str, word: int, executes: bool, late: bool) -> Encoding:
    return Encoding(isa, _row(isa, name), word, executes, late)


def decoded(isa: str, word: int) -> Insn:
    """Return the instruction by itself, outside IT blocks."""
    if isa == "A32":
        return decode_a32(word, 0)
    return decode_t32(word, 2 if isa == "T16" else 4, 0, 0)


class WordSource(Generator):
    """The generator's words of one row after the other."""

    def words(self, isa: str, row: Row, wanted: int) -> list[Encoding]:
        """Return distinct words of a row: ``wanted`` that execute and a few refused ones."""
        seen: set[int] = set()
        executing: list[Encoding] = []
        refused: list[Encoding] = []
        for word in self._candidates(row, wanted):
            if word in seen or (insn := decoded(isa, word)).row is not row:
                continue
            seen.add(word)
            executes = _executes(insn)
            (executing if executes else refused).append(Encoding(isa, row, word, executes))
            if len(executing) == wanted or (not executing and len(refused) > 4 * EACH):
                break
        kept = refused[: len(executing) // REFUSED_SHARE + 1] if executing else refused[:EACH]
        return executing + kept

    def _candidates(self, row: Row, wanted: int) -> Iterator[int]:
        free = [i for i in range(row.encoding.width) if not row.encoding.mask >> i & 1]
        if len(free) > FEW_WORDS:
            yield from (self._any_word(row) for _ in range(TRIES * wanted))
            return
        numbers = list(range(1 << len(free)))
        self._random.shuffle(numbers)
        for number in numbers:
            bits = sum((number >> i & 1) << at for i, at in enumerate(free))
            if not row.predicated or row.conditional or bits >> 28 <= ALWAYS:
                yield row.encoding.value | bits

    def _any_word(self, row: Row) -> int:
        """A word as the generator draws it; at times each bit that does not matter by itself."""
        word = self._word(row)
        if self._random.random() < 0.5:
            word ^= sum(self._random.getrandbits(32) & nibble for nibble in should_be(row))
        return word


def _executes(insn: Insn) -> bool:
    try:
        record_insn(insn)
    except Refusal:
        return False
    return True


def all_encodings(seed: int, count: int) -> dict[str, list[Encoding]]:
    """Return at least ``count`` words by family; raises nothing where rows have fewer."""
    rows = [(isa, row) for isa in SETS for row in SETS[isa]]
    weights = sum(structural_bits(row) for _, row in rows)
    extra = max(0, count - EACH * len(rows)) * 1.35 / weights  # small rows give less than EACH
    found: dict[str, list[Encoding]] = {family: [] for family in FAMILIES}
    for isa, row in rows:
        source = WordSource(_number(f"{seed} {isa} {row.name}"), [row.name], [isa])
        words = source.words(isa, row, EACH + int(extra * structural_bits(row)))
        executing = [one for one in words if one.executes]
        late = {one.word for one in executing[EACH:]}
        found["A32" if isa == "A32" else "T32"] += [
            replace(one, late=one.word in late) for one in words
        ]
    return found


def cut(words: list[Encoding], shares: int) -> list[list[Encoding]]:
    """Return the words of one family as so many shares, in order."""
    late = sum(one.late for one in words) * shares // max(1, len(words))
    found: list[list[Encoding]] = [[] for _ in range(shares)]
    for one in words:
        at = _number(f"{one.isa} {one.word:x}")
        found[shares - late + (at * late >> 64) if one.late else at * (shares - late) >> 64].append(
            one
        )
    return found


def digest(words: list[Encoding]) -> str:
    """Return what tells one list of words from another."""
    text = " ".join(f"{one.isa} {one.word:x} {one.executes}" for one in words)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _number(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
