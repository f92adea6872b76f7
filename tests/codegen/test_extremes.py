"""Immediates at their edges, with few or no flags alive: what LLVM may conclude from a number.

Templates are compiled with numbers in the place of immediates. Each that knows more of its number
than its bits (it is not 0, not the most negative, an amount is at least 4) is wrong at an edge,
which random words seldom meet. So each row runs with its immediates at their edges, followed by
instructions that read some flags and make the others dead.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import needs
from xlate.isa import Row
from xlate.isa.nzcv import CONDITIONS
from xlate.verify.case import Case, Claims, Result, State, differences, make_case
from xlate.verify.generate import SETS, Generator, Refused, structural_bits
from xlate.verify.interp_engine import run_case
from xlate.verify.stencil_engine import StencilEngine

DRAWS = 32  # words drawn for a row, twice as many for every two bits that choose its shape
CLAIMS = Claims(fp_flags=True, fault_addr=True, flags_at_fault=False)
IMMEDIATES = ("imm", "lsb", "msb", "widthm1", "sat_", "rotate")
# Modified immediates of A32 that stand for the most negative number and for minus one's parts.
A32_EDGES = (0x000, 0x001, 0x0FF, 0x102, 0x1FF, 0x4FF, 0x17F, 0x2FF)

ADC, CMP, ADD = 0xE0ACC00C, 0xE15E000E, 0x028CC001  # adc ip,ip,ip; cmp lr,lr; add ip,ip,#1
T_ADC, T_CMP, T_BRANCH, T_ADD = 0xEB4C0C0C, 0x45F6, 0xD000, 0x44F4


# Words that once went wrong, and r0-r14 before them.
FOUND = [
    ("A32", (0xE2910000, ADC, CMP), 7),  # adds r0, r1, #0: no carry, though 0 - 0 has no borrow
    ("A32", (0xE2910000, 0x228CC001, CMP), 7),  # the same, fused with CS
    ("A32", (0xE3700000, 0x828CC001, CMP), 7),  # cmn r0, #0, fused with HI
    ("A32", (0xE3910000, 0x028CC001, CMP), 0),  # orrs r0, r1, #0, fused with EQ: 0 is a number too
    ("T32", (0x0C3F, 0xD400, 0x44F4, 0x45F6), 7),  # lsrs and MI: a jump that is always taken
    ("A32", (0xE291B102, 0xD28CC001, CMP), 0x80000000),  # adds and LE: a jump inside the template
    ("A32", (0xE2918102, 0xC28CC001, CMP), 0x80000000),  # the same with GT
]


def suffixes(isa: str) -> list[list[int]]:
    """Return what follows an instruction: nothing, all flags dead, C alive, every condition."""
    conds = range(len(CONDITIONS))
    if isa == "A32":
        return [[], [CMP], [ADC, CMP], *([cond << 28 | ADD, CMP] for cond in conds)]
    # The branch skips one halfword, the addition.
    return [[], [T_CMP], [T_ADC, T_CMP], *([T_BRANCH | c << 8 | 0, T_ADD, T_CMP] for c in conds)]


def is_immediate(name: str) -> bool:
    return name.startswith(IMMEDIATES)


def edges(bits: int, isa: str) -> list[int]:
    top = (1 << bits) - 1
    if bits == 12 and isa == "A32":
        return [*A32_EDGES, top]
    return list(range(top + 1)) if bits <= 3 else [0, 1, 1 << (bits - 1), top - 1, top]


def draw(pick: random.Random, isa: str, row: Row) -> int:
    """Return a word of the row with all immediates at edges, other fields random."""
    word = row.encoding.value
    for field in row.encoding.fields:
        value = pick.getrandbits(field.bits)
        if is_immediate(field.name):
            value = pick.choice(edges(field.bits, isa))
        elif field.name == "S":
            value = 1
        elif field.name == "cond" and row.conditional:
            value = 14
        elif field.name[0] == "R" and field.bits == 4:
            value = pick.randrange(12)
        word |= value << field.lsb
    return word


def sets_flags(row: Row) -> bool:
    return any(f.name == "S" for f in row.encoding.fields) or row.name.startswith(
        ("cmp", "cmn", "tst", "teq", "add", "sub", "mov", "lsl", "lsr", "asr", "ror", "rsb", "neg")
    )


def cases(isa: str) -> Iterator[tuple[Case, Result]]:
    """Yield cases of all rows with immediates, and what the interpreter makes of them."""
    pick = random.Random(1)
    source = Generator(1)
    for row in SETS[isa]:
        if not any(is_immediate(f.name) for f in row.encoding.fields):
            continue
        for _ in range(DRAWS << structural_bits(row) // 2):
            word = draw(pick, isa, row)
            if SETS[isa].find(word) is not row:
                continue
            for suffix in suffixes(isa) if sets_flags(row) else [[]]:
                words = [word, *suffix]
                state = source.state(0)
                alike = pick.choice((None, None, 0, 0x80000000, 0xFFFFFFFF))
                if alike is not None:
                    state.r[:12] = [alike] * 12
                case = make_case("A32" if isa == "A32" else "T32", words, state, {})
                case.pages |= source.pages()
                case.text = f"{isa} {'+'.join(f'{w:x}' for w in words)} {row.name}"
                try:
                    yield case, source._run(case)
                except Refused:
                    continue


def wrong(drawn: list[tuple[Case, Result]], driver: Path) -> list[str]:
    """Return the cases that the templates run otherwise than the interpreter."""
    bad = []
    results = StencilEngine(driver).run([case for case, _ in drawn])
    for (case, expected), got in zip(drawn, results, strict=True):
        found = differences(case, expected, got, CLAIMS)
        if found:
            bad.append(f"{case.text}: {'; '.join(found)}")
    return bad


@pytest.fixture
def driver(xlate_run: Path) -> Path:
    path = xlate_run.with_name("xlate-insn")
    if not path.exists():
        needs.missing("xlate-insn", "built beside xlate-run")
    return path


@pytest.mark.parametrize("isa", SETS)
def test_extreme_immediates(isa: str, driver: Path) -> None:
    drawn = list(cases(isa))
    assert len(drawn) > 500
    bad = wrong(drawn, driver)
    assert not bad, f"{len(bad)} of {len(drawn)} cases:\n" + "\n".join(bad[:20])


@pytest.mark.parametrize(("isa", "words", "registers"), FOUND)
def test_found_before(isa: str, words: tuple[int, ...], registers: int, driver: Path) -> None:
    case = make_case(isa, list(words), State(r=[registers] * 15 + [0]), {})
    expected = run_case(case)
    assert expected.stop == "fetch"
    assert not wrong([(case, expected)], driver)
