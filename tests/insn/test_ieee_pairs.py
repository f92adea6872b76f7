"""Every scalar and vector floating-point instruction on pairs of special values, in every mode.

Results and FPSCR of interpreter, templates and unicorn; a share of the cases by default, more
in a campaign, all with ``make ieee``. Optimised code is here where a mode is set on the way: it
leaves before that.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests import needs
from tests.insn.special_cases import DN, FZ, RMODE, SCALARS, VECTORS, cases
from xlate.verify.case import Case, Claims, State, differences, make_case
from xlate.verify.interp_engine import run_case
from xlate.verify.llvm_engine import LlvmEngine
from xlate.verify.stencil_engine import StencilEngine

STEP, VECTOR_STEP = 997, 211  # primes, so that all modes and values get their turn
CAMPAIGN_STEP = 23  # with others; make ieee does all
EVERY = 20_000  # cases at once


def disagreements(given: list[Case], program: Path) -> list[str]:
    """Compare the engines on cases; a line for each that differs from the interpreter."""
    from xlate.verify.unicorn_engine import UnicornEngine

    expected = [run_case(one) for one in given]
    return [
        f"{engine.name}: {one.text} d2={one.state.d[2]:#x} d4={one.state.d[4]:#x} "
        f"d6={one.state.d[6]:#x} fpscr={one.state.fpscr:#x}: {wrong}"
        for engine in (UnicornEngine(), StencilEngine(program))
        for one, want, got in zip(given, expected, engine.run(given), strict=True)
        if (wrong := list(differences(one, want, got, engine.claims)))
    ]


def check(name: str, xlate_run: Path, step: int, first: int = 0) -> int:
    given = list(cases(name, step=step, first=first))
    for at in range(0, len(given), EVERY):
        found = disagreements(given[at : at + EVERY], xlate_run.with_name("xlate-insn"))
        assert not found, f"{len(found)}:\n" + "\n".join(found[:10])
    return len(given)


def test_a_share_of_all_cases(xlate_run: Path) -> None:
    needs.needs_module("unicorn")
    scalars = sum(check(name, xlate_run, STEP, 7 * i) for i, name in enumerate(SCALARS))
    vectors = sum(check(name, xlate_run, VECTOR_STEP, i) for i, name in enumerate(VECTORS))
    assert scalars > 1_500
    assert vectors > 200


@pytest.mark.campaign
@pytest.mark.parametrize("name", SCALARS + VECTORS)
def test_all_cases(name: str, xlate_run: Path) -> None:
    needs.needs_module("unicorn")
    assert check(name, xlate_run, int(os.environ.get("XLATE_IEEE_STEP", CAMPAIGN_STEP))) > 0


# --- a mode that is set on the way ----------------------------------------------------------------

VMSR, VMRS = 0xEEE12A10, 0xEEF13A10  # FPSCR := r2; r3 := FPSCR
OPERATIONS = {
    0xEE222B03: "vmul.f64 d2, d2, d3",
    0xEE324B03: "vadd.f64 d4, d2, d3",
    0xEEB75BC2: "vcvt.f32.f64 s10, d2",
    0xEEB42B43: "vcmp.f64 d2, d3",
}
TINY = 0x0010000000000000
PLACES = {"first": [VMSR], "behind": [0xE0811001, VMSR], "skipped": [0xE3510000, 0x1EE12A10]}


def mode_cases() -> list[Case]:
    """FPSCR set first, behind an instruction, and on a condition; then arithmetic; then read."""
    found = []
    for place in PLACES.values():
        for word in OPERATIONS:
            for mode in (0, FZ, DN, FZ | DN | 1 << RMODE):
                for value in (1, TINY, TINY + 1, 0x7FF4000000000001, 0x3FF0000000000000):
                    state = State(r=[0] * 16)
                    state.r[2], state.r[1] = mode, value & 1
                    state.d = [0] * 32
                    state.d[2], state.d[3] = value, 0x3FEFFFFFFFFFFFFF
                    found.append(make_case("A32", [*place, word, VMRS], state, {}))
    return found


@pytest.mark.parametrize("engine", [StencilEngine, LlvmEngine])
def test_a_mode_that_is_set_on_the_way(engine: type[LlvmEngine], xlate_run: Path) -> None:
    given = mode_cases()
    runs = engine(xlate_run.with_name("xlate-insn"))
    # Underflow of a product that is rounded up is the host's in optimised code.
    loose = Claims(fp_flags=False) if engine is LlvmEngine else runs.claims
    found = [
        f"{one.text} r1={one.state.r[1]} r2={one.state.r[2]:#x} d2={one.state.d[2]:#x}: {wrong}"
        for one, got in zip(given, runs.run(given), strict=True)
        if (
            wrong := list(
                differences(
                    one, run_case(one), got, runs.claims if one.state.r[2] & (FZ | DN) else loose
                )
            )
        )
    ]
    assert not found, f"{len(found)} of {len(given)}:\n" + "\n".join(found[:10])
    if isinstance(runs, LlvmEngine):
        assert runs.entered >= len(given) // 2
