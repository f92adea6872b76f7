"""A share of the fuzzer in every run: random instructions agree between all engines.

``make fuzz`` runs the full 200,000; the seed here is fixed, so that a failure is a change of ours.
"""

from __future__ import annotations

import pytest

from tests import needs
from xlate.tools.fuzz import Plan, run
from xlate.verify.generate import SETS

COUNT = 12_000


def plan(engine: str, driver: str = "", base: str = "") -> Plan:
    return Plan(1, COUNT, (engine,), tuple(SETS), (), driver, base)


def check(report) -> None:
    assert not report.failures, "\n".join(report.failures[:20])
    assert sum(report.compared.values()) == COUNT
    assert report.stops["fetch"] > COUNT // 2
    # What is excused at times must agree at other times: no row is excused as a whole.
    never = [row for row, number in report.rows.items() if number > 20 and not report.agreed[row]]
    assert not never


def test_interpreter_and_unicorn():
    needs.needs_module("unicorn")
    check(run(plan("unicorn"), jobs=1))


@pytest.mark.parametrize("base", ["", "0x200000000000"], ids=["identity", "based"])
def test_interpreter_and_stencils(base, xlate_run):
    driver = xlate_run.with_name("xlate-insn")
    if not driver.exists():
        needs.missing("xlate-insn", "built beside xlate-run")
    check(run(plan("stencil", str(driver), base), jobs=1))
