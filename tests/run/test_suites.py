"""Results of test-suites are read and compared rightly; ``make debian-tests`` runs them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click.testing
import pytest

from xlate.errors import Inconsistent
from xlate.tools import suites_plan, suites_table
from xlate.tools import suites_run as suites
from xlate.tools.suites_page import page
from xlate.tools.suites_plan import Plan, Row, Unit
from xlate.tools.suites_run import GUEST, NATIVE, WHOLE, Report, Result

UNIT = Unit("python", "test_x", (), 1)
ROW = Row("test_x", "*.wide*", "", "32 bits", "A long has 32 bits.")


def _report(status: int = 0, **results: str) -> Report:
    whole = {WHOLE: Result("error" if status else "ok", suites.how(status))}
    return Report({f"x.{k}": Result(v) for k, v in results.items()} | whole, status, 1.0)


def _compare(natives: list[Report], guests: list[Report]) -> suites_table.Outcome:
    return suites_table.compare(UNIT, {NATIVE: natives, GUEST: guests}, [ROW])


def test_agreement_is_counted_by_kind() -> None:
    """What fails, skips and passes alike agrees; the unit's own status is no test."""
    both = _report(2, a="ok", b="skipped", c="failed")
    outcome = _compare([both], [both])
    assert not outcome.differences
    assert outcome.agreeing == {"ok": 1, "skipped": 1, "failed": 1}


def test_differences_find_their_rows() -> None:
    """A difference is told with the row that covers it; the status needs none beside it."""
    outcome = _compare([_report(a="ok", wide="ok")], [_report(2, a="failed", wide="skipped")])
    assert [(one.test, one.row) for one in outcome.differences] == [("x.a", None), ("x.wide", ROW)]
    assert "test_x x.a: failed, natively ok" in str(outcome.differences[0])


def test_a_row_can_ask_for_a_result() -> None:
    """A row for tests that skip themselves does not cover one that fails."""
    row = replace(ROW, guest="skipped")
    natives, guests = (
        [_report(wide1="ok", wide2="ok")],
        [_report(2, wide1="skipped", wide2="failed")],
    )
    outcome = suites_table.compare(UNIT, {NATIVE: natives, GUEST: guests}, [row])
    assert [one.row for one in outcome.differences] == [row, None]


def test_a_crash_is_a_difference() -> None:
    """A test that began and did not end is an error, those behind it are absent."""
    crashed = _report(132, a="ok", b="begun")
    outcome = _compare([_report(a="ok", b="ok", c="ok")], [crashed])
    found = {one.test: one.guest for one in outcome.differences}
    assert found["x.b"] == Result("error", "did not end")
    assert found["x.c"].what == "absent"
    assert found[WHOLE].says == "signal 4"


def test_status_alone_is_a_difference() -> None:
    """Where every test agrees and the end does not, the end is told."""
    outcome = _compare([_report(a="ok")], [_report(1, a="ok")])
    assert [one.test for one in outcome.differences] == [WHOLE]


def test_a_second_run_settles_what_is_unsteady() -> None:
    """A test that agrees in one pair of runs is unsteady, not different."""
    outcome = _compare(
        [_report(a="ok", b="ok"), _report(a="ok", b="ok")],
        [_report(2, a="failed", b="failed"), _report(2, a="ok", b="failed")],
    )
    assert outcome.unsteady == ["x.a"]
    assert [one.test for one in outcome.differences] == ["x.b"]


def test_a_second_run_has_the_differing_tests_alone() -> None:
    """What it does not run keeps the first run's judgement; a test it has run may agree then."""
    first = _report(2, a="failed", b="failed", c="ok", d="ok")
    natives = [_report(a="ok", b="ok", c="ok", d="failed"), _report(a="ok", b="ok")]
    outcome = _compare(natives, [first, _report(a="ok", b="failed")])
    assert [one.test for one in outcome.differences] == ["x.b", "x.d"]
    assert outcome.unsteady == ["x.a"]
    assert suites_table.again(UNIT, ["x.b", "x.d"]).words == ("-m", "x.b", "-m", "x.d")
    assert suites_table.again(UNIT, [WHOLE]) == UNIT


def test_only_a_second_run_knows_it() -> None:
    """A test that appears when its unit runs again is neither an agreement nor a difference."""
    for status in (0, 2):
        first, second = _report(status, a="ok"), _report(status, a="ok", new="failed")
        outcome = _compare([first, second], [first, second])
        assert (outcome.agreeing, outcome.differences) == ({"ok": 1}, [])


def test_rows_that_cover_nothing_are_told() -> None:
    """A row is idle when its unit ran without that difference; not when it did not run."""
    plan_rows = [
        ROW,
        Row("test_other", "*", "", "armhf", "It is."),
        Row("test_x", "*.slow", "", "speed", "It may be."),
    ]
    assert suites_table.idle_rows([_compare([_report()], [_report()])], plan_rows) == [ROW]
    used = _compare([_report(wide="ok")], [_report(wide="failed")])
    assert suites_table.idle_rows([used], plan_rows) == []


def test_the_page_tells_all() -> None:
    """Differences stand on the page by cause, unlisted ones first."""
    outcome = _compare([_report(a="ok", wide="ok")], [_report(2, a="failed", wide="skipped")])
    plan = Plan((), {}, {}, (ROW,), (suites_plan.Left("test_y", "", "It hangs."),))
    text = page(plan, [outcome], [ROW], ["test_z"], kept=False)
    assert "**not looked into**: test_x x.a: failed, natively ok" in text
    assert "`x.wide`: skipped, natively ok. A long has 32 bits." in text
    assert "- test_y: It hangs." in text
    assert "earlier runs" not in text
    assert "earlier runs" in page(plan, [outcome], [], [], kept=True)
    assert "Not run this time: test_z." in text
    assert "| python | 1 | 0 | 0 | 0 | 0 | 2 |" in text
    assert "## Units without results\n\nNone.\n" in text


def test_units_that_show_nothing_are_a_list() -> None:
    """A unit of which no test is known stands with its status, and in no table of tests."""
    unit = Unit("python", "test_none", (), 1)
    plan = Plan((), {}, {}, (ROW,), ())
    outcomes = [
        _compare([_report(a="ok")], [_report(a="ok")]),
        suites_table.compare(unit, {NATIVE: [_report()], GUEST: [_report()]}, []),
        suites_table.compare(
            replace(unit, name="test_none2"), {NATIVE: [_report(1)], GUEST: [_report(2)]}, []
        ),
    ]
    text = page(plan, outcomes, [], [], kept=False)
    assert "- test_none (python): status 0\n" in text
    assert "- test_none2 (python): status 2, natively status 1\n" in text
    assert "| test_x | 1 | 0 | 0 | 0 |" in text
    assert "| test_none" not in text
    assert "| python | 3 | 1 | 1 | 0 | 0 | 0 |" in text


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep results in a folder of the test's own."""
    monkeypatch.setattr(suites_table, "RESULTS", tmp_path)
    return tmp_path / UNIT.suite


def test_results_are_kept(results: Path) -> None:
    """They are read back as they were; a later run adds its log and leaves the earlier ones."""
    first = replace(_report(a="ok"), log="first run")
    suites_table.keep(UNIT, {NATIVE: [first], GUEST: [first]})
    again = suites_table.kept(UNIT)
    assert again is not None
    assert again[GUEST] == [replace(first, log=None)]
    again[GUEST].append(replace(_report(2, a="failed"), log="second run"))
    suites_table.keep(UNIT, again)
    logs = {path.name: path.read_text() for path in results.glob("*.log")}
    assert logs == {
        "test_x.native.1.log": "first run",
        "test_x.guest.1.log": "first run",
        "test_x.guest.2.log": "second run",
    }
    both = suites_table.kept(UNIT)
    assert both is not None
    assert [run.status for run in both[GUEST]] == [0, 2]


def test_results_are_written_in_one_step(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that is broken off leaves what was there."""
    reports = {NATIVE: [_report()], GUEST: [_report()]}
    suites_table.keep(UNIT, reports)

    def half(path: Path, text: str, **_options: str) -> int:
        with path.open("w") as file:
            file.write(text[: len(text) // 2])
        if path.suffix == ".log":
            return 0
        raise OSError("no room")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", half)
        with pytest.raises(OSError, match="no room"):
            suites_table.keep(UNIT, {NATIVE: [_report(a="ok")], GUEST: [_report(a="ok")]})
    again = suites_table.kept(UNIT)
    assert again is not None
    assert set(again[GUEST][0].results) == {WHOLE}


def _main(*words: str) -> click.testing.Result:
    return click.testing.CliRunner().invoke(suites_table.main, words)


def test_names_that_fit_nothing_are_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each word must name a unit or a suite; a run of nothing is no success."""
    own = Plan((), {"test_x": 1.0}, {}, (), ())

    @contextmanager
    def ways(*_words: object) -> Iterator[tuple[()]]:
        yield ()

    monkeypatch.setattr(suites_table, "load", lambda: own)
    monkeypatch.setattr(suites, "make_trees", lambda *_: None)
    monkeypatch.setattr(suites, "fetch_sources", lambda *_: None)
    monkeypatch.setattr(suites, "ways", ways)
    monkeypatch.setattr(suites_table.runtime, "find", lambda: Path("xlate-run"))
    done = _main("--only-kept", "test_x", "test_nix*")
    assert done.exit_code == 2
    assert "no unit or suite fits test_nix*" in done.output
    assert _main("--only-kept", "python").exit_code == 0


def test_a_broken_file_of_suites_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the file lacks is said, without a traceback."""

    def broken() -> Plan:
        raise Inconsistent("suites.toml: no reason")

    monkeypatch.setattr(suites_table, "load", broken)
    done = _main("test_x")
    assert (done.exit_code, done.output) == (1, "suites_table: suites.toml: no reason\n")


def test_protocol_lines() -> None:
    """Numbers, missing numbers, skips and TODOs are read; other output is not."""
    text = "1..5\nok 1 - one\nnot ok 2 - two\nok # skip none here\nnot ok 4 # TODO later\n  ok 9\n"
    assert {name: result.what for name, result in suites.read_tap(text).items()} == {
        "1": "ok",
        "2": "failed",
        "3": "skipped",
        "4": "ok",
    }


def test_records_keep_the_worst() -> None:
    """Of a test with parts that fail the failure counts, of one without an end its beginning."""
    rows = [
        {"test": "a", "what": "begun", "says": ""},
        {"test": "a", "what": "failed", "says": "part"},
        {"test": "a", "what": "ok", "says": ""},
        {"test": "b", "what": "begun", "says": ""},
        {"module": "x", "status": 0, "skipped": False},
    ]
    found = suites.read_records("".join(json.dumps(row) + "\n" for row in rows))
    assert found == {"a": Result("failed", "part"), "b": Result("begun", "")}


def test_the_file_of_suites() -> None:
    """It lists at least 40 modules with those that must be there; every row has a reason."""
    plan = suites_plan.load()
    names = ("threading", "signal", "subprocess", "socket", "asyncio", "ctypes", "mmap", "os")
    wanted = {f"test_{name}" for name in (*names, "multiprocessing_spawn")}
    assert wanted <= {*plan.python}
    assert len(plan.python) >= 40
    assert {"perl", "lua"} <= {*plan.sources}
    assert all(row.why for row in plan.left)


def test_a_row_without_a_cause_is_refused(tmp_path: Path) -> None:
    """A cause that nobody knows is an error of the file."""
    text = suites_plan.SUITES.read_text()
    (tmp_path / "x.toml").write_text(text.replace('from = "32 bits"', 'from = "luck"', 1))
    with pytest.raises(Inconsistent, match="no cause"):
        suites_plan.load(tmp_path / "x.toml")


# A stand-in for the package that Debian has and this machine may not.
PACKAGE = {
    "__init__.py": "",
    "support.py": "def get_test_runner(*_, **__): ...\n",
    "libregrtest/__init__.py": "",
    "libregrtest/main.py": """
import sys, unittest
from test import support
class Regrtest:
    skipped, resource_denieds = [], []
    def main(self):
        tests = unittest.defaultTestLoader.loadTestsFromName("test." + sys.argv[1])
        done = support.get_test_runner(sys.stderr).run(tests)
        sys.exit(2 if not done.wasSuccessful() else 0)
""",
    "test_y.py": """
import os, unittest
class Y(unittest.TestCase):
    def test_a(self): pass
    def test_b(self): self.skipTest("not here")
    def test_c(self): self.assertEqual(1, 2)
    def test_d(self):
        with self.subTest(part=1):
            raise OSError("part")
    @unittest.expectedFailure
    def test_e(self): self.fail()
    def test_z(self): os._exit(7)
""",
}


def test_the_recorder_records(tmp_path: Path) -> None:
    """Every way a test can end is written down, and where a process that dies was."""
    for name, text in PACKAGE.items():
        path = tmp_path / "test" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    shutil.copy(suites_plan.RECORDER, tmp_path)
    words = [sys.executable, suites_plan.RECORDER.name, "results", "test_y"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 7, done.stderr
    found = suites.read_records((tmp_path / "results").read_text())
    kinds = {name.rpartition(".")[2]: result.what for name, result in found.items()}
    assert kinds == {
        "test_a": "ok",
        "test_b": "skipped",
        "test_c": "failed",
        "test_d": "error",
        "test_e": "ok",
        "test_z": "begun",
    }
    assert found["test.test_y.Y.test_d"].says == "(part=1): OSError: part"
