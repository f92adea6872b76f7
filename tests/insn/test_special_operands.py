"""Selection, rounding and directed conversion on special values: interpreter, templates, unicorn.

All pairs for maxNum and minNum; for what has one operand all values around the places where a
rounding, a width or a format ends, in every rounding mode where the instruction heeds it. Results
and cumulative flags.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from frontends.arm32.rows import A32
from tests import needs
from xlate.isa import Row
from xlate.verify.case import Case, State, differences, make_case
from xlate.verify.interp_engine import run_case
from xlate.verify.stencil_engine import StencilEngine

RMODE, AHP = 22, 1 << 26
BY_MODE = ("vrintz", "vrintx", "vcvt_half_double")
PAIRS = ("vmaxnm", "vmaxnm_f32", "vminnm_f32")
ALONE = (
    *("vrint_directed", "vcvt_directed", *BY_MODE),
    *(f"vrint{way}_f32" for way in "nxazmp"),
    *(f"vcvt{way}_{sign}32_f32" for way in "anpm" for sign in "su"),
)
NANS32, NANS64 = (0x7FC00005, 0x7FA00001), (0x7FF8000000000005, 0x7FF0000000000001)


def f32(number: float) -> int:
    return struct.unpack("<I", struct.pack("<f", number))[0]


def f64(number: float) -> int:
    return struct.unpack("<Q", struct.pack("<d", number))[0]


SINGLES = [0, 1, 0x7FFFFF, 0x800000, 0x7F7FFFFF, 0x7F800000, *NANS32, 0x3F800000]
SINGLES += [f32(x) + off for x in (0.5, 1.0, 1.5, 2.5) for off in (-1, 0, 1)]
SINGLES += [f32(x) + off for x in (2.0**22, 2.0**23, 2.0**31, 2.0**32) for off in (-1, 0, 1)]
DOUBLES = [
    0,
    1,
    (1 << 52) - 1,
    1 << 52,
    f64(1e300),
    0x7FF << 52,
    *NANS64,
    f64(1.0),
    0x7FF0000020000000,
]
DOUBLES += [f64(x) + off for x in (0.5, 1.0, 1.5, 2.5) for off in (-1, 0, 1)]
DOUBLES += [f64(x) + off for x in (2.0**51 + 0.5, 2.0**52, 2.0**53) for off in (-1, 0, 1)]
DOUBLES += [f64(2.0**n + x) for n in (31, 32) for x in (-1.25, -1, -0.5, -0.25, 0)]
# Where halves end: the greatest, with and without infinities, and the least.
DOUBLES += [f64(x) + off for x in (65520, 131040, 1 + 2**-11, 2**-14) for off in (-1, 0, 1)]
DOUBLES += [f64(x) + off for x in (2**-24, 2**-25) for off in (-1, 0, 1)] + [f64(2**-150)]
HALVES = [0, 1, 0x3FF, 0x400, 0x3C00, 0x7BFF, 0x7C00, 0x7E01, 0x7D55, 0x7C01]


def words(row: Row) -> Iterator[int]:
    """Every shape of the row: Vd is 6, Vn 4, Vm 2, the condition AL."""
    fixed = {"cond": 14, "Vd": 6, "Vn": 4, "Vm": 2}
    shaped = [f for f in row.encoding.fields if f.name in row.structural]
    word = row.encoding.value
    word |= sum(fixed.get(f.name, 0) << f.lsb for f in row.encoding.fields)
    for values in itertools.product(*(range(1 << f.bits) for f in shaped)):
        yield word | sum(value << f.lsb for f, value in zip(shaped, values, strict=True))


def operands(row: Row, word: int) -> list[int]:
    """Bits of a D register for every value: singles stand in both halves."""
    names = {f.name for f in row.encoding.fields}
    if row.name == "vcvt_half_double" and not word >> 16 & 1:
        return [(h | s) * 0x00010001 for h in HALVES for s in (0, 0x8000)]
    if row.name == "vcvt_half_double" or ("sz" in names and word >> 8 & 1):
        return [x | s for x in DOUBLES for s in (0, 1 << 63)]
    return [(x | s) * 0x100000001 for x in SINGLES for s in (0, 1 << 31)]


def case(word: int, n: int, m: int, fpscr: int) -> Case:
    state = State(r=[0] * 16, fpscr=fpscr)
    state.d = [0x1111111111111111 * (i % 15) for i in range(32)]
    state.d[1] = state.d[2] = state.d[3] = m
    state.d[4] = state.d[5] = n
    return make_case("A32", [word], state, {})


def cases(name: str) -> Iterator[Case]:
    row = A32[name]
    modes = [mode << RMODE for mode in range(4)] if name in BY_MODE else [0]
    modes += [AHP] if name == "vcvt_half_double" else []
    for word in words(row):
        values = operands(row, word)
        if name in PAIRS:
            values = values[:18]  # the others differ in what is behind the point
        for n, m, mode in itertools.product(values if name in PAIRS else [0], values, modes):
            yield case(word, n, m, mode)


@pytest.mark.parametrize("name", [*PAIRS, *ALONE])
def test_engines_agree(name: str, xlate_run: Path) -> None:
    needs.needs_module("unicorn")
    from xlate.verify.unicorn_engine import UnicornEngine

    given = list(cases(name))
    assert len(given) > 50
    expected = [run_case(one) for one in given]
    assert any(result.state.fpscr & 0x9F for result in expected)
    for engine in (UnicornEngine(), StencilEngine(xlate_run.with_name("xlate-insn"))):
        found = [
            f"{engine.name}: {one.text} d2={one.state.d[2]:#x} d4={one.state.d[4]:#x} "
            f"fpscr={one.state.fpscr:#x}: {wrong}"
            for one, want, got in zip(given, expected, engine.run(given), strict=True)
            if (wrong := differences(one, want, got, engine.claims))
        ]
        assert not found, f"{len(found)} of {len(given)}:\n" + "\n".join(found[:10])
