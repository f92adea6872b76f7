"""Runs programs with stores in a known state: CPU time, statistics, which units are kept.

CPU time is user and system time of the process and of children it waited for, so it holds what
saving costs at the end but not the process that saves much, which nobody waits for; ``settled``
waits for that one.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xlate.errors import MalformedInput
from xlate.package.layout import PAGE, STOCK, STOCK_FOLDER, STOCK_SUFFIX, STOCK_UNIT

# A file that changed as short ago as this may change again within the same tick of the clock.
QUIET = 0.06

Units = frozenset[tuple[str, int]]  # of kept code: the file's name in the store, key


def cpu(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Milliseconds that a run took; raises MalformedInput where it does not end well."""
    with tempfile.TemporaryFile() as errors:
        null = os.open(os.devnull, os.O_RDWR)
        try:
            pid = os.posix_spawnp(
                command[0],
                list(command),
                dict(environment),
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, null, 0),
                    (os.POSIX_SPAWN_DUP2, null, 1),
                    (os.POSIX_SPAWN_DUP2, errors.fileno(), 2),
                ],
            )
        finally:
            os.close(null)
        _, status, usage = os.wait4(pid, 0)
        errors.seek(0)
        said = errors.read(400).decode(errors="replace").strip()
    if status:
        code = os.waitstatus_to_exitcode(status)
        raise MalformedInput(" ".join(command[:6]), f"ended with {code}: {said}")
    return 1000 * (usage.ru_utime + usage.ru_stime)


def median(command: Sequence[str], environment: Mapping[str, str], rounds: int) -> float:
    """The middle one of several runs."""
    return statistics.median(cpu(command, environment) for _ in range(rounds))


def statistics_of(
    command: Callable[[Sequence[str]], list[str]], environment: Mapping[str, str]
) -> dict[str, int]:
    """The counters of one more run; ``command`` makes it from options of xlate-run."""
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "stats.json"
        cpu(command(["--stats=json", "--stats-file", str(out)]), environment)
        found = json.loads(out.read_text(encoding="utf-8"))
    return {name: value for name, value in found.items() if isinstance(value, int)}


# --- stores ---------------------------------------------------------------------------------


def settled(store: Path, runner: Path) -> None:
    """Wait until nobody writes kept code any more, and what there is may be used.

    What is much is written by a process that nobody can wait for; it is looked for by ``runner``.
    """
    while _runs(runner):
        time.sleep(QUIET / 10)
    before: list[tuple[str, int]] | None = None
    while before is None or (now := _listing(store)) != before:
        before = _listing(store) if before is None else now
        time.sleep(QUIET)


def _runs(runner: Path) -> bool:
    """Whether any process executes this file."""
    for link in Path("/proc").glob("[0-9]*/exe"):
        with contextlib.suppress(OSError):  # it has ended, or is somebody else's
            if link.readlink() == runner:
                return True
    return False


def _listing(store: Path) -> list[tuple[str, int]]:
    folder = store / STOCK_FOLDER
    if not folder.is_dir():
        return []
    found = []
    for path in folder.iterdir():
        try:
            found.append((path.name, path.stat().st_mtime_ns))
        except FileNotFoundError:  # it was a writer's, and is in its place now
            found.append((path.name, 0))
    return sorted(found)


def emptied(store: Path) -> Path:
    """The store with nothing in it."""
    shutil.rmtree(store, ignore_errors=True)
    store.mkdir(mode=0o700, parents=True)
    return store


def copied(store: Path, to: Path) -> Path:
    """Another store with the same in it."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(store, to)
    return to


@dataclass(frozen=True)
class Kept:
    """What a store holds: units by file and key, bytes of code and of whole files."""

    units: Units
    code: int
    size: int


def kept(store: Path) -> Kept:
    """Read a store's files of kept code."""
    units: set[tuple[str, int]] = set()
    code = size = 0
    folder = store / STOCK_FOLDER
    for path in sorted(folder.glob(f"*{STOCK_SUFFIX}")) if folder.is_dir() else ():
        data = path.read_bytes()
        header = STOCK.unpack(data)
        count, image = header["units"], header["image_size"]
        assert isinstance(count, int)
        assert isinstance(image, int)
        at = PAGE + (image + PAGE - 1) // PAGE * PAGE
        row = STOCK_UNIT.codec.size
        for number in range(count):
            unit = STOCK_UNIT.unpack(data[at + row * number : at + row * (number + 1)])
            assert isinstance(unit["key"], int)
            units.add((path.name, unit["key"]))
        code += image
        size += len(data)
    return Kept(frozenset(units), code, size)
