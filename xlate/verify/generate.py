"""Draws random cases from the rows, biased to edges and to mapped addresses.

Single instructions come first; those that went through become the stock of sequences (with IT
blocks and a branch at the end now and then), which show what single ones cannot: flags that
die, registers that are kept, compare and branch in one.

A word is built from a row's own encoding, so every row that exists is exercised. Whether an
access hits memory is not computed here: the interpreter runs the case first, and when it faults
the base register is moved so that the same access lands in a data page (one case in ten is left
to fault). Cases that cannot be compared are refused with a reason and counted.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from frontends.arm32.decode import ALWAYS, Insn, decode_a32, decode_t32
from frontends.arm32.rows import A32, T16, T32
from xlate.isa import Row, RowSet
from xlate.verify.case import (
    CODE_PAGE,
    CONST_PAGE,
    DATA_PAGES,
    PAGE,
    READ,
    WRITE,
    Case,
    Result,
    State,
    code_bytes,
    make_case,
)
from xlate.verify.interp_engine import Endless, run_case


def _hex(words: str) -> tuple[int, ...]:
    return tuple(int(word, 16) for word in words.split())


EDGES = _hex(
    "0 1 2 7f 80 ff 7fff 8000 ffff 10000 7fffffff 80000000 80000001 fffffffe ffffffff"
    " ffff0000 80008000 7fff7fff 80808080"
)
F32_EDGES = _hex(
    "0 80000000 3f800000 bf800000 7f800000 ff800000 7fc00000 7fa00001 1 80000001"
    " 007fffff 00800000 7f7fffff 4f000000 cf000000 34000000"
)
F64_EDGES = tuple(
    bits << 48 | low
    for bits in _hex("0 8000 3ff0 bff0 7ff0 fff0 7ff8 7ff4 10 7fef 43e0")
    for low in (0, 1, 0xFFFFFFFFFFFF)
)

KUSER_PAGE = 0xFFFF0000
IT_START = tuple(cond << 4 | 8 for cond in range(ALWAYS + 1))  # the last of a block
# Not in sequences: a WFI halts unicorn, an ISB makes it forget an IT block, and it knows VFP's
# short vectors, which a VMSR may switch on and our processor has not.
ALONE = ("isb", "vmsr", "hint")
SETS: dict[str, RowSet] = {"A32": A32, "T16": T16, "T32": T32}


@dataclass(frozen=True)
class Drawn:
    """A case, what the interpreter made of it, and the instructions it consists of."""

    case: Case
    expected: Result
    isa: str
    insns: tuple[Insn, ...]

    @property
    def words(self) -> list[int]:
        """The instruction words."""
        return [insn.word for insn in self.insns]

    def isa_of(self, insn: Insn) -> str:
        """A32, T16 or T32: in a sequence each instruction has its own."""
        if not insn.thumb:
            return "A32"
        return "T16" if insn.size == 2 else "T32"

    @property
    def name(self) -> str:
        """Names of the rows, in order."""
        return " ".join(insn.row.name for insn in self.insns if insn.row is not None)


class Broken(Exception):
    """Our own code raised: the row or an arm is wrong; says which word."""


class Refused(Exception):
    """The draw cannot be compared; the reason is counted."""


def structural_bits(row: Row) -> int:
    """Return the number of bits that choose among the row's shapes: how much there is to try."""
    return sum(field.bits for field in row.encoding.fields if field.name in row.structural)


def should_be(row: Row) -> list[int]:
    """Return masks of the bits that do not matter, nibble by nibble.

    The manual says of each what it should be; a row that writes x takes any. Witnesses may not.
    """
    fixed = row.encoding.mask
    for field in row.encoding.fields:
        fixed |= ((1 << field.bits) - 1) << field.lsb
    nibbles = [~fixed & 15 << at for at in range(0, row.encoding.width, 4)]
    return [nibble for nibble in nibbles if nibble]


def decode_all(isa: str, words: list[int], pc: int) -> Iterator[Insn]:
    """Decode the words of a case one after the other; ITSTATE is followed through them."""
    itstate = 0
    for word in words:
        size = len(code_bytes(isa, [word]))
        insn = decode_a32(word, pc) if isa == "A32" else decode_t32(word, size, pc, itstate)
        yield insn
        pc, itstate = pc + size, insn.next_itstate


class Generator:
    """An endless source of cases, reproducible from its seed."""

    def __init__(self, seed: int, rows: Iterable[str] = (), isas: Iterable[str] = SETS) -> None:
        """Draw from all rows of ``isas``, or only from those named; ``-name`` leaves a row out."""
        self._random = random.Random(seed)
        wanted = {name for name in rows if not name.startswith("-")}
        unwanted = {name[1:] for name in rows if name.startswith("-")}
        self.rows = [
            (isa, row)
            for isa in isas
            for row in SETS[isa]
            if row.name not in unwanted and (not wanted or row.name in wanted)
        ]
        self._weights = [1 + structural_bits(row) for _, row in self.rows]
        self._contents = [self._random.randbytes(PAGE) for _ in range(8)]
        self._stock: dict[str, list[Insn]] = {"A32": [], "T32": []}
        self._ends: dict[str, list[Insn]] = {"A32": [], "T32": []}

    def remember(self, drawn: Drawn) -> None:
        """Put an instruction that all engines agree on into the stock of sequences."""
        family = "A32" if drawn.isa == "A32" else "T32"
        if drawn.name.startswith(ALONE):
            return
        if len(drawn.insns) == 1 and drawn.expected.stop == "fetch":
            falls_through = drawn.expected.state.r[15] == CODE_PAGE + PAGE
            (self._stock if falls_through else self._ends)[family].append(drawn.insns[0])

    def draw_sequence(self) -> Drawn:
        """Return a case of up to eight instructions of the stock; Refused where it is too small."""
        pick = self._random
        family = pick.choice([isa for isa, stock in self._stock.items() if stock] or ["A32"])
        if len(self._stock[family]) < 20:
            raise Refused("stock of sequences too small")
        words = self.sequence_words(family)
        case = make_case(family, words, self.state(itstate=0), self.pages())
        decoded = tuple(decode_all(family, words, case.state.r[15]))
        case.text = f"{family} {'+'.join(f'{word:x}' for word in words)}"
        return Drawn(case, self._settle(case, decoded), family, decoded)

    def sequence_words(self, family: str) -> list[int]:
        """Return some words of the stock, with an IT and a branch at times."""
        pick = self._random
        insns = [pick.choice(self._stock[family]) for _ in range(pick.randint(2, 6))]
        if self._ends[family] and pick.random() < 0.3:
            insns.append(pick.choice(self._ends[family]))
        words = [self._another_condition(insn) for insn in insns]
        if family == "T32" and pick.random() < 0.4:
            words.insert(pick.randrange(len(words)), self._it())
        return words

    def _another_condition(self, insn: Insn) -> int:
        if insn.row is None or not insn.row.conditional or self._random.random() < 0.6:
            return insn.word
        return insn.word & 0x0FFFFFFF | self._random.randrange(ALWAYS + 1) << 28

    def _it(self) -> int:
        """Return an IT of any length; its condition is not AL, which allows no else."""
        return 0xBF00 | self._random.randrange(ALWAYS) << 4 | self._random.randint(1, 15)

    def _settle(self, case: Case, insns: tuple[Insn, ...]) -> Result:
        """Run the case, moving base registers while it faults; one in ten is left to fault."""
        expected = self._run(case)
        for _ in range(len(insns)):
            if expected.stop != "fault" or self._random.random() < 0.1:
                break
            at = next((i for i in insns if i.pc == expected.state.r[15]), None)
            if at is None or at.row is None:
                break
            self._move_base(at.row, at.word, case, expected)
            expected = self._run(case)
        return expected

    def draw(self) -> Drawn:
        """Return the next case; raises Refused where the draw is none."""
        isa, row = self._random.choices(self.rows, self._weights)[0]
        word = self._word(row)
        itstate = self._itstate(isa)
        insn = (
            decode_a32(word, 0)
            if isa == "A32"
            else decode_t32(word, row.encoding.width // 8, 0, itstate)
        )
        if insn.row is not row:
            raise Refused("the word belongs to a narrower row")
        case = make_case(isa, [word], self.state(itstate), self.pages())
        case.text = f"{isa} {word:0{row.encoding.width // 4}x} {row.name}"
        insns = tuple(decode_all(isa, [word], case.state.r[15]))
        return Drawn(case, self._settle(case, insns), isa, insns)

    def _run(self, case: Case) -> Result:
        try:
            expected = run_case(case)
        except Endless as e:
            raise Refused("the case does not end") from e
        except Exception as e:
            raise Broken(f"{case.text}: {type(e).__name__}: {e}") from e
        kind = expected.reason.partition(":")[0]
        if kind == "undefined" and self._random.random() < 0.9:
            raise Refused("undefined: one in ten is enough")
        if kind in ("unpredictable", "unimplemented"):
            raise Refused(kind)
        if max(expected.state.r[15], expected.fault_addr or 0) >= KUSER_PAGE:
            raise Refused("access to the page of the kernel's helpers, which the runtime maps")
        if not expected.state.thumb and expected.state.r[15] & 3:
            raise Refused("branch to A32 at an address that is not a multiple of 4 (unpredictable)")
        return expected

    def _word(self, row: Row) -> int:
        pick = self._random
        word = row.encoding.value | sum(n for n in should_be(row) if pick.getrandbits(1))
        for field in row.encoding.fields:
            top = (1 << field.bits) - 1
            if field.name == "cond" and row.predicated:
                value = pick.choice((ALWAYS, ALWAYS, ALWAYS, pick.randrange(ALWAYS)))
                value = value if row.conditional else pick.randrange(ALWAYS)
            elif field.name in row.structural or field.bits < 3:
                value = pick.randint(0, top)
            elif field.name[0] == "R":
                value = self._register(top)
            else:
                value = pick.choice((0, 1, top, *(pick.randint(0, top) for _ in range(6))))
            word |= value << field.lsb
        return word

    def _register(self, top: int) -> int:
        pick = self._random
        return min(
            top,
            pick.choice(
                (pick.randint(0, 12), pick.randint(0, 12), pick.randint(0, 14), pick.randint(0, 15))
            ),
        )

    def _itstate(self, isa: str) -> int:
        if isa == "A32" or self._random.random() < 0.8:
            return 0
        return self._random.choice(IT_START)

    def state(self, itstate: int) -> State:
        """Return a state of edge values, data addresses and random bits."""
        pick = self._random
        state = State(r=[self._core_value() for _ in range(15)] + [0])
        state.nzcv, state.q, state.ge = (
            pick.getrandbits(4),
            pick.getrandbits(1),
            pick.getrandbits(4),
        )
        state.itstate = itstate
        state.d = [self._fp_value() for _ in range(32)]
        state.fpscr = pick.getrandbits(4) << 28 | pick.choice((0, 0, 0, pick.getrandbits(2) << 22))
        state.fpscr |= pick.choice((0, 0, 0, pick.getrandbits(5)))  # flags raised before
        state.fpscr |= (state.fpscr & 1) << 26  # AHP, which only half precision looks at
        state.tpidruro, state.tpidrurw = pick.getrandbits(32), pick.getrandbits(32)
        return state

    def _core_value(self) -> int:
        pick = self._random
        kind = pick.random()
        if kind < 0.35:
            return pick.choice(EDGES)
        if kind < 0.6:
            return pick.choice(DATA_PAGES) + pick.randrange(PAGE)
        return pick.getrandbits(32) >> pick.choice((0, 0, 0, 8, 16, 24, 27))

    def _fp_value(self) -> int:
        pick = self._random
        kind = pick.random()
        if kind < 0.25:
            return pick.choice(F64_EDGES)
        if kind < 0.5:
            return pick.choice(F32_EDGES) << 32 | pick.choice(F32_EDGES)
        if kind < 0.6:  # numbers of like size, so that sums cancel and round
            return pick.randint(0x3FD, 0x401) << 52 | pick.getrandbits(52)
        return pick.getrandbits(64)

    def pages(self) -> dict[int, tuple[int, bytes]]:
        """Return two data pages and one that cannot be written, with random bytes."""
        pick = self._random.choice
        return {
            DATA_PAGES[0]: (READ | WRITE, pick(self._contents)),
            DATA_PAGES[1]: (READ | WRITE, pick(self._contents)),
            CONST_PAGE: (READ, pick(self._contents)),
        }

    def _move_base(self, row: Row, word: int, case: Case, faulted: Result) -> None:
        """Shift the base register so that the access that faulted falls in the data pages."""
        fields = row.encoding.extract(word)
        base = fields.get("Rn", 13 if row.encoding.width == 16 else None)
        if base is None or base == 15 or faulted.fault_addr is None:
            return
        target = DATA_PAGES[0] + self._random.choice(
            (PAGE, 0x100, self._random.randrange(2 * PAGE - 128))
        )
        if self._random.random() < 0.7:
            target &= ~3
        delta = target - faulted.fault_addr
        case.state.r[base] = (case.state.r[base] + delta) & 0xFFFFFFFF
