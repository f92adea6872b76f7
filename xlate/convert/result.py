"""What a conversion tells about itself: plain data that the command line prints."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from xlate.discovery.coverage import Coverage

T = TypeVar("T")

# Called as a stage goes on: stage, functions done, functions in all (0: not known yet).
Progress = Callable[[str, int, int], None]


def silent(stage: str, done: int, total: int) -> None:
    """A Progress that shows nothing."""


@dataclass(frozen=True)
class Cpu:
    """CPU seconds of this process, and of its children that have ended."""

    own: float
    workers: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.own + self.workers

    @classmethod
    def now(cls) -> Cpu:
        """Return what was used since the process began."""
        spent = [
            resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        ]
        return cls(*(used.ru_utime + used.ru_stime for used in spent))


@dataclass
class Clock:
    """Wall seconds by stage, and the CPU seconds of this process and of its ended workers."""

    seconds: dict[str, float] = field(default_factory=dict)
    _cpu: Cpu = field(default_factory=lambda: Cpu.now())

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what happens inside for a stage."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - start

    def of(self, name: str, items: Iterable[T]) -> Iterator[T]:
        """Pass items on, and count for a stage what it takes to make them."""
        iterator = iter(items)
        while True:
            with self.stage(name):
                try:
                    item = next(iterator)
                except StopIteration:
                    return
            yield item

    def cpu(self) -> Cpu:
        """Return the CPU seconds since the clock was made."""
        now = Cpu.now()
        return Cpu(now.own - self._cpu.own, now.workers - self._cpu.workers)


@dataclass(frozen=True)
class Translated:
    """What became host code: functions and instructions of the guest, bytes of the image."""

    functions: int
    instructions: int
    entries: int
    bytes: int


@dataclass(frozen=True)
class Conversion:
    """One file, converted: what was found, what came of it, and what was left to the baseline.

    ``refused`` counts functions that have no optimised code, ``left`` instructions at which
    optimised code goes back to the baseline tier; both by reason. ``mistakes`` are those of the
    refused on which our own code failed, by key. ``distrusted`` says why the runtime will not use
    the package where it is, and is empty where it will. ``evicted`` counts files that a full store
    lost for this one.
    """

    path: Path
    package: Path
    distrusted: str
    level: int
    fast: bool
    found: Coverage
    translated: Translated
    refused: dict[str, int]
    mistakes: tuple[tuple[int, str], ...]
    left: dict[str, int]
    observed: int
    memo_hits: int
    seconds: dict[str, float]
    cpu: Cpu
    evicted: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return everything as one JSON object."""
        return {
            "path": str(self.path),
            "package": str(self.package),
            "distrusted": self.distrusted,
            "level": self.level,
            "fp": "fast" if self.fast else "exact",
            "found": self.found.as_json(),
            "translated": asdict(self.translated),
            "refused": self.refused,
            "mistakes": [[f"{key:#x}", reason] for key, reason in self.mistakes],
            "left": self.left,
            "observed": self.observed,
            "memo_hits": self.memo_hits,
            "evicted": self.evicted,
            "seconds": {stage: round(spent, 3) for stage, spent in self.seconds.items()},
            "cpu_seconds": {
                "own": round(self.cpu.own, 3),
                "workers": round(self.cpu.workers, 3),
            },
        }
