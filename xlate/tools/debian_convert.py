"""Which files of a guest's root are converted, in what order, and until when.

Runs say which programs and libraries they map (``--stats``); those are converted, each once, into
a store beside the roots. The order is greedy: next comes the invocation that lacks the fewest
bytes for each one that is complete then (Python's interpreter is large, but many wait for it), so
that after any time many invocations run with all their code converted. A file whose package is of
these sources and this content is passed over, so a call that was stopped is gone on with; within a
file the store's memo of functions does the same.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xlate.errors import MalformedInput
from xlate.package.format import decode_header
from xlate.package.key import fingerprint
from xlate.package.layout import PAGE
from xlate.package.store import Store

Say = Callable[[str], None]
TOGETHER = 500_000  # bytes of files that one process converts: starting one costs two seconds


def has_package(store: Store, file: Path) -> bool:
    """Say whether the store has a package of this file's content that these sources made."""
    path = store.find(file.read_bytes())
    if path is None:
        return False
    try:
        with path.open("rb") as package:
            return bool(decode_header(package.read(PAGE))["fingerprint"] == fingerprint())
    except (OSError, MalformedInput):
        return False


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


def in_groups(files: Iterable[Path], size: Mapping[Path, int]) -> Iterator[list[Path]]:
    """Yield the files in their order, small ones several together."""
    group: list[Path] = []
    for file in files:
        if group and _size((*group, file), size) > TOGETHER:
            yield group
            group = []
        group.append(file)
    if group:
        yield group


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
        number = 0
        for group in in_groups(in_order(wanted, there), there):
            left = self._end - time.monotonic()
            if left <= 0:
                self.over = True
                break
            names = " ".join(map(self._name, group))
            self.say(f"converting {number + 1} to {number + len(group)} of {len(missing)}: {names}")
            self._convert(group, left)
            number += len(group)

    def _on_host(self, name: str) -> Path:
        return Path(f"{self.tree}/{name.lstrip('/')}")

    def _name(self, path: Path) -> str:
        return f"/{path.relative_to(self.tree)}"

    def _convert(self, group: Sequence[Path], left: float) -> None:
        """Convert files in a process of their own, which gives all its memory back."""
        begun = time.monotonic()
        try:
            done = subprocess.run(
                [sys.executable, "-m", "xlate", "convert", "--quiet", *map(str, group)],
                env={**os.environ, "XLATE_CACHE": str(self.store.root), "XLATE_CACHE_MAX": "none"},
                capture_output=True,
                text=True,
                check=False,
                timeout=left,
            )
        except subprocess.TimeoutExpired:
            self.over = True
            self.say("time is over; the next call goes on there")
            return
        for path in group:
            name = self._name(path)
            self.tried.add(name)
            if has_package(self.store, path):
                self.done += 1
            else:
                self.failed[name] = self._why(done, path)
                self.say(f"{name}: {self.failed[name]}")
        self.say(f"  {time.monotonic() - begun:.0f} s")

    def _why(self, done: subprocess.CompletedProcess[str], path: Path) -> str:
        """Return what was said of a file, or last, with names as in the guest's root."""
        lines = done.stderr.strip().splitlines()
        own = [line for line in lines if str(path) in line] or lines[-1:] or ["(says nothing)"]
        return f"status {done.returncode}: {own[-1].replace(str(self.tree), '')[-300:]}"
