"""The file of past figures: one JSON object a line, each run appended.

Ratios from one run on one machine are comparable with each other; the machine's name and the
commit stand beside them so that a reader can tell what else changed.
"""

from __future__ import annotations

import json
import platform
import subprocess
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.bench.measure import Row

CHECKOUT = Path(__file__).resolve().parents[2]
DEFAULT_HISTORY = CHECKOUT / "build" / "bench" / "history.jsonl"


def _git(*words: str) -> str:
    done = subprocess.run(
        ["git", *words], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def commit() -> str:
    """Return the commit measured, with ``+`` when the checkout has changes, or ``unknown``."""
    name = _git("rev-parse", "--short=12", "HEAD")
    return (name + ("+" if _git("status", "--porcelain") else "")) if name else "unknown"


def machine() -> str:
    """Return the processor's name as the machine gives it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        return platform.machine()
    return platform.machine()


def entry(rows: list[Row], extra: dict[str, Any]) -> dict[str, Any]:
    """Return the object that a run is remembered by."""
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "commit": commit(),
        "machine": machine(),
        "rows": [asdict(row) for row in rows],
        **extra,
    }


def append(path: Path, line: dict[str, Any]) -> None:
    """Add one run to the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, sort_keys=True) + "\n")


def read(path: Path) -> list[dict[str, Any]]:
    """Return all runs of the file, oldest first."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]
