"""Decoding compared with disassemblers: is there such an instruction, and which one.

Words come from the rows, densely around them (every fixed bit flipped, then every pair), and from
nowhere (uniform). Our answer is what recording says: executes, undefined, or not implemented;
words that we take as UNPREDICTABLE are left out, since every disassembler chooses freely there.
Where an instruction executes the witness must also print a name that the row's heading stands for.
A difference must be explained by an entry of the table that the caller brings.
"""

from __future__ import annotations

import itertools
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache

from frontends.arm32.decode import ALWAYS, decode_a32, decode_t32, is_wide, record_insn
from xlate.isa import Refusal, Row
from xlate.isa.cubes import Cube
from xlate.verify.case import code_bytes
from xlate.verify.generate import SETS, should_be
from xlate.verify.witnesses import AT, IN_IT, ITT_NE, Answer, Verdict, Witness, witnesses

UNCONDITIONAL_SPACE = 15
CONDITIONS = "eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le|al"
HEADING_NAME = re.compile(r"\b[A-Z][A-Z0-9]*\b")
NO_ROW = "-"


@dataclass(frozen=True)
class Entry:
    """One explained kind of difference: rows, a condition, and the manual's heading.

    The condition is a part of the witness's text (a regular expression), patterns of bits with |
    between, or ``should_be``: with its should-be bits set otherwise, the witness knows the word.
    """

    rows: list[str]
    ours: str
    example: str  # instruction set and word
    source: str
    reason: str
    isa: str = "*"
    witness: str = "*"
    says: str = "*"
    text: str = ""
    bits: str = ""
    should_be: bool = False

    def explains(self, d: Difference) -> bool:
        """Say whether the difference is of this kind."""
        if self.isa not in ("*", d.isa, d.isa.removesuffix(IN_IT)):
            return False
        named = ((self.ours, d.ours), (self.witness, d.witness), (self.says, d.says))
        if any(mine not in ("*", theirs) for mine, theirs in named):
            return False
        if not any(fnmatchcase(d.row, pattern) for pattern in self.rows):
            return False
        if self.bits and not any(cube.holds(d.word) for cube in _cubes(self.bits)):
            return False
        return self.should_be <= d.should_be and re.search(self.text, d.text) is not None


@dataclass(frozen=True)
class Difference:
    """A word for which a witness answers otherwise; ``says`` is its verdict, or "name"."""

    isa: str
    word: int
    row: str
    ours: str
    witness: str
    says: str
    text: str
    should_be: bool = False

    def __str__(self) -> str:
        digits = SETS[self.isa.removesuffix(IN_IT)].width // 4
        where = f"{self.isa} {self.word:0{digits}x} {self.row}: we {self.ours}"
        return f"{where}, {self.witness} {self.says}: {self.text or '(nothing)'}"


@dataclass(frozen=True)
class Ours:
    """What we make of a word."""

    row: Row | None
    kind: str

    @property
    def name(self) -> str:
        """The row's name."""
        return self.row.name if self.row is not None else NO_ROW


@dataclass
class Table:
    """The explained differences, and further names that headings stand for."""

    entries: list[Entry]
    names: dict[str, str]
    fired: Counter[int] = field(default_factory=Counter)
    unexplained: list[Difference] = field(default_factory=list)
    words: int = 0

    @staticmethod
    def read(text: dict[str, list[dict[str, object]]]) -> Table:
        """Build the table from what TOML says."""
        entries = [Entry(**e) for e in text["difference"]]  # type: ignore[arg-type]
        names = {str(e["heading"]): str(e["names"]) for e in text["names"]}
        return Table(entries, names)

    def compare(self, isa: str, words: list[int]) -> None:
        """Ask witnesses about words; count entries that explain, keep what none does."""
        ours = [our_answer(isa, word) for word in words]
        for witness in witnesses(isa):
            for difference in _differences(isa, words, ours, witness, self.names):
                self._explain(difference)
        self.words += len(words)

    def add(self, other: Table) -> None:
        """Add another part's findings."""
        self.fired.update(other.fired)
        self.unexplained += other.unexplained
        self.words += other.words

    def _explain(self, difference: Difference) -> None:
        for index, entry in enumerate(self.entries):
            if entry.explains(difference):
                self.fired[index] += 1
                return
        self.unexplained.append(difference)

    def stale(self) -> list[Entry]:
        """Return the entries that do not explain their own examples, or not first."""
        found = []
        for index, entry in enumerate(self.entries):
            isa, _, word = entry.example.rpartition(" ")
            alone = Table(self.entries, self.names)
            alone.compare(isa, [int(word, 16)])
            if not alone.fired[index]:
                found.append(entry)
        return found


@cache
def _cubes(patterns: str) -> list[Cube]:
    return [Cube.parse(one) for one in "".join(patterns.split()).split("|")]


def our_answer(isa: str, word: int) -> Ours:
    """Return the row of a word and what recording it says."""
    size = len(code_bytes(isa, [word]))
    itstate = ITT_NE & 0xFF if isa.endswith(IN_IT) else 0
    insn = decode_a32(word, AT) if isa == "A32" else decode_t32(word, size, AT, itstate)
    try:
        record_insn(insn)
    except Refusal as refusal:
        return Ours(insn.row, refusal.kind)
    return Ours(insn.row, "executes")


def _differences(
    isa: str, words: list[int], ours: list[Ours], witness: Witness, names: dict[str, str]
) -> Iterator[Difference]:
    missing = []
    for word, mine, answer in zip(words, ours, witness.ask(isa, words), strict=True):
        found = _difference(isa, word, mine, answer, witness.name, names)
        if found is not None and found.ours == "executes":
            missing.append((found, mine))
        elif found is not None:
            yield found
    yield from _with_should_be(isa, missing, witness, names)


def _difference(
    isa: str, word: int, mine: Ours, answer: Answer, witness: str, names: dict[str, str]
) -> Difference | None:
    """Compare one answer; None where they agree or we leave it open."""
    said = answer.verdict
    if mine.kind == "unpredictable":
        return None
    if mine.kind != "executes":
        agree = said is Verdict.NONE
        says = said.value
    elif said is Verdict.KNOWS and mine.row is not None:
        agree = is_name_of(mine.row, answer.text, names)
        says = "name"
    else:
        agree, says = False, said.value
    if agree:
        return None
    return Difference(isa, word, mine.name, mine.kind, witness, says, answer.text)


def _with_should_be(
    isa: str, missing: list[tuple[Difference, Ours]], witness: Witness, names: dict[str, str]
) -> Iterator[Difference]:
    """Ask again with should-be bits all clear or set, nibble by nibble."""
    variants: list[tuple[int, int]] = []
    for index, (difference, mine) in enumerate(missing):
        nibbles = should_be(mine.row) if mine.row is not None else []
        for chosen in itertools.product((0, 1), repeat=len(nibbles)):
            ones = sum(n for n, bit in zip(nibbles, chosen, strict=True) if bit)
            variants.append((index, difference.word & ~sum(nibbles) | ones))
    answers = witness.ask(isa, [word for _, word in variants])
    known = set()
    for (index, word), answer in zip(variants, answers, strict=True):
        difference, mine = missing[index]
        left = _difference(isa, word, mine, answer, witness.name, names)
        if left is None or (left.says != "none" and difference.says == "none"):
            known.add(index)
    for index, (difference, _) in enumerate(missing):
        yield Difference(**{**difference.__dict__, "should_be": index in known})


def is_name_of(row: Row, text: str, names: dict[str, str]) -> bool:
    """Say whether the name that a witness prints is one that the row's heading stands for."""
    printed = text.partition(" ")[0].partition(".")[0]
    heading = re.sub(r"\(.*?\)", "", row.manual)
    known = "|".join(name.lower() for name in HEADING_NAME.findall(heading))
    more = names.get(row.manual, "")
    pattern = f"({'|'.join(filter(None, (known, more)))})s?({CONDITIONS})?"
    return re.fullmatch(pattern, printed) is not None


def belongs(isa: str, word: int) -> bool:
    """Say whether the word is one of this instruction set: T32 splits by its first halfword."""
    return isa == "A32" or is_wide(word >> 16 if isa == "T32" else word) == (isa == "T32")


def row_word(row: Row, pick: random.Random) -> int:
    """Return a word of the row: registers often alike or special, conditions mostly AL."""
    word = row.encoding.value | pick.getrandbits(row.encoding.width) & ~row.encoding.mask
    alike = pick.randrange(16)
    for place in row.encoding.fields:
        value = None
        if place.name == "cond" and row.conditional:
            value = pick.choice((ALWAYS, ALWAYS, ALWAYS, pick.randrange(ALWAYS)))
        elif place.name[0] == "R" and place.bits == 4 and pick.random() < 0.5:
            value = pick.choice((alike, alike, 13, 15))
        if value is not None:
            word = word & ~(((1 << place.bits) - 1) << place.lsb) | value << place.lsb
    return word


def around(isa: str, seed: int, flips: int) -> Iterator[int]:
    """Draw one word of each row, and all that differ in up to ``flips`` of the fixed bits."""
    for row in SETS[isa]:
        bits = [1 << i for i in range(row.encoding.width) if row.encoding.mask >> i & 1]
        word = row_word(row, random.Random(f"around {isa} {row.name} {seed}"))
        for count in range(flips + 1):
            for chosen in itertools.combinations(bits, count):
                flipped = word ^ sum(chosen)
                if belongs(isa, flipped):
                    yield flipped


def operands(isa: str, seed: int, each: int) -> Iterator[int]:
    """Draw ``each`` words of every row; what a row gets does not depend on the others."""
    for row in SETS[isa]:
        pick = random.Random(f"operands {isa} {row.name} {seed}")
        yield from (row_word(row, pick) for _ in range(each))


def uniform(isa: str, seed: int, count: int) -> Iterator[int]:
    """Draw words of the instruction set, all alike."""
    pick = random.Random(f"uniform {isa} {seed}")
    for _ in range(count):
        word = pick.getrandbits(SETS[isa].width)
        while not belongs(isa, word):
            word = pick.getrandbits(SETS[isa].width)
        if isa == "A32" and word >> 28 != UNCONDITIONAL_SPACE and pick.random() < 0.5:
            word = word & 0x0FFFFFFF | ALWAYS << 28
        yield word
