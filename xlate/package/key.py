"""What a package is valid for: the guest file's content and the sources that shaped the code.

Names and times of files are never part of a key. The sources are hashed as files, so this module
imports nothing of them: the runtime's build reads the fingerprint here without LLVM.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from xlate.package.layout import FAST_FEATURES, FEATURES, FORMAT, PAGE, c_header

ROOT = Path(__file__).resolve().parents[2]

# Every stage between the guest's bytes and the package; an edit there makes packages stale.
SHAPING = (
    "frontends/arm32",
    "backends/llvm",
    "xlate/ir",
    "xlate/isa",
    "xlate/abi",
    "xlate/loader",
    "xlate/discovery",
    "xlate/targets.py",
    "xlate/lift.py",
    "xlate/convert",
    "xlate/package",
)


@dataclass(frozen=True)
class Identity:
    """What the header says of the guest file and of what made the package."""

    guest_size: int
    guest_hash: bytes
    quick: bytes
    abi: int
    fingerprint: bytes
    features: str = FEATURES
    level: int = 1
    position_independent: bool = False

    @property
    def fast(self) -> bool:
        """Whether the code keeps neither floating-point flags nor which NaN it is."""
        return self.features == FAST_FEATURES


def content_hash(data: bytes) -> bytes:
    """BLAKE2b-256 of the data."""
    return hashlib.blake2b(data, digest_size=32).digest()


def quick_key(guest: bytes) -> bytes:
    """16 bytes that name a file's package: of its size and first page, cheap at every start."""
    head = len(guest).to_bytes(8, "little") + guest[:PAGE]
    return content_hash(head)[:16]


def hash_sources() -> bytes:
    """Hash names and contents of all sources that shape packages, and the format's version."""
    state = hashlib.blake2b(f"format {FORMAT}\n".encode(), digest_size=32)
    for place in SHAPING:
        top = ROOT / place
        for path in sorted(top.rglob("*.py")) or [top]:
            name = path.relative_to(ROOT).as_posix()
            state.update(f"{name} {content_hash(path.read_bytes()).hex()}\n".encode())
    return state.digest()


@cache
def fingerprint() -> bytes:
    """The hash of the sources that this process runs, taken once."""
    return hash_sources()


def identify(
    guest: bytes, abi: int, *, level: int, position_independent: bool, fast: bool = False
) -> Identity:
    """The identity of a package that is made now from the guest file's bytes."""
    return Identity(
        guest_size=len(guest),
        guest_hash=content_hash(guest),
        quick=quick_key(guest),
        abi=abi,
        fingerprint=fingerprint(),
        features=FAST_FEATURES if fast else FEATURES,
        level=level,
        position_independent=position_independent,
    )


def runtime_header() -> str:
    """``gen/package.h`` for a runtime that accepts packages made by these sources."""
    return c_header(hash_sources())
