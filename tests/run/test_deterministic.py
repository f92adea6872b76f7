"""One order of threads for one number: failures repeat, other numbers give other orders.

The programs of ``corpus/turns`` are wrong on purpose: one loses updates, one loses a wake-up. Each
prints what must repeat, or stands still.
"""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path

import pytest

from corpus import build
from tests.run.self_checking import passes, program, sources

REPEATS = 50
SEARCH = "--deterministic=1..400"
FOUND = re.compile(r"xlate-run: --deterministic=(\d+): ")


class Threads:
    """A program of the folder under xlate-run, with numbers of its own choice."""

    def __init__(self, xlate_run: Path, binary: Path, cwd: Path) -> None:
        self.words = [str(xlate_run), "--tier", "baseline"]
        self.binary = binary
        self.cwd = cwd

    def run(self, *options: str) -> tuple[int, str, str]:
        """Return status, output and messages of one run."""
        done = subprocess.run(
            [*self.words, *options, str(self.binary)],
            capture_output=True,
            text=True,
            cwd=self.cwd,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def first_failing(self, status: int) -> int:
        """Return the number that the search finds; a smaller one does not fail."""
        code, _, messages = self.run(SEARCH)
        found = FOUND.search(messages)
        assert code == status, messages
        assert found, messages
        return int(found[1])


@pytest.fixture
def lost_update(xlate_run: Path, guest_cc: list[str], tmp_path: Path) -> Threads:
    """Return the program that loses updates."""
    (source,) = sources("turns", "lost_update.c")
    return Threads(xlate_run, build.build(program(source), "thumb", guest_cc), tmp_path)


def test_failure_repeats(lost_update: Threads) -> None:
    """The number that fails fails again and again, in every detail; another one passes so."""
    number = lost_update.first_failing(1)
    failing = {lost_update.run(f"--deterministic={number}") for _ in range(REPEATS)}
    passing = {lost_update.run(f"--deterministic={number - 1}") for _ in range(REPEATS)}
    assert [status for status, _, _ in failing] == [1]
    assert [status for status, _, _ in passing] == [0]
    assert failing.isdisjoint(passing)


def test_trace_repeats(lost_update: Threads) -> None:
    """Addresses, thread numbers, times and the order of calls are the same, byte for byte."""
    logs = {lost_update.run("--deterministic=3", "--strace")[2] for _ in range(10)}
    others = {lost_update.run(f"--deterministic={n}", "--strace")[2] for n in range(4, 8)}
    assert len(logs) == 1
    assert len(others) == 4
    assert logs.isdisjoint(others)
    assert "[pid 5000003] " in logs.pop()


def test_variable(lost_update: Threads, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable stands for the option; without a number it is 1."""
    monkeypatch.setenv("XLATE_DETERMINISTIC", "5")  # the guest's stack holds it as well
    five, one = lost_update.run("--deterministic=5"), lost_update.run("--deterministic=1")
    assert lost_update.run() == five
    assert lost_update.run("--deterministic") == one
    assert five != one


@pytest.mark.parametrize("value", ["x", "5..2", "1..", "..3", "1..2..3"])
def test_senseless_number(lost_update: Threads, value: str) -> None:
    """Only numbers and ascending ranges are taken."""
    status, output, messages = lost_update.run(f"--deterministic={value}")
    assert (status, output) == (2, "")
    assert "wants a number, or a range FIRST..LAST" in messages


def test_search_that_finds_nothing(lost_update: Threads) -> None:
    """Each number is run once, and the last line says that none failed."""
    number = lost_update.first_failing(1)
    status, output, messages = lost_update.run(f"--deterministic={number - 3}..{number - 1}")
    assert (status, output.count("\n")) == (0, 6)
    assert messages == (
        f"xlate-run: --deterministic={number - 1}: the last of the numbers, and no run failed\n"
    )


def test_chaos_repeats(lost_update: Threads) -> None:
    """Disturbances come out of the same numbers."""
    runs = {lost_update.run("--deterministic=3", "--chaos", "5") for _ in range(10)}
    assert len(runs) == 1


def test_standstill(xlate_run: Path, guest_cc: list[str], tmp_path: Path) -> None:
    """A lost wake-up is found, said, and ends the program."""
    (source,) = sources("turns", "lost_wake.c")
    threads = Threads(xlate_run, build.build(program(source), "thumb", guest_cc), tmp_path)
    number = threads.first_failing(-signal.SIGABRT)
    runs = {threads.run(f"--deterministic={number}") for _ in range(10)}
    assert len(runs) == 1
    status, output, messages = runs.pop()
    assert (status, output) == (-signal.SIGABRT, "")
    assert messages.startswith("xlate-run: deadlock: every thread waits for another, with --determ")
    assert threads.run(f"--deterministic={number - 1}") == (0, "ok lost_wake\n", "")


THREADED = [*sources("syscalls", "futex_*.c"), *sources("syscalls", "thread_*.c")]
#: Why a program cannot pass in turns.
NOT_IN_TURNS = {"thread_names": "a listing of /proc/self/task has the host's numbers"}


def _threaded(source: Path) -> object:
    """Return a program as a parameter; those that cannot pass must fail."""
    why = NOT_IN_TURNS.get(source.stem)
    marks = [pytest.mark.xfail(strict=True, reason=why)] if why else []
    return pytest.param(source, id=source.stem, marks=marks)


@pytest.mark.parametrize("source", [_threaded(source) for source in THREADED])
def test_threads_pass(source: Path, xlate_run: Path, guest_cc: list[str], tmp_path: Path) -> None:
    """What Linux promises to threads holds in turns, too."""
    binary = build.build(program(source), "thumb", guest_cc)
    passes([str(xlate_run), "--deterministic=20261121", str(binary)], source, tmp_path)


STRESS = sources("stress")


@pytest.mark.parametrize("source", STRESS, ids=lambda source: source.stem)
def test_stress_passes(source: Path, xlate_run: Path, guest_cc: list[str], tmp_path: Path) -> None:
    """So do threads under load, for a moment."""
    binary = build.build(program(source, ("-lrt",)), "thumb", guest_cc)
    passes([str(xlate_run), "--deterministic=7", str(binary), "0.2"], source, tmp_path)
