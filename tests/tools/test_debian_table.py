"""What is converted for Debian's cases and in what order, what is kept, what the page says."""

from __future__ import annotations

import subprocess
from pathlib import Path

import click.testing
import pytest

from xlate.batch import current
from xlate.errors import Inconsistent
from xlate.package.store import Store
from xlate.tools import debian_page, debian_table
from xlate.tools import debian_run as debian
from xlate.tools.debian_convert import Conversions, has_package, in_order
from xlate.tools.debian_page import Part
from xlate.tools.debian_results import (
    BASELINE,
    FIRST,
    SECOND,
    Module,
    Outcome,
    Ran,
    Results,
    modules_of,
)
from xlate.tools.debian_run import ARMHF, Case, Plan

PROGRAM = 'void _start(void) { asm volatile("mov r7, #1; mov r0, #%d; svc #0"); }'
FLAGS = ("-O1", "-static", "-nostdlib", "-ffreestanding", "-x", "c", "-")


@pytest.fixture
def tree(guest_cc: list[str], tmp_path: Path) -> Path:
    """Return a root with two programs and a text."""
    folder = tmp_path / "root" / "bin"
    folder.mkdir(parents=True)
    for number, name in enumerate(("one", "two")):
        command = [*guest_cc, *FLAGS, "-o", str(folder / name)]
        subprocess.run(command, input=PROGRAM % number, text=True, check=True, timeout=60)
    (folder / "text").write_text("no program")
    return folder.parent


@pytest.mark.needs_guest_cc
def test_only_what_lacks_a_package_is_converted(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second call converts nothing, other sources convert again; failures are told."""
    said: list[str] = []
    store = Store(tmp_path / "store")

    def call(*needed: frozenset[str], seconds: float = 60) -> Conversions:
        conversions = Conversions(tree, store, seconds, said.append)
        conversions.run(needed)
        return conversions

    assert call(frozenset({"/bin/one"}), seconds=0).over
    assert not has_package(store, tree / "bin/one")
    first = call(frozenset({"/bin/one", "/tmp/gone"}))
    assert (first.done, first.over, first.failed) == (1, False, {})
    assert first.tried == {"/bin/one"}
    assert has_package(store, tree / "bin/one")
    both = frozenset({"/bin/one", "/bin/two", "/bin/text"})
    second = call(both)
    assert second.done == 1
    assert list(second.failed) == ["/bin/text"]
    assert "not an ELF file" in second.failed["/bin/text"]
    assert str(tree) not in second.failed["/bin/text"]
    assert second.tried == {"/bin/text", "/bin/two"}
    assert "converting 2 of 3 files" in said
    assert any(line.startswith("2 of 2: /bin/") for line in said)
    assert call(frozenset({"/bin/one", "/bin/two"})).done == 0
    monkeypatch.setattr(current, "fingerprint", lambda: b"of other sources")
    assert not has_package(store, tree / "bin/one")


def test_many_invocations_are_complete_early() -> None:
    """Small sets come first, unless a large one completes many; what is shared counts once."""
    a, b, c, d = (Path(name) for name in "abcd")
    size = {a: 5, b: 1, c: 10, d: 4}
    wanted = [frozenset({c, d}), frozenset({a, b}), frozenset({a, d})]
    assert list(in_order(wanted, size)) == [b, a, d, c]
    assert list(in_order([frozenset({a}), *[frozenset({c})] * 3], size)) == [c, a]
    assert not list(in_order([frozenset()], size))


def test_results_are_kept(tmp_path: Path) -> None:
    """What was run is read back as it was; a case without a run is no result."""
    path = tmp_path / "results.json"
    results = Results(path)
    ran = Ran(1.5, "status 1, not 0: oops", "abc", (Module("/bin/a", "hit"),))
    results.outcome("armhf", "case", "package").ran[BASELINE] = ran
    results.outcome("armhf", "other", "package")
    results.converted("armhf", {"/bin/a", "/bin/b", "/bin/c"}, {"/bin/b": "why", "/bin/c": "why"})
    results.converted("armhf", {"/bin/a", "/bin/b"}, {"/bin/a": "new"})
    results.save()
    again = Results(path)
    assert again.failed == {"armhf": {"/bin/c": "why", "/bin/a": "new"}}
    assert again.of("armhf", ["other", "case", "nothing"]) == [
        Outcome("case", "package", {BASELINE: ran})
    ]
    assert not again.outcome("armhf", "case", "package").passes
    again.forget("armhf")
    assert (again.worlds, again.failed) == ({}, {})


def test_modules_are_read_from_statistics(tmp_path: Path) -> None:
    """Each file and state once; a run that was killed before its statistics has none."""
    stats = tmp_path / "stats.json"
    assert modules_of(stats) == ()
    rows = ", ".join(['{"file": "/bin/a", "state": "hit"}'] * 2 + ['{"file": "", "state": "none"}'])
    stats.write_text(f'{{"packages": [{rows}]}}')
    assert modules_of(stats) == (Module("/bin/a", "hit"),)
    stats.write_text('{"packages": [')
    assert modules_of(stats) == ()


def test_the_page_says_what_was_not_converted() -> None:
    """Whole and partial conversion, differences and missing files stand there."""
    whole = Ran(1.0, "", "abc", (Module("/lib/c.so", "hit"), Module("/bin/a", "hit")))
    rows = (Module("/lib/c.so", "hit"), Module("/bin/b", "none"), Module("/bin/b", "left: why"))
    part = Ran(1.0, "stdout: line 1 is 'x', not 'y'", "abd", rows)
    outcomes = [
        Outcome("first", "a", {BASELINE: whole, FIRST: whole, SECOND: whole}),
        Outcome("second", "b", {BASELINE: whole, FIRST: whole, SECOND: part}),
    ]
    cases = [Case("first", "a", ("a",)), Case("second", "b", ("b",), differs="it is known")]
    versions = {"a": {"version": "1.0"}}
    failed = {"/bin/c": "status 1: /bin/c: too\nlong"}
    rows_of = list(zip(cases, outcomes, strict=True))
    assert "Could not be converted" not in debian_page.page([Part(ARMHF, rows_of, versions)])
    text = debian_page.page([Part(ARMHF, rows_of, versions, failed)])
    assert "\nCould not be converted:\n\n- `/bin/c`: status 1: /bin/c: too long\n" in text
    assert "at commit abc, abd;" in text
    assert "- converted: 2 of 2 invocations of 2 packages agree; 2 with all" in text
    assert "2nd run: 1 of 2 invocations of 2 packages agree; 1 with all their programs" in text
    assert "1 with some; in 1 a process leaves the optimised tier, since" in text
    assert "`second` (b; converted, 2nd run): it is known. Seen: stdout: line 1" in text
    assert "b (1).\n" in text
    assert "| a | 1.0 | first | 1 of 1 | 1 of 1 | 1 of 1 | 2 of 2 |" in text
    assert "| b |  | second | 1 of 1 | 1 of 1 | 0 of 1 | 1 of 2 |" in text


def _main(*words: str) -> click.testing.Result:
    return click.testing.CliRunner().invoke(debian_table.main, words)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the tool have one case, of a program of this machine on both sides; return its folder."""
    case = Case("says", "shell", ("/bin/sh", "-c", "echo it"))
    monkeypatch.setattr(debian, "load", lambda: Plan((), (), {}, (case,)))
    monkeypatch.setattr(debian, "TREES", tmp_path)
    monkeypatch.setattr(debian, "native_words", lambda _tree: [])
    monkeypatch.setattr(debian, "guest_words", lambda *_: [])
    monkeypatch.setattr(debian_table, "make_world", lambda *_: None)
    monkeypatch.setattr(debian_table, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(debian_table, "STORE", tmp_path / "store")
    monkeypatch.setattr(debian_table.runtime, "find", lambda: Path("xlate-run"))
    return tmp_path


def test_names_that_are_nothing_are_a_mistake(world: Path) -> None:
    """Each word must name a case or a package; a run of nothing is no success."""
    for words in (("says", "oops"), ("oops",)):
        done = _main(*words)
        assert done.exit_code == 2
        assert "no case or package of armhf is called oops" in done.output
    assert not (world / "results.json").exists()
    for name in ("says", "shell"):
        assert _main(name).exit_code == 0
    assert Results(world / "results.json").of("armhf", ["says"])[0].passes


def test_a_failed_conversion_is_no_success(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be converted stands in the results, and the exit status is 1."""
    (world / "armhf").mkdir()
    (world / "armhf" / "text").write_text("no program")
    monkeypatch.setattr(debian_table.Run, "needed", lambda _run: [frozenset({"/text"})])
    done = _main("--minutes", "1", "says")
    assert done.exit_code == 1
    assert [*Results(world / "results.json").failed["armhf"]] == ["/text"]


def test_a_broken_file_of_cases_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong with it is said, without a traceback."""

    def broken() -> Plan:
        raise Inconsistent("cases.toml: names used twice: a")

    monkeypatch.setattr(debian, "load", broken)
    done = _main("says")
    assert (done.exit_code, done.output) == (1, "debian_table: cases.toml: names used twice: a\n")
