"""One order of threads for one number: failures repeat, other numbers give other orders.

Of the programs of ``corpus/turns`` some are wrong on purpose: one loses updates, others stand
still. The rest print what must repeat. What Linux promises holds as well: the programs of
``corpus/syscalls`` pass, but for those that look at what is the host's.
"""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from corpus import build
from tests.run.self_checking import passes, program, sources

REPEATS = 50
SEARCH = "--deterministic=1..400"
PORT = re.compile(r"htons\(\d+\)")
STANDSTILL = "xlate-run: deadlock: every thread waits for another, with --determ"
FOUND = re.compile(r"xlate-run: --deterministic=(\d+): ")


class Threads:
    """A program of the folder under xlate-run, with numbers of its own choice."""

    def __init__(self, xlate_run: Path, binary: Path, cwd: Path) -> None:
        self.words = [str(xlate_run), "--tier", "baseline"]
        self.binary = binary
        self.cwd = cwd

    def run(self, *options: str, args: tuple[str, ...] = ()) -> tuple[int, str, str]:
        """Return status, output and messages of one run."""
        done = subprocess.run(
            [*self.words, *options, str(self.binary), *args],
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
def make(xlate_run: Path, guest_cc: list[str], tmp_path: Path) -> Callable[[str], Threads]:
    """Return what builds a program of the folder by its name."""

    def built(name: str) -> Threads:
        (source,) = sources("turns", f"{name}.c")
        return Threads(xlate_run, build.build(program(source), "thumb", guest_cc), tmp_path)

    return built


@pytest.fixture
def lost_update(make: Callable[[str], Threads]) -> Threads:
    """Return the program that loses updates."""
    return make("lost_update")


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


def test_number_after_range(lost_update: Threads) -> None:
    """The last of several options counts, and nothing of those before it."""
    one = lost_update.run("--deterministic")
    assert lost_update.run("--deterministic=5..9", "--deterministic") == one
    assert lost_update.run("--deterministic=5..9", "--deterministic=1") == one


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


def test_standstill(make: Callable[[str], Threads]) -> None:
    """A lost wake-up is found, said, and ends the program."""
    threads = make("lost_wake")
    number = threads.first_failing(-signal.SIGABRT)
    runs = {threads.run(f"--deterministic={number}") for _ in range(10)}
    assert len(runs) == 1
    status, output, messages = runs.pop()
    assert (status, output) == (-signal.SIGABRT, "")
    assert messages.startswith(STANDSTILL)
    assert threads.run(f"--deterministic={number - 1}") == (0, "ok lost_wake\n", "")


@pytest.mark.parametrize(("where", "status"), [("forked", 0), ("shared", -signal.SIGABRT)])
def test_standstill_elsewhere(make: Callable[[str], Threads], where: str, status: int) -> None:
    """A child that stands still is told, by the user's number; one that is gone hides nothing."""
    code, _, messages = make("child_standstill").run("--deterministic=7", args=(where,))
    assert messages == f"{STANDSTILL}inistic=7; --strace shows where\n"
    assert code == status


def test_random_sources(make: Callable[[str], Threads]) -> None:
    """Random bytes repeat from every source, and no two sources or processes have the same."""
    threads = make("random_sources")
    runs = {threads.run("--deterministic=4") for _ in range(5)}
    assert len(runs) == 1
    status, output, messages = runs.pop()
    words = [line.split()[1] for line in output.splitlines()]
    assert (status, messages, len(words)) == (0, "", 32)
    assert len(set(words)) == len(words)
    other = threads.run("--deterministic=5")[1]
    assert not set(words) & {line.split()[1] for line in other.splitlines()}


def test_virtual_time(make: Callable[[str], Threads]) -> None:
    """No wait for another process moves the clock; the program itself looks at the rest."""
    threads = make("virtual_time")
    runs = {threads.run("--deterministic=4") for _ in range(8)}
    assert len(runs) == 1
    status, output, messages = runs.pop()
    assert (status, messages, output.count("answered")) == (0, "", 10)


def test_sends_repeat(xlate_run: Path, guest_cc: list[str], tmp_path: Path) -> None:
    """What is sent in parts and waits for room or a connection has its place in the order."""
    (source,) = sources("syscalls", "thread_sending.c")
    binary = build.build(program(source), "thumb", guest_cc)
    logs = set()
    for name in "abcde":
        folder = tmp_path / name
        folder.mkdir()
        _, output, log = Threads(xlate_run, binary, folder).run("--deterministic=6", "--strace")
        assert output == "ok thread_sending\n"
        logs.add(PORT.sub("PORT", log))  # the host gives them
    assert len(logs) == 1


#: Programs that do not pass in turns, and why: docs/limits.md names what is the host's.
DIFFER = {
    "clocks": "adjtimex tells the host's time",
    "epoll_calls": "structures of signalfd hold the host's numbers of processes",
    "fanotify_marks": "events of fanotify hold the host's numbers of processes",
    "file_times": "files have the host's times",
    "info_calls": "other processes use no time",
    "ioctl_calls": "a terminal's work queue takes real time, and sleeps take none",
    "ipc_calls": "System V objects have the host's times",
    "keyrings": "its names are of the process's number, which other runs have too",
    "mq_calls": "its names are of the process's number, which other runs have too",
    "msg_calls": "System V objects have the host's times",
    "proc_status": "directories of /proc hold the host's numbers of processes",
    "process_calls": "other processes use no time and no memory",
    "restarted_calls": "its timers run by the host's clock, its processes by clocks of their own",
    "sem_calls": "GETPID tells the host's number of a process",
    "signalfd_calls": "structures of signalfd hold the host's numbers of processes",
    "socket_times": "messages have the host's times",
    "sockets": "messages have the host's times",
    "struct_layouts": "files have the host's times",
    "system_info": "usage counts time only",
    "thread_names": "directories of /proc hold the host's numbers of threads",
    "unix_addresses": "its names are of the process's number, which other runs have too",
    "wait_variants": "other processes use no memory",
}
IN_TURNS = [source for source in sources("syscalls") if source.stem not in DIFFER]


@pytest.mark.parametrize("source", IN_TURNS, ids=lambda source: source.stem)
def test_system_calls_pass(
    source: Path, xlate_run: Path, guest_cc: list[str], tmp_path: Path
) -> None:
    """What Linux promises holds in turns, too."""
    binary = build.build(program(source), "thumb", guest_cc)
    passes([str(xlate_run), "--deterministic=20261121", str(binary)], source, tmp_path)


STRESS = sources("stress")


@pytest.mark.parametrize("source", STRESS, ids=lambda source: source.stem)
def test_stress_passes(source: Path, xlate_run: Path, guest_cc: list[str], tmp_path: Path) -> None:
    """So do threads under load, for a moment."""
    binary = build.build(program(source, ("-lrt",)), "thumb", guest_cc)
    passes([str(xlate_run), "--deterministic=7", str(binary), "0.2"], source, tmp_path)
