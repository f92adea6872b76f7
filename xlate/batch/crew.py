"""Several files at once, each in a process of its own that gives all its memory back.

A file's conversion lifts in one process, which no number of workers makes faster, so processors are
filled by files abreast: each gets two workers, the last ones more. What kills one of the processes
costs its file only. Processes are forked from one that has everything loaded and no thread; whoever
watches progress must not start any. When the owner stops, by an exception or for want of time, they
are ended; what they had not yet put into place is as if they had never begun.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import NoReturn

from xlate.convert.result import Conversion, Progress

LOOK = 0.2  # seconds between looks at the time while nobody says anything
PATIENCE = 5.0  # seconds for a process to end its workers
TELL = 0.1  # seconds between two words of one process about its progress
WORKERS = 2  # for each file while there are many: one process lifts as fast as two compile
# Resident memory of a conversion, measured: a part that does not depend on the file, and the rest
# by its size.
OWN_MEMORY, MEMORY_PER_BYTE = 400 << 20, 250
GROUP_MEMORY = Path("/sys/fs/cgroup/memory.max")
_PR_SET_PDEATHSIG = 1

Work = Callable[[Path, int, Progress], Conversion]
Describe = Callable[[Exception], tuple[str, int]]


@dataclass(frozen=True)
class Failure:
    """Why a file has no package: one line, and the exit status that it is worth."""

    why: str
    status: int


@dataclass(frozen=True)
class Finished:
    """What became of one file."""

    path: Path
    result: Conversion | Failure


@dataclass
class _Busy:
    """A process and the file it is at."""

    path: Path
    memory: int
    workers: int
    process: ForkProcess
    pipe: Connection
    part: float = 0.0  # of the file that is done


@dataclass
class Crew:
    """Converts files with ``work``; what it raises becomes a line by ``describe``.

    ``show`` hears how much of how much is done, in bytes of files, and the names that are being
    worked at. ``until`` is a time.monotonic() at which to stop. Who may leave the loop over
    ``convert`` early closes it.
    """

    work: Work
    describe: Describe
    jobs: int
    show: Callable[[float, float, Sequence[str]], None] = lambda done, total, names: None
    until: float = float("inf")
    own_failure: int = 125
    over: bool = False  # time ended before the work
    _busy: list[_Busy] = field(default_factory=list)
    _done: float = 0.0

    def convert(self, paths: Sequence[Path]) -> Generator[Finished, None, None]:
        """Yield what becomes of each file, as they finish; the first of them begin first."""
        sizes = {path: _size(path) for path in paths}
        total = float(sum(sizes.values()))
        todo = list(reversed(paths))
        self._done = 0.0
        try:
            while todo or self._busy:
                while todo and not self._late() and self._has_room(sizes[todo[-1]]):
                    path = todo.pop()
                    self._start(path, sizes[path], self._workers(len(todo)))
                if self._late():
                    self.over = True
                    return
                self._tell(total, sizes)
                for finished in self._listen():
                    self._done += sizes[finished.path]
                    yield finished
            self._tell(total, sizes)
        finally:
            self._stop()

    def _late(self) -> bool:
        return time.monotonic() >= self.until

    def _workers(self, left: int) -> int:
        """Return how many workers a file gets that so many wait behind."""
        free = self.jobs - sum(one.workers for one in self._busy)
        return max(1, min(free, WORKERS) if left else free)

    def _has_room(self, size: int) -> bool:
        """Say whether one more may begin: processors, and half of the memory, are for all."""
        if not self._busy:
            return True
        if sum(one.workers for one in self._busy) >= self.jobs:
            return False
        return sum(one.memory for one in self._busy) + memory_for(size) <= memory() // 2

    def _start(self, path: Path, size: int, workers: int) -> None:
        mine, its = multiprocessing.Pipe(duplex=False)
        process = multiprocessing.get_context("fork").Process(
            target=self._serve, args=(path, workers, mine, its), name=path.name
        )
        process.start()
        its.close()
        self._busy.append(_Busy(path, memory_for(size), workers, process, mine))

    def _serve(self, path: Path, workers: int, mine: Connection, its: Connection) -> None:
        """Convert one file; the life of a process."""
        mine.close()
        _prepare()
        told = 0.0

        def show(stage: str, done: int, total: int) -> None:
            nonlocal told
            if total and time.monotonic() - told >= TELL:
                told = time.monotonic()
                its.send(done / total)

        try:
            its.send(self.work(path, workers, show))
        except Exception as error:  # a mistake of ours, too, costs this file and not the others
            its.send(Failure(*self.describe(error)))

    def _listen(self) -> Iterator[Finished]:
        """Yield who finished, after at most LOOK."""
        ready = wait([one.pipe for one in self._busy], LOOK)
        for one in [one for one in self._busy if one.pipe in ready]:
            try:
                said = one.pipe.recv()
            except (EOFError, OSError):
                one.process.join()
                said = Failure(_how_it_ended(one.process.exitcode), self.own_failure)
            if isinstance(said, float):
                one.part = said
                continue
            self._bury(one)
            yield Finished(one.path, said)

    def _bury(self, one: _Busy) -> None:
        self._busy.remove(one)
        one.process.join()
        one.pipe.close()
        one.process.close()

    def _tell(self, total: float, sizes: dict[Path, int]) -> None:
        part = sum(one.part * sizes[one.path] for one in self._busy)
        self.show(self._done + part, total, [one.path.name for one in self._busy])

    def _stop(self) -> None:
        """End those that are at work, gently first: each has workers of its own to end."""
        for one in self._busy:
            one.process.terminate()
        end = time.monotonic() + PATIENCE
        for one in list(self._busy):
            one.process.join(max(0.0, end - time.monotonic()))
            if one.process.exitcode is None:
                one.process.kill()
            self._bury(one)


def _size(path: Path) -> int:
    """Return a file's size, and 1 where it has none or is gone: a share that is done is one."""
    try:
        return max(1, path.stat().st_size)
    except OSError:
        return 1


def memory_for(size: int) -> int:
    """Return how much memory the conversion of a file of so many bytes may need."""
    return OWN_MEMORY + MEMORY_PER_BYTE * size


def memory() -> int:
    """Return how much memory the machine, or the group that this process is in, has."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        return min(machine, int(GROUP_MEMORY.read_text()))
    except (OSError, ValueError):  # no such group, or "max"
        return machine


def _how_it_ended(exitcode: int | None) -> str:
    if exitcode is None or exitcode >= 0:
        return f"its process ended without a word, status {exitcode}"
    name = signal.Signals(-exitcode).name
    return f"its process was ended by {name}" + (", out of memory?" if name == "SIGKILL" else "")


def _prepare() -> None:
    """Make signals what a process with workers needs; Ctrl-C is the owner's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    # An owner that is killed leaves nobody behind; where this is refused, files are finished.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _end(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)
