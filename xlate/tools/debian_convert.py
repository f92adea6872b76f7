"""Which files of a guest's root are converted, in what order, and until when.

Runs say which programs and libraries they map (``--stats``); those are converted, each once, into
a store beside the roots. The order is greedy: next comes the invocation that lacks the fewest
bytes for each one that is complete then (Python's interpreter is large, but many wait for it), so
that after any time many invocations run with all their code converted. A file whose package is
current is passed over, so a call that was stopped is gone on with; within a file the store's memo
of functions does the same.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from xlate.batch.crew import Crew, Failure, Finished
from xlate.batch.current import is_current
from xlate.convert.program import DEFAULT_LEVEL, Job, convert, processors
from xlate.convert.result import Conversion, Progress
from xlate.convert.target import Target
from xlate.package.gc import NO_CAP, VARIABLE
from xlate.package.store import Store

Say = Callable[[str], None]


def why(error: Exception) -> tuple[str, int]:
    """Return the reason for which a file has no package, and a status that nobody asks for."""
    return str(error) or type(error).__name__, 1


def has_package(store: Store, file: Path) -> bool:
    """Say whether the store has a package of this file's content that these sources made."""
    return is_current(Target(store), file.read_bytes(), level=DEFAULT_LEVEL, fast=False)


def in_order(wanted: Collection[frozenset[Path]], size: Mapping[Path, int]) -> Iterator[Path]:
    """Yield files so that the sets they belong to become complete as early as possible."""
    left = [set(files) for files in wanted]
    while left := [files for files in left if files]:
        prices = [_size(files, size) / sum(other <= files for other in left) for files in left]
        nearest = set(left[prices.index(min(prices))])
        for file in sorted(nearest, key=lambda file: (size[file], file)):
            yield file
            for files in left:
                files.discard(file)


def _size(files: Iterable[Path], size: Mapping[Path, int]) -> int:
    return sum(size[file] for file in files)


@dataclass
class Conversions:
    """What a call has converted; ``failed`` has the reason for each file it tried in vain."""

    tree: Path
    store: Store
    seconds: float
    say: Say
    done: int = 0
    over: bool = False

    def __post_init__(self) -> None:
        self.failed: dict[str, str] = {}
        self.tried: set[str] = set()
        self._end = time.monotonic() + self.seconds

    def run(self, needed: Collection[frozenset[str]]) -> None:
        """Convert what invocations need, given as sets of guest paths, until time is over."""
        files = {name: self._on_host(name) for names in needed for name in names}
        there = {path: path.stat().st_size for path in {*files.values()} if path.is_file()}
        missing = {path for path in there if not has_package(self.store, path)}
        wanted = [frozenset(files[name] for name in names) & missing for names in needed]
        paths = list(in_order(wanted, there))
        self.say(f"converting {len(paths)} of {len(there)} files")
        os.environ[VARIABLE] = NO_CAP  # what the cases need is more than a user's store may have
        crew = Crew(self._convert, why, processors(), until=self._end)
        with closing(crew.convert(paths)) as all_finished:
            for number, finished in enumerate(all_finished, 1):
                self._note(finished, f"{number} of {len(paths)}")
        self.over = crew.over
        if self.over:
            self.say("time is over; the next call goes on there")

    def _convert(self, path: Path, jobs: int, show: Progress) -> Conversion:
        return convert(Job(path, Target(self.store), jobs=jobs, show=show))

    def _note(self, finished: Finished, which: str) -> None:
        name = self._name(finished.path)
        self.tried.add(name)
        if isinstance(finished.result, Failure):
            self.failed[name] = finished.result.why.replace(str(self.tree), "")[-300:]
            self.say(f"{which}: {name}: {self.failed[name]}")
            return
        self.done += 1
        self.say(f"{which}: {name}, CPU {finished.result.cpu.total:.0f} s")
        for key, mistake in finished.result.mistakes:
            self.failed[name] = f"the function at {key & ~1:#x}: {mistake}"
            self.say(f"{name}: {self.failed[name]}")

    def _on_host(self, name: str) -> Path:
        return Path(f"{self.tree}/{name.lstrip('/')}")

    def _name(self, path: Path) -> str:
        return f"/{path.relative_to(self.tree)}"
