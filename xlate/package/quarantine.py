"""Functions that a check found wrong: conversions leave them to the baseline tier.

A list of a guest file stands beside its packages, by content hash. It holds for the sources that
made the wrong code: another version of xlate begins without it. Like every file of the store it is
written in one step, and a damaged one is no list.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xlate.package.format import write_atomically
from xlate.package.key import content_hash, fingerprint
from xlate.package.regular import open_regular

FOLDER = "quarantine"
LARGEST = 1 << 20
WHY = "in quarantine: a check found its code wrong"


def quarantined(root: Path, guest: bytes) -> dict[int, str]:
    """Return keys and reasons for a guest file; nothing where no sound list is."""
    return quarantined_of(root, content_hash(guest))


def quarantined_of(root: Path, guest_hash: bytes) -> dict[int, str]:
    """Return the same for a guest file that is known by its hash."""
    try:
        with open_regular(_path(root, guest_hash)) as file:
            table: Any = json.loads(file.read(LARGEST))
        if table["fingerprint"] != fingerprint().hex():
            return {}
        return {int(key, 16): str(reason) for key, reason in table["functions"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def add(root: Path, guest: bytes, reasons: Mapping[int, str]) -> None:
    """Add functions to the list; OSError where it cannot be written."""
    everything = {**quarantined(root, guest), **reasons}
    table = {
        "fingerprint": fingerprint().hex(),
        "functions": {f"{key:#x}": everything[key] for key in sorted(everything)},
    }
    (root / FOLDER).mkdir(mode=0o700, exist_ok=True)
    write_atomically(_path(root, content_hash(guest)), json.dumps(table, indent=1).encode() + b"\n")


def _path(root: Path, guest_hash: bytes) -> Path:
    return root / FOLDER / f"{guest_hash[:16].hex()}.json"
