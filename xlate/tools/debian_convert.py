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
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from xlate.errors import MalformedInput
from xlate.package.format import decode_header
from xlate.package.key import fingerprint
from xlate.package.layout import PAGE
from xlate.package.store import Store

Say = Callable[[str], None]


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

    def price(files: set[Path]) -> float:
        completed = sum(other <= files for other in left)
        return sum(size[file] for file in files) / completed

    while left := [files for files in left if files]:
        nearest = set(min(left, key=price))
        for file in sorted(nearest, key=lambda file: (size[file], file)):
            yield file
            for files in left:
                files.discard(file)


@dataclass
class Conversions:
    """What a call has converted; ``failed`` has the reason for each file that could not be."""

    tree: Path
    store: Store
    seconds: float
    say: Say
    done: int = 0
    over: bool = False

    def __post_init__(self) -> None:
        self.failed: dict[str, str] = {}
        self._end = time.monotonic() + self.seconds

    def run(self, needed: Collection[frozenset[str]]) -> None:
        """Convert what invocations need, given as sets of guest paths, until time is over."""
        files = {name: self._on_host(name) for names in needed for name in names}
        there = {path: path.stat().st_size for path in {*files.values()} if path.is_file()}
        missing = {path for path in there if not has_package(self.store, path)}
        wanted = [frozenset(files[name] for name in names) & missing for names in needed]
        total = len(missing)
        for number, path in enumerate(in_order(wanted, there), 1):
            left = self._end - time.monotonic()
            if left <= 0:
                self.over = True
                break
            self.say(f"converting {number} of {total}: {self._name(path)} ...")
            self._convert(path, left)

    def _on_host(self, name: str) -> Path:
        return Path(f"{self.tree}/{name.lstrip('/')}")

    def _name(self, path: Path) -> str:
        return f"/{path.relative_to(self.tree)}"

    def _convert(self, path: Path, left: float) -> None:
        """Convert a file in a process of its own, which gives all its memory back."""
        begun = time.monotonic()
        try:
            done = subprocess.run(
                [sys.executable, "-m", "xlate", "convert", "--quiet", str(path)],
                env={**os.environ, "XLATE_CACHE": str(self.store.root)},
                capture_output=True,
                text=True,
                check=False,
                timeout=left,
            )
        except subprocess.TimeoutExpired:
            self.over = True
            self.say(f"{self._name(path)}: time is over; the next call goes on with it")
            return
        if done.returncode:
            why = (done.stderr.strip() or "(says nothing)").splitlines()[-1][-300:]
            self.failed[self._name(path)] = f"status {done.returncode}: {why}"
            self.say(f"{self._name(path)}: {self.failed[self._name(path)]}")
            return
        self.done += 1
        self.say(f"{self._name(path)}: {time.monotonic() - begun:.0f} s")
