"""A share of the fuzzer in every run: random instructions agree between all engines.

``make fuzz`` runs the full 200,000. The seeds here are fixed, so that a failure is a change of
ours, and the work is cut into parts, so that the workers of pytest-xdist share it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import needs
from xlate.tools.fuzz import Plan, Report, run
from xlate.verify.generate import SETS

PARTS = 6
COUNT = 10_000
GUEST_BASE = "0x200000000000"


def check(
    engines: tuple[str, ...], seed: int, xlate_run: Path, base: str, count: int = COUNT
) -> None:
    driver = xlate_run.with_name("xlate-insn")
    if not driver.exists():
        needs.missing("xlate-insn", "built beside xlate-run")
    report: Report = run(Plan(seed, count, engines, tuple(SETS), (), str(driver), base), jobs=1)
    assert not report.failures, "\n".join(report.failures[:20])
    assert report.compared == dict.fromkeys(engines, count)
    assert report.stops["fetch"] > count // 2
    # What is excused at times must agree at other times: no row is excused as a whole.
    never = [row for row, number in report.rows.items() if number > 20 and not report.agreed[row]]
    assert not never


@pytest.mark.parametrize("seed", range(1, PARTS + 1))
def test_interpreter_stencils_and_unicorn(seed: int, xlate_run: Path) -> None:
    needs.needs_module("unicorn")
    check(("stencil", "unicorn"), seed, xlate_run, "")


@pytest.mark.parametrize("seed", [101, 102])
def test_interpreter_and_stencils_with_a_guest_base(seed: int, xlate_run: Path) -> None:
    check(("stencil",), seed, xlate_run, GUEST_BASE)


# A third of a share are sequences and programs. The other levels and loading from converted files
# show little that depends on the single instruction.
@pytest.mark.parametrize(
    ("seed", "engine"),
    [(201, "llvm"), (202, "llvm"), (203, "llvm-O0"), (204, "llvm-O2"), (205, "package")],
)
def test_interpreter_stencils_and_optimised_code(seed: int, engine: str, xlate_run: Path) -> None:
    check(("stencil", engine), seed, xlate_run, "", count=1500)
