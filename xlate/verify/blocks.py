"""Draws the proof's random blocks: a few instructions that a single one shows nothing of.

Of four kinds: straight sequences with IT blocks and a branch at the end; small programs with
forward branches, loops and subroutines (``programs.py``); an exclusive load and its store, with
whatever may stand between; and a change of the instruction set and back. Words come from the list
of encodings, so that many as are integer, memory and vector instructions, whatever the number of
rows of each, and the rarer the more operations they are recorded as beyond ``DEAR``: a tenth of all
instructions would be half of the work, and each is run by itself anyway. For the same reason most
blocks have no vector instructions, and the others more of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from frontends.arm32.decode import Insn
from frontends.arm32.recorded import recorded
from xlate.verify.batch import UDF_WORD, Piece
from xlate.verify.case import code_bytes
from xlate.verify.encodings import FAMILIES, Encoding, decoded
from xlate.verify.generate import ALONE
from xlate.verify.programs import ProgramGenerator

STOCK = 900
LOOKED_AT = 1200  # words of each instruction set that it is chosen from
DEAR = 12
# Of the stock of blocks with and without vectors, in hundredths.
_CLASSES = (
    {"integer": 60, "memory": 40, "vector": 0},
    {"integer": 30, "memory": 30, "vector": 40},
)
VECTORS = 0.35  # of the blocks
_SCRATCH = 12  # by this register the instruction set is changed
_CLREX = {"A32": 0xF57FF01F, "T32": 0xF3BF8F2F}
_NOP_T16, _BX_PC, _ADR_T32, _BX = 0xBF00, 0x4778, 0xE28F0001, 0xE12FFF10
# Words with only the size in them: exclusive load and store.
_EXCLUSIVE = {
    "A32": ((0xE1900F9F, 0xE1800F90), (0xE1D00F9F, 0xE1C00F90), (0xE1F00F9F, 0xE1E00F90)),
    "T32": ((0xE8500F00, 0xE8400000), (0xE8D00F4F, 0xE8C00F40), (0xE8D00F5F, 0xE8C00F50)),
}
# MSR with these bits writes CPSR.E, which we ignore: data stays little-endian.
_ORDERS_BYTES = {
    ("A32", "msr_register"): 1 << 17,
    ("A32", "msr_immediate"): 1 << 17,
    ("T32", "msr_t32"): 1 << 9,
}
_EXCLUSIVE_DOUBLE = {"A32": (0xE1B00F9F, 0xE1A00F90), "T32": (0xE8D0007F, 0xE8C00070)}


class Blocks(ProgramGenerator):
    """A source of blocks, reproducible from its seed and words."""

    def __init__(self, seed: int, words: Sequence[Encoding]) -> None:
        """Take the words of both instruction sets; those that do not execute are left out."""
        super().__init__(seed, (), ())
        falls: dict[tuple[str, str], list[Insn]] = {}
        for one in self._some_words(words):
            insn = decoded(one.isa, one.word)
            if recorded(insn).flow.kind == "next":
                falls.setdefault((one.family, _class(one)), []).append(insn)
            else:
                self._ends[one.family].append(insn)
        self._stocks = [self._stock_of(falls, classes) for classes in _CLASSES]

    def _stock_of(
        self, falls: dict[tuple[str, str], list[Insn]], classes: dict[str, int]
    ) -> dict[str, list[Insn]]:
        stock: dict[str, list[Insn]] = {family: [] for family in FAMILIES}
        for (family, name), insns in sorted(falls.items()):
            weights = [min(1.0, DEAR / max(1, len(recorded(insn).ops))) for insn in insns]
            count = STOCK * classes[name] // 100
            stock[family] += self._random.choices(insns, weights, k=count)
        return stock

    def _some_words(self, words: Sequence[Encoding]) -> Iterator[Encoding]:
        """So many of each instruction set, of those that execute and may stand in blocks."""
        for family in FAMILIES:
            fit = [one for one in words if one.family == family and _may_stand_in_blocks(one)]
            yield from self._random.sample(fit, min(len(fit), LOOKED_AT))

    def pieces(self, family: str, count: int) -> list[Piece]:
        """Return so many blocks of an instruction set."""
        kinds: tuple[tuple[str, Callable[[str], list[int]]], ...] = (
            ("sequence", self.sequence_words),
            ("program", lambda family: self.program_words(family)[0]),
            ("exclusive", self._exclusive),
            ("interworking", self._interworking),
        )
        pieces = []
        for name, make in self._random.choices(kinds, (40, 35, 12, 13), k=count):
            self._stock = self._stocks[self._random.random() < VECTORS]
            half = name == "sequence" and family == "T32" and self._random.random() < 0.5
            label = f"{family} {name}"
            pieces.append(Piece(family, tuple(make(family)), label, half=half, group=label))
        return pieces

    def _some(self, family: str, low: int, high: int) -> list[int]:
        return [
            self._random.choice(self._stock[family]).word for _ in range(self._between(low, high))
        ]

    def _between(self, low: int, high: int) -> int:
        return self._random.randint(low, high)

    def _exclusive(self, family: str) -> list[int]:
        """A load and a store of the monitor, mostly aligned and mostly of one size."""
        pick = self._random
        n, d, t = pick.sample(range(8), 3)
        load, store = pick.choice(_EXCLUSIVE[family])
        if pick.random() < 0.2:
            load, store = _EXCLUSIVE_DOUBLE[family]
            n, d, t = pick.choice(((0, 1, 2), (1, 6, 4), (7, 2, 4)))
        other = pick.choice(_EXCLUSIVE[family])[1] if pick.random() < 0.1 else store
        words = self._some(family, 0, 2)
        if pick.random() < 0.8:
            words.append(_align(family, n))
        words += [self._loading(family, load, n, t), *self._some(family, 0, 2)]
        if pick.random() < 0.15:
            words.append(_CLREX[family])
        words.append(self._storing(family, other, n, t, d))
        return [*words, *self._some(family, 0, 2)]

    def _loading(self, family: str, word: int, n: int, t: int) -> int:
        double = word == _EXCLUSIVE_DOUBLE[family][0]
        second = (t + 1) << 8 if family == "T32" and double else 0
        return word | n << 16 | t << 12 | second

    def _storing(self, family: str, word: int, n: int, t: int, d: int) -> int:
        if family == "A32":
            return word | n << 16 | d << 12 | t
        if word == _EXCLUSIVE["T32"][0][1]:
            return word | n << 16 | t << 12 | d << 8
        second = (t + 1) << 8 if word == _EXCLUSIVE_DOUBLE["T32"][1] else 0xF00
        return word | n << 16 | t << 12 | second | d

    def _interworking(self, family: str) -> list[int]:
        """Code of one set, some of the other, and in half of the blocks some of the first again.

        What ends in the other set ends there: what follows is words of the first.
        """
        other = "T32" if family == "A32" else "A32"
        code = code_bytes(family, self._some(family, 0, 2))
        code += self._switch(family, code) + code_bytes(other, self._some(other, 1, 3))
        if self._random.random() < 0.5:
            code += self._switch(other, code) + code_bytes(family, self._some(family, 1, 3))
        else:
            code += code_bytes(other, [UDF_WORD[other]])
        return self._as_words(family, code)

    def _switch(self, family: str, before: bytes) -> bytes:
        """Go on in the other instruction set just behind this code, which is aligned by it."""
        if family == "A32":
            return code_bytes("A32", [_ADR_T32 | _SCRATCH << 12, _BX | _SCRATCH])
        pad = [_NOP_T16] * (len(before) % 4 // 2)
        return code_bytes("T32", [*pad, _BX_PC, _NOP_T16])

    def _as_words(self, family: str, code: bytes) -> list[int]:
        """Bytes as if they were all of one instruction set."""
        if family == "A32":
            code += code_bytes("T32", [_NOP_T16] * (-len(code) % 4 // 2))
            return [int.from_bytes(code[i : i + 4], "little") for i in range(0, len(code), 4)]
        return [int.from_bytes(code[i : i + 2], "little") for i in range(0, len(code), 2)]


def _may_stand_in_blocks(one: Encoding) -> bool:
    """Say whether it executes, and what follows it is the same for witnesses as for us."""
    orders_bytes = _ORDERS_BYTES.get((one.isa, one.row.name), 0)
    return one.executes and not one.row.name.startswith(ALONE) and not one.word & orders_bytes


def _align(family: str, n: int) -> int:
    """BIC Rn, Rn, #7."""
    return 0xE3C00007 | n << 16 | n << 12 if family == "A32" else 0xF0200007 | n << 16 | n << 8


def _class(one: Encoding) -> str:
    group = one.group
    if "load_store" in group or group in ("t32_dual_exclusive_tbb", "neon_memory", "exclusive"):
        return "memory"
    return "vector" if group.startswith(("neon", "vfp", "fp_")) else "integer"
