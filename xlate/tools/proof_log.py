"""What the proof has done so far: one line a share, and the list of words, in a folder.

A line says which sources and which commit a share was run with. A kill loses the shares that were
under way, no more.
"""

from __future__ import annotations

import functools
import hashlib
import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from frontends.arm32.rows import A32, T16, T32
from xlate.package.key import ROOT, content_hash, hash_sources
from xlate.tools.fuzz_log import SOURCES
from xlate.tools.proof_share import Share
from xlate.verify import encodings, generate
from xlate.verify.encodings import Encoding

Words = dict[str, list[Encoding]]
_Row = tuple[str, str, int, bool, bool]
_ROWS = {"A32": A32, "T16": T16, "T32": T32}


def sources(driver: Path) -> str:
    """Return what shapes a result: sources of all engines and the driver."""
    state = hashlib.blake2b(hash_sources(), digest_size=8)
    for place in SOURCES:
        for path in sorted((ROOT / place).rglob("*.*")):
            if path.suffix in (".py", ".toml"):
                state.update(content_hash(path.read_bytes()))
    state.update(content_hash(driver.read_bytes()))
    return state.hexdigest()


@functools.cache
def commit() -> str:
    """Return the commit of the checkout, with a plus where it was changed."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=+", "--abbrev=10"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


@dataclass
class Totals:
    """The counts of all shares that count."""

    by: dict[str, Counter[str]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    commits: Counter[str] = field(default_factory=Counter)  # shares

    def add(self, entry: dict[str, Any]) -> None:
        """Add one share; nested counts are named with slashes."""
        record = entry["record"]
        self.commits[entry["commit"]] += 1
        for name, value in record.items():
            if isinstance(value, dict):
                self._count(f"{entry['kind']}/{name}", value)
        self._count(f"{entry['kind']}/sum", {"runs": record["runs"], "pieces": record["count"]})
        self.failures += record["failures"]

    def _count(self, name: str, values: dict[str, Any]) -> None:
        for key, value in values.items():
            if isinstance(value, dict):
                self._count(f"{name}/{key}", value)
            else:
                self.by.setdefault(name, Counter())[key] += value

    def get(self, name: str) -> Counter[str]:
        """Return a count by its name."""
        return self.by.get(name, Counter())

    @property
    def differ(self) -> int:
        """Runs with a difference that nothing explains."""
        return sum(self.get(f"{kind}/differ").total() for kind in ("encodings", "blocks"))

    def summary(self) -> dict[str, int]:
        """Return the few figures that one looks at first."""
        return {
            "encodings": self.get("encodings/pieces").total(),
            "encoding runs": self.get("encodings/sum")["runs"],
            "blocks": self.get("blocks/pieces").total(),
            "differ": self.differ,
        }


class ProofLog:
    """The folder of one seed."""

    def __init__(self, folder: Path, seed: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._path = folder / f"shares-{seed}.jsonl"
        self._entries: dict[tuple[str, str, int], dict[str, Any]] = {}
        for line in self._path.read_text().splitlines() if self._path.exists() else ():
            try:
                entry = json.loads(line)
            except json.JSONDecodeError:
                continue  # torn by a kill
            self._entries[entry["kind"], entry["family"], entry["index"]] = entry

    def is_done(self, share: Share, words: str, state: str, *, again: bool) -> bool:
        """Say whether a share need not be run; ``words`` is the digest of its words."""
        entry = self._entries.get((share.kind, share.family, share.index))
        if entry is None or entry["words"] != words:
            return False
        return entry["sources"] == state or not (again or entry["record"]["differ"])

    def add(self, share: Share, words: str, state: str, record: dict[str, Any]) -> None:
        """Append a finished share; of several lines of one share the last counts."""
        entry = {
            "kind": share.kind,
            "family": share.family,
            "index": share.index,
            "words": words,
            "sources": state,
            "commit": commit(),
            "record": record,
        }
        line = json.dumps(entry)
        self._entries[share.kind, share.family, share.index] = json.loads(line)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")

    def totals(self) -> Totals:
        """Return the counts of all shares."""
        totals = Totals()
        for key in sorted(self._entries):
            totals.add(self._entries[key])
        return totals

    def words(self, count: int, make: Callable[[], Words]) -> Words:
        """Return the list of words; it takes a minute, so it is kept as long as it is the same."""
        path = self._folder / f"words-{self._path.stem}-{count}-{_shape()}.json"
        if path.exists():
            return {name: _read(rows) for name, rows in json.loads(path.read_text()).items()}
        words = make()
        text = json.dumps({name: list(_write(rows)) for name, rows in words.items()})
        path.write_text(text)
        return words


def _shape() -> str:
    """What the list of words depends on."""
    state = hashlib.blake2b(digest_size=8)
    for module in (encodings, generate):
        state.update(Path(str(module.__file__)).read_bytes())
    for isa, rows in _ROWS.items():
        for row in rows:
            state.update(f"{isa} {row.name} {row.encoding.text}\n".encode())
    return state.hexdigest()


def _write(words: Iterable[Encoding]) -> Iterable[_Row]:
    return ((one.isa, one.row.name, one.word, one.executes, one.late) for one in words)


def _read(rows: Iterable[_Row]) -> list[Encoding]:
    known = {(isa, row.name): row for isa, rows in _ROWS.items() for row in rows}
    return [
        Encoding(isa, known[isa, name], word, executes, late)
        for isa, name, word, executes, late in rows
    ]
