"""A run of the fuzzer goes on where the last one stopped, and ends with the same report."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from xlate.tools import fuzz
from xlate.tools.fuzz import Plan, main
from xlate.tools.fuzz_log import Log
from xlate.verify.generate import SETS


@pytest.fixture
def shares_run(monkeypatch):
    """The seeds of the shares that really ran, with shares of 20 cases."""
    ran = []
    plain = fuzz.run_share

    def run_share(plan):
        ran.append(plan.seed)
        return plain(plan)

    monkeypatch.setattr(fuzz, "SHARE", 20)
    monkeypatch.setattr(fuzz, "run_share", run_share)
    return ran


def plan_of(count: int, seed: int = 7) -> Plan:
    return Plan(seed, count, (), tuple(SETS), (), "", "")


def log_of(folder, plan: Plan) -> Log:
    return Log.of(folder, plan.__dict__, "")


def test_what_is_done_is_not_done_again(tmp_path, shares_run):
    whole = fuzz.run(plan_of(60), jobs=1)
    shares_run.clear()
    fuzz.run(plan_of(40), 1, log_of(tmp_path, plan_of(40)))
    assert len(shares_run) == 2
    more = fuzz.run(plan_of(60), 1, log_of(tmp_path, plan_of(60)))
    assert len(shares_run) == 3
    assert more == whole


def test_a_torn_line_costs_one_share(tmp_path, shares_run):
    log = log_of(tmp_path, plan_of(40))
    whole = fuzz.run(plan_of(40), 1, log)
    text = log.path.read_text().rstrip()
    log.path.write_text(text[: len(text) - 30])
    shares_run.clear()
    assert fuzz.run(plan_of(40), 1, log) == whole
    assert len(shares_run) == 1
    assert fuzz.run(plan_of(40), 1, log) == whole
    assert len(shares_run) == 1


def test_another_plan_and_another_driver_have_files_of_their_own(tmp_path):
    driver = tmp_path / "driver"
    driver.write_bytes(b"one")
    paths = {log_of(tmp_path, plan_of(20, seed)).path for seed in (1, 2)}
    paths.add(Log.of(tmp_path, plan_of(20, 1).__dict__, str(driver)).path)
    driver.write_bytes(b"two")
    paths.add(Log.of(tmp_path, plan_of(20, 1).__dict__, str(driver)).path)
    assert len(paths) == 4
    assert log_of(tmp_path, plan_of(40, 1)).path in paths


@pytest.mark.parametrize(
    "words",
    [
        ("--engines", "lvm"),
        ("--engines", ""),
        ("--isa", "A64"),
        ("--rows", "no_such_row"),
        ("--rows", "-no_such_row"),
        ("--count", "0"),
        ("--driver", "/nonexistent"),
    ],
    ids=" ".join,
)
def test_what_would_compare_nothing_is_refused(words):
    assert CliRunner().invoke(main, words).exit_code == 2
