"""What a long run of the fuzzer has done so far, so that a second call goes on where it stopped.

A file belongs to one plan and to the sources and the driver that it was run with: its name is
their hash. Each finished share is one line, written at once, so a kill loses only shares that
were under way.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xlate.package.key import ROOT, content_hash, hash_sources

# What shapes a finding besides what shapes packages.
SOURCES = ("xlate/verify", "backends/interp", "backends/stencil")


@dataclass(frozen=True)
class Log:
    """The file of one plan."""

    path: Path

    @staticmethod
    def of(folder: Path, plan: dict[str, Any], driver: str) -> Log:
        """Return the file for a plan; what it says of number of cases is no part of the name."""
        state = hashlib.blake2b(hash_sources(), digest_size=12)
        for place in SOURCES:
            for path in sorted((ROOT / place).rglob("*.*")):
                if path.suffix in (".py", ".toml"):
                    state.update(content_hash(path.read_bytes()))
        state.update(content_hash(Path(driver).read_bytes()) if driver else b"no driver")
        named = {name: plan[name] for name in sorted(plan) if name not in ("count", "driver")}
        state.update(json.dumps(named).encode())
        return Log(folder / f"{state.hexdigest()}.jsonl")

    def done(self) -> dict[tuple[int, int], dict[str, Any]]:
        """Return the finished shares by seed and number of cases; a torn last line is not one."""
        found = {}
        for line in self.path.read_text().splitlines() if self.path.exists() else ():
            try:
                entry = json.loads(line)
            except json.JSONDecodeError:
                continue
            found[entry["seed"], entry["count"]] = entry["report"]
        return found

    def add(self, seed: int, count: int, report: dict[str, Any]) -> None:
        """Append a finished share."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps({"seed": seed, "count": count, "report": report})
        with self.path.open("a", encoding="utf-8") as file:
            # A line of its own, also behind one that a kill tore.
            file.write(f"\n{line}\n")
