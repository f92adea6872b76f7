"""Processes that convert: their order, their number, their ends; nothing is translated here."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from xlate.batch import crew as crews
from xlate.batch.crew import Crew, Failure
from xlate.errors import MalformedInput

# pytest-xdist has a thread of its own; `xlate` has none when it forks.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def describe(error: Exception) -> tuple[str, int]:
    return f"{type(error).__name__}: {error}", 1


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """Return four files; what is written to them says in which order they were begun."""
    for number in range(4):
        (tmp_path / str(number)).write_bytes(bytes(1000))
    return [tmp_path / str(number) for number in range(4)]


def outcomes(crew: Crew, paths: Sequence[Path]) -> dict[str, object]:
    return {finished.path.name: finished.result for finished in crew.convert(paths)}


def alive(path: Path) -> bool:
    """Say whether the process whose number is in a file is there, and no zombie."""
    try:
        stat = Path(f"/proc/{path.read_text()}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_all_are_done_and_bad_ones_cost_nobody_else(paths: list[Path]) -> None:
    def work(path, jobs, show):
        if path.name == "1":
            raise MalformedInput("no program", "text")
        if path.name == "2":
            os.kill(os.getpid(), signal.SIGKILL)
        if path.name == "3":
            os._exit(7)
        return path.name

    found = outcomes(Crew(work, describe, 2), paths)
    assert found == {
        "0": "0",
        "1": Failure("MalformedInput: no program (text)", 1),
        "2": Failure("its process was ended by SIGKILL, out of memory?", 125),
        "3": Failure("its process ended without a word, status 7", 125),
    }


@pytest.mark.parametrize(
    ("jobs", "given"), [(1, [1, 1, 1, 1]), (4, [2, 2, 2, 2]), (10, [2, 2, 2, 4])]
)
def test_workers_are_shared_out(paths: list[Path], jobs: int, given: list[int]) -> None:
    """Two for each file while others wait, never more than may be; the rest for the last."""

    def work(path, jobs, show):
        time.sleep(0.3)
        return jobs

    found = outcomes(Crew(work, describe, jobs), paths)
    assert [found[path.name] for path in paths] == given


def test_files_whose_memory_is_not_there_wait(
    paths: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crews, "memory", lambda: 0)
    began: list[int] = []

    def work(path, jobs, show):
        time.sleep(0.05)
        return time.monotonic()

    crew = Crew(work, describe, 8, lambda done, total, names: began.append(len(names)))
    assert len(outcomes(crew, paths)) == 4
    assert max(began) <= 1


def test_progress_is_of_bytes(paths: list[Path]) -> None:
    seen: list[tuple[float, float]] = []

    def work(path, jobs, show):
        show("compiling", 1, 2)
        time.sleep(0.3)

    crew = Crew(work, describe, 2, lambda done, total, names: seen.append((done, total)))
    outcomes(crew, paths[:1])
    assert (500.0, 1000.0) in seen
    assert seen[-1] == (1000.0, 1000.0)


def test_time_that_is_over_ends_processes(paths: list[Path], tmp_path: Path) -> None:
    def work(path, jobs, show):
        (tmp_path / "pid").write_text(str(os.getpid()))
        time.sleep(60)

    crew = Crew(work, describe, 2, until=time.monotonic() + 0.5)
    assert outcomes(crew, paths[:1]) == {}
    assert crew.over
    assert not alive(tmp_path / "pid")


def test_who_stops_listening_leaves_nobody_behind(paths: list[Path], tmp_path: Path) -> None:
    """A process that ends its own workers gets the time for it."""

    def work(path, jobs, show):
        if path.name == "0":
            return
        (tmp_path / "pid").write_text(str(os.getpid()))
        try:
            time.sleep(60)
        finally:
            (tmp_path / "ended").write_text("well")

    listening = Crew(work, describe, 4).convert(paths[:2])
    assert next(listening).path.name == "0"
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        time.sleep(0.01)
    with pytest.raises(KeyboardInterrupt):
        listening.throw(KeyboardInterrupt())
    assert (tmp_path / "ended").read_text() == "well"
    assert not alive(tmp_path / "pid")


def test_memory_is_that_of_the_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(crews, "GROUP_MEMORY", limit)
    for text, found in (("12345\n", 12345), ("max\n", machine), (f"{machine * 2}\n", machine)):
        limit.write_text(text)
        assert crews.memory() == found
    limit.unlink()
    assert crews.memory() == machine
