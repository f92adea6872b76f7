"""Runs of single precision in lanes, on few registers full of special values.

Optimised code takes the host's arithmetic as it is and asks MXCSR afterwards; here NaNs,
denormals, tiny products and flags raised before meet in one run, with scalar instructions
between. The interpreter says what is right.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests import needs
from xlate.verify.case import DATA_PAGES, PAGE, READ, WRITE, Case, State, differences, make_case
from xlate.verify.interp_engine import run_case
from xlate.verify.llvm_engine import LlvmEngine

SEQUENCES, STATES = 24, 12  # of each seed; equal code is compiled once
SINGLES = (
    *(0, 1, 0x007FFFFF, 0x00800000, 0x00800001, 0x1FFFFFFF, 0x20000000, 0x3F7FFFFF, 0x3F800000),
    *(0x20000400, 0x1FFFF800),  # their product is rounded up to the least normal number
    *(
        0x3FC00001,
        0x5F800000,
        0x7F7FFFFF,
        0x7F800000,
        0x7F800001,
        0x7FC00005,
        0x33800000,
        0x0D000000,
    ),
)
# About the least and the greatest that a run takes without asking, and what is just above zero.
BOUNDS = (
    *(0, 0x2B7FFFFF, 0x2B800000, 0x2B800001, 0x2C000000, 0x2C000001, 0x35FFFFFF, 0x36000001),
    *(0x36800000, 0x36800001, 0x52FFFFFF, 0x53000000, 0x53800000, 0x3F800001),
)
ORDINARY = (0x3F800000, 0x3FC00000, 0x40490FDB, 0x3DCCCCCD, 0x42280000)
# Three registers of the same length, in A32: without the register fields and Q.
LANES = {
    "vadd": 0xF2000D00,
    "vsub": 0xF2200D00,
    "vmul": 0xF3000D10,
    "vmla": 0xF2000D10,
    "vmls": 0xF2200D10,
    "vceq": 0xF2000E00,
    "vcge": 0xF3000E00,
    "vcgt": 0xF3200E00,
    "vand": 0xF2000110,
    "vext": 0xF2B00400,
}
SCALAR = (0xEE300A00, 0xEE200A00, 0xEE300B00, 0xEEB10A40)  # vadd.f32, vmul.f32, vadd.f64, vneg.f32


def lanes_word(pick: random.Random) -> int:
    """Quad and double registers among d0-d3 and d16-d19."""
    word = LANES[pick.choice((*list(LANES)[:8], *LANES))]
    quad = pick.getrandbits(1)
    for high, low in ((22, 12), (7, 16), (5, 0)):
        number = pick.choice((0, 2)) if quad else pick.randrange(4)
        word |= pick.getrandbits(1) << high | number << low
    return word | quad << 6


def scalar_word(pick: random.Random) -> int:
    fields = pick.randrange(4) << 12 | pick.randrange(4) << 16 | pick.randrange(4)
    word = pick.choice(SCALAR)
    return word | (fields & 0xF00F if word >> 20 & 8 else fields)


def sequence(pick: random.Random) -> list[int]:
    length = pick.randint(2, 7)
    words = [lanes_word(pick) if pick.random() < 0.8 else scalar_word(pick) for _ in range(length)]
    if pick.random() < 0.3:
        words.insert(pick.randrange(length), pick.choice((0xF4400A8F, 0xF4010A8F)))  # vst1, vld1
    for _ in range(pick.choice((0, 0, 1, 3))):  # between arithmetic, on registers that it may use
        words.insert(pick.randrange(len(words)), 0xF4610A8F | pick.choice((0, 1 << 13, 3 << 12)))
    return [*words, 0xEEF12A10]  # vmrs r2, fpscr


def state(pick: random.Random) -> State:
    """A state whose lanes are special, or all ordinary but for one."""
    values = pick.choice((SINGLES, BOUNDS, ORDINARY))
    drawn = [pick.choice(values) | pick.getrandbits(1) << 31 for _ in range(64)]
    if values is ORDINARY:
        drawn[pick.choice((0, 5, 33))] = pick.choice(SINGLES)
    doubles = [low | high << 32 for low, high in zip(drawn[::2], drawn[1::2], strict=True)]
    flags = pick.choice((0, 0x10, pick.getrandbits(5), 0x08000080))
    mode = pick.choice((0, 0, 0, pick.randrange(4))) << 22
    registers = [DATA_PAGES[0] + 64 * n for n in range(15)] + [0]
    return State(r=registers, d=doubles, fpscr=flags | mode)


def check(cases: list[Case], xlate_run: Path, level: int) -> None:
    driver = xlate_run.with_name("xlate-insn")
    if not driver.exists():
        needs.missing("xlate-insn", "built beside xlate-run")
    engine = LlvmEngine(driver, level=level)
    results = engine.run(cases)
    assert engine.entered > len(cases) // 2
    wrong = []
    for case, result in zip(cases, results, strict=True):
        found = differences(case, run_case(case), result, engine.claims)
        wrong += [f"{case.text}: {'; '.join(found)}"] if found else []
    assert not wrong, "\n".join(wrong[:5])


@pytest.mark.parametrize(("seed", "level"), [(1, 1), (2, 1), (3, 2)])
def test_runs_are_what_the_interpreter_makes_of_them(
    seed: int, level: int, xlate_run: Path
) -> None:
    pick = random.Random(seed)
    cases = []
    for _ in range(SEQUENCES):
        words = sequence(pick)
        for _ in range(STATES):
            contents_of = pick.choice((SINGLES, BOUNDS, ORDINARY))
            contents = b"".join(
                pick.choice(contents_of).to_bytes(4, "little") for _ in range(PAGE // 4)
            )
            pages = {DATA_PAGES[0]: (READ | WRITE, contents)}
            case = make_case("A32", words, state(pick), pages)
            case.text = " ".join(f"{word:08x}" for word in words)
            cases.append(case)
    check(cases, xlate_run, level)


KNOWN = 0xF2026D44  # vadd.f32 q3, q1, q2: from here on what MXCSR holds is known
STORE = 0xF4400A8F  # vst1.32 {d16, d17}, [r0]: ends a run
ODD = 0xF2420DE2  # vadd.f32 q8, q9, q9
READ_FLAGS = 0xEEF12A10  # vmrs r2, fpscr
ONE_SCALAR = 0xEE800A81  # vdiv.f32 s0, s1, s2
TWO_SCALARS = (0xEE300A20, 0xEE300A20)  # vadd.f32 s0, s0, s1


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize(
    ("words", "special"),
    [
        # vmul.f32 q9, q9, q10
        pytest.param((0xF3422DF4,), {37: 0x20000400, 41: 0x1FFFF800}, id="rounded up to normal"),
        # vceq.f32 q9, q9, q11
        pytest.param((0xF2422EE6,), {38: 0x7FC00005, 46: 3}, id="a NaN beside a denormal"),
        pytest.param((KNOWN, STORE, ONE_SCALAR, STORE, ODD), {36: 1}, id="a scalar between"),
        pytest.param((KNOWN, STORE, *TWO_SCALARS, STORE, ODD), {36: 1}, id="scalars between"),
        # vmul.f32 q1, q9, q2; vadd.f32 d16, d18, d2
        pytest.param((0xF3022DD4, 0xF2420D82), {38: 0xFFC00005}, id="half of a result used"),
        # vmul.f32 q8, q9, q10; vmls.f32 q8, q9, q9: the difference of the products is no normal
        pytest.param((0xF3420DF4, 0xF2620DF2), {36: 0x22000000, 40: 0x22000001}, id="small"),
        # vmul.f32 q8, q9, q10; vmul.f32 q8, q8, q9; vmul.f32 q12, q9, q9; vmls.f32 q8, q12, q9
        pytest.param(
            (0xF3420DF4, 0xF3400DF2, 0xF3428DF2, 0xF2680DF2),
            {36: 0x2C000000, 40: 0x2C000001},
            id="three factors",
        ),
        # vmul.f32 q8, q9, q9; vmls.f32 q8, q9, q9: infinity less itself
        pytest.param((0xF3420DF2, 0xF2620DF2), {36: 0x71800000}, id="great"),
    ],
)
def test_what_is_easily_forgotten(
    words: tuple[int, ...], special: dict[int, int], level: int, xlate_run: Path
) -> None:
    """Everything is 1 but for what scalars make inexact, and what is special."""
    inexact = {0: 0x3DCCCCCD, 1: 0x40400000, 2: 0x40E00000}
    single = dict.fromkeys(range(64), 0x3F800000) | inexact | special
    doubles = [single[2 * n] | single[2 * n + 1] << 32 for n in range(32)]
    start = State(r=[DATA_PAGES[0]] * 15 + [0], d=doubles)
    pages = {DATA_PAGES[0]: (READ | WRITE, bytes(PAGE))}
    check([make_case("A32", [*words, READ_FLAGS], start, pages)], xlate_run, level)
