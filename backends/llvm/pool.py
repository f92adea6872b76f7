"""Compiles functions in worker processes: batches, the memo, and what happens when LLVM dies.

A worker that aborts or takes too long loses its batch; halves of the batch find the function, which
is refused and stays with the baseline tier. What comes out does not depend on the number of workers
or on the batches.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from backends.llvm.memo import Memo, key_maker
from backends.llvm.modules import Normal, normalise
from backends.llvm.objects import ObjectCode, Refused
from backends.llvm.unit import FunctionText
from backends.llvm.worker import LENGTH, reason_in, send
from xlate.errors import MISTAKE, XlateError, as_mistake

Outcome = ObjectCode | Refused

LINES = 3000
MOST = 100
SECONDS = 60.0  # of a processor: what is refused must not depend on what else the machine does
PATIENCE = 20  # times as long by the clock, for a worker that does nothing at all
LOOK = 1.0  # seconds by the clock between looks at what a worker has used

_ROOT = Path(__file__).parents[2]
# LLVM allocates and frees megabytes a batch: kept in the process, that costs no system time, and
# in large pages 4 % less of its own.
_MALLOC = {"MALLOC_TOP_PAD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(256 << 20)}
_TUNABLES, _LARGE_PAGES = "GLIBC_TUNABLES", "glibc.malloc.hugetlb=1"


class _Died(Exception):
    """The worker is gone; the text says why."""


def _cpu_seconds(pid: int) -> float:
    """What a process has used of processors; 0 where that cannot be read."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Worker:
    """One process, started when it is first needed and again after it died."""

    def __init__(self, prelude: str, level: int, seconds: float) -> None:
        self._prelude, self._level, self._seconds = prelude, level, seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._begun = 0.0, 0.0  # by the clock and of a processor, when it was last asked
        self._lock = threading.Lock()

    def compile(self, batch: Sequence[Normal]) -> list[Outcome]:
        """Compile a batch; what kills the process is refused alone."""
        try:
            return self._ask(batch)
        except _Died as e:
            if self._closed or len(batch) == 1:
                return [Refused(str(e))] * len(batch)
        middle = len(batch) // 2
        return self.compile(batch[:middle]) + self.compile(batch[middle:])

    def stop(self) -> None:
        """End the process at once; may be called while another thread waits for it."""
        with self._lock:
            self._closed = True
            if self._process is not None:
                self._process.kill()

    def close(self) -> None:
        """End the process and wait for it."""
        self.stop()
        if self._process is not None:
            self._reap(self._process)
            self._words.close()
            self._process = None

    def _start(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closed:
                raise _Died("stopped")
            if self._process is None:
                path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
                tunables = ":".join(filter(None, (_LARGE_PAGES, os.environ.get(_TUNABLES))))
                self._words = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "backends.llvm.worker"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=self._words,
                    env={**os.environ, **_MALLOC, _TUNABLES: tunables, "PYTHONPATH": path},
                )
            return self._process

    def _ask(self, batch: Sequence[Normal]) -> list[Outcome]:
        process = self._start()
        assert process.stdin is not None
        self._begun = time.monotonic(), _cpu_seconds(process.pid)
        try:
            send(process.stdin, (self._level, self._prelude, list(batch)))
            (size,) = LENGTH.unpack(self._read(process, LENGTH.size))
            answer: list[Outcome] = pickle.loads(self._read(process, size))
        except TimeoutError:  # an OSError too, so it stands first
            self._bury(process)
            raise _Died(f"LLVM took more than {self._seconds:g} s") from None
        except (OSError, EOFError):
            raise _Died(self._bury(process)) from None
        return answer

    def _read(self, process: subprocess.Popen[bytes], size: int) -> bytes:
        assert process.stdout is not None
        out = bytearray()
        while len(out) < size:
            while not select.select([process.stdout], [], [], min(LOOK, self._seconds))[0]:
                if self._is_late(process.pid):
                    raise TimeoutError
            piece = os.read(process.stdout.fileno(), size - len(out))
            if not piece:
                raise EOFError
            out += piece
        return bytes(out)

    def _is_late(self, pid: int) -> bool:
        start, used = self._begun
        by_clock = time.monotonic() - start
        return by_clock >= PATIENCE * self._seconds or _cpu_seconds(pid) - used >= self._seconds

    def _bury(self, process: subprocess.Popen[bytes]) -> str:
        """Forget the process; returns why it died, in LLVM's words when it left any."""
        self._words.seek(0)
        process.kill()
        self._reap(process)
        words = self._words.read().decode(errors="replace")
        self._words.close()
        with self._lock:
            self._process = None
        if "ERROR: " in words:
            return f"LLVM aborts: {reason_in(words)}"
        if "Traceback" in words:  # a mistake of ours, which must not pass for one of LLVM's
            return f"{MISTAKE}in the worker: {words.strip().splitlines()[-1][:200]}"
        return "LLVM dies"

    def _reap(self, process: subprocess.Popen[bytes]) -> None:
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue  # what it did not read any more is of no use to anybody
        process.wait()


@dataclass
class _Batch:
    keys: list[bytes] = field(default_factory=list)
    functions: list[Normal] = field(default_factory=list)
    lines: int = 0

    def add(self, key: bytes, function: Normal) -> bool:
        """True when the batch is large enough."""
        self.keys.append(key)
        self.functions.append(function)
        self.lines += function.text.count("\n")
        return self.lines >= LINES or len(self.keys) >= MOST


# A worker for each kind of function: a process has one set of LLVM's switches.
Pair = tuple[Worker, Worker]


class _Crew:
    """Threads that each feed a worker at a time; results come back through a queue."""

    def __init__(self, workers: list[Pair]) -> None:
        self._workers = [worker for pair in workers for worker in pair]
        self._todo: queue.Queue[_Batch | None] = queue.Queue(len(workers))
        self.done: queue.SimpleQueue[tuple[_Batch, list[Outcome] | Exception]] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._serve, args=(w,), daemon=True) for w in workers
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End all workers at once, whatever they are doing."""
        for worker in self._workers:
            worker.stop()
        while not self._todo.empty():
            self._todo.get_nowait()
        for _ in self._threads:
            self._todo.put(None)
        for thread in self._threads:
            thread.join()
        for worker in self._workers:
            worker.close()

    def give(self, batch: _Batch) -> None:
        """Hand a batch to whoever is free next."""
        self._todo.put(batch)

    def _serve(self, pair: Pair) -> None:
        while (batch := self._todo.get()) is not None:
            try:
                worker = pair[batch.functions[0].joins]
                self.done.put((batch, worker.compile(batch.functions)))
            except Exception as e:  # told to the owner, who raises it
                self.done.put((batch, e))


class _Job:
    """Functions on their way: equal texts are compiled once, whatever they are called."""

    def __init__(
        self, crew: _Crew, memo: Memo | None, progress: Callable[[int], None] | None
    ) -> None:
        self.crew, self.memo, self.progress = crew, memo, progress
        self.results: dict[str, Outcome | None] = {}
        self._known: dict[bytes, Outcome] = {}
        self._waiting: dict[bytes, list[tuple[str, tuple[str, ...]]]] = {}
        self._batches = {False: _Batch(), True: _Batch()}  # by what kind of functions they are of
        self._out = 0

    def add(self, name: str, key: bytes, function: Normal) -> None:
        """Take one function."""
        self.results[name] = None  # keeps the order of the input
        waiting = self._waiting.get(key)
        if waiting is not None:
            waiting.append((name, function.callees))
            return
        found = self._known.get(key) or (self.memo.get(key) if self.memo else None)
        if found is not None:
            self._known[key] = found
            self._finish(name, function.callees, found)
            return
        self._waiting[key] = [(name, function.callees)]
        if self._batches[function.joins].add(key, function):
            self._send(function.joins)
        while self._out and not self.crew.done.empty():
            self.collect()

    def refuse(self, name: str, reason: str) -> None:
        """Take a function that cannot be compiled."""
        self._finish(name, (), Refused(reason))

    def flush(self) -> None:
        """Send the batches that are being filled."""
        for joins in self._batches:
            self._send(joins)

    def _send(self, joins: bool) -> None:
        if self._batches[joins].keys:
            self._out += 1
            self.crew.give(self._batches[joins])
        self._batches[joins] = _Batch()

    def collect(self) -> None:
        """Take one finished batch."""
        batch, outcomes = self.crew.done.get()
        self._out -= 1
        if isinstance(outcomes, Exception):
            raise outcomes
        for key, outcome in zip(batch.keys, outcomes, strict=True):
            if self.memo and isinstance(outcome, ObjectCode):
                self.memo.put(key, outcome)
            self._known[key] = outcome
            for name, callees in self._waiting.pop(key):
                self._finish(name, callees, outcome)

    def collect_all(self) -> None:
        """Wait for every batch."""
        while self._out:
            self.collect()

    def _finish(self, name: str, callees: tuple[str, ...], outcome: Outcome) -> None:
        if isinstance(outcome, ObjectCode):
            outcome = replace(outcome, callees=callees)
        self.results[name] = outcome
        if self.progress is not None:
            self.progress(1)


def compile_functions(
    functions: Iterable[FunctionText],
    prelude: str,
    *,
    level: int,
    jobs: int,
    memo: Memo | None = None,
    progress: Callable[[int], None] | None = None,
    seconds: float = SECONDS,
) -> dict[str, Outcome]:
    """Compile functions while they are still being made; by name, in the order they came.

    ``progress`` hears of each number of functions that were finished. An exception of the iterable,
    an interrupt included, ends all workers at once.
    """
    key_of = key_maker(prelude, level)
    workers = [
        (Worker(prelude, level, seconds), Worker(prelude, level, seconds))
        for _ in range(max(1, jobs))
    ]
    with contextlib.closing(_Crew(workers)) as crew:
        job = _Job(crew, memo, progress)
        for function in functions:
            try:
                normal = normalise(function)
            except (XlateError, AssertionError, LookupError, ValueError) as error:
                job.refuse(function.name, as_mistake(error))
                continue
            job.add(function.name, key_of(normal), normal)
        job.flush()
        job.collect_all()
    return {name: outcome for name, outcome in job.results.items() if outcome is not None}
