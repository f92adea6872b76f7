"""What `xlate cache` tells, as data: the store as a whole, its packages, what is wrong there."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from xlate.convert.room import cap_now
from xlate.errors import MalformedInput
from xlate.package import stock
from xlate.package.contents import KINDS, MEMO, PACKAGES, Item, items
from xlate.package.format import decode_header, read
from xlate.package.gc import Cap
from xlate.package.key import fingerprint
from xlate.package.layout import (
    PAGE,
    PROFILE,
    PROFILE_FORMAT,
    PROFILE_MAGIC,
    PROFILE_SIZE,
    SEEN,
    SEEN_MAGIC,
    STOCK_FOLDER,
)
from xlate.package.layout import SECTIONS as NAMES
from xlate.package.regular import open_regular
from xlate.package.store import Store, distrust, numbers_of

TABLES = ("table_a32", "table_t32", "entries", "faults")
USED, STALE, DAMAGED = "used", "of another version", "damaged"


@dataclass(frozen=True)
class Row:
    """A kind of files in the store."""

    name: str
    holds: str
    files: int
    size: int


@dataclass(frozen=True)
class Overview:
    """A store as a whole; ``distrust`` says why programs do not use it, empty where they do."""

    root: Path
    size: int
    cap: Cap
    rows: tuple[Row, ...]
    distrust: str

    def as_json(self) -> dict[str, Any]:
        """Return everything as one JSON object; sizes are bytes, a cap of null is none."""
        return {
            "path": os.fspath(self.root),
            "size": self.size,
            "cap": self.cap.size,
            "cap_by": self.cap.why,
            "distrusted": self.distrust,
            "kinds": {row.name: {"files": row.files, "bytes": row.size} for row in self.rows},
        }


def overview(store: Store) -> Overview:
    """Return what there is of each kind; Unsupported where XLATE_CACHE_MAX is no size."""
    there = items(store)
    rows = []
    for kind in KINDS:
        own = [item.size for item in there if item.kind is kind]
        if own:
            rows.append(Row(kind.name, kind.holds, len(own), sum(own)))
    why = distrust(store.root) if store.root.exists() else ""
    return Overview(store.root, sum(item.size for item in there), cap_now(store), tuple(rows), why)


@dataclass(frozen=True)
class Listed:
    """A package of the store; ``sizes`` of its sections are empty where it is no sound file.

    They are of what holds anything: a table's slice has an entry for each guest address, most of
    them zero, and whole pages of zeros are holes of the file.
    """

    item: Item
    state: str
    guest_hash: str = ""
    guest_size: int = 0
    functions: int = 0
    features: str = ""
    sizes: Mapping[str, int] | None = None

    @property
    def code(self) -> int:
        """Bytes of host code and its constants."""
        return (self.sizes or {}).get("image", 0)

    @property
    def tables(self) -> int:
        """Bytes that lead to the code, or from it back to the guest's."""
        return sum((self.sizes or {}).get(name, 0) for name in TABLES)

    def as_json(self) -> dict[str, Any]:
        """Return everything as one JSON object; times are seconds since the epoch."""
        return {
            "name": self.item.path.name,
            "path": os.fspath(self.item.path),
            "state": self.state,
            "size": self.item.size,
            "code": self.code,
            "tables": self.tables,
            "functions": self.functions,
            "hits": self.item.hits,
            "made": self.item.made,
            "used": self.item.used,
            "guest_hash": self.guest_hash,
            "guest_size": self.guest_size,
            "features": self.features,
        }


def packages(store: Store) -> list[Listed]:
    """Return all packages, those of use last first."""
    there = [item for item in items(store) if item.kind is PACKAGES]
    return [listed(item) for item in sorted(there, key=lambda item: -item.used)]


def listed(item: Item) -> Listed:
    """Return what a package's header says."""
    try:
        with open_regular(item.path) as file:
            header = decode_header(file.read(PAGE))
            places = zip(header["sections"][::2], header["sections"][1::2], strict=True)
            held = [_held(file, at, size) for at, size in places]
    except OSError as error:
        return Listed(item, (error.strerror or str(error)).lower())
    except MalformedInput as error:
        return Listed(item, DAMAGED if "damaged" in error.what else error.what)
    return Listed(
        item,
        USED if header["fingerprint"] == fingerprint() else STALE,
        header["guest_hash"].hex(),
        header["guest_size"],
        header["functions"],
        header["features"].rstrip(b"\0").decode("ascii", "replace"),
        dict(zip(NAMES, held, strict=True)),
    )


def _held(file: BinaryIO, at: int, size: int) -> int:
    """Return how many bytes of a part of a file are no holes."""
    end, held = at + size, 0
    while at < end:
        try:
            start = os.lseek(file.fileno(), at, os.SEEK_DATA)
            at = min(end, os.lseek(file.fileno(), start, os.SEEK_HOLE))
        except OSError:  # ENXIO: nothing but a hole from there on
            break
        held += max(0, at - start)
    return held


# --- what is wrong -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wrong:
    """A file that is not what it should be."""

    path: Path
    why: str


@dataclass(frozen=True)
class Verified:
    """How many files were looked at, by kind, and which of them are wrong."""

    looked: Mapping[str, int]
    wrong: tuple[Wrong, ...]


def verify(store: Store, show: Callable[[int, int], None]) -> Verified:
    """Read everything whole and check its sums, whatever times say of changes."""
    there = items(store)
    known = _named_inodes(there)
    looked: dict[str, int] = {}
    wrong = []
    for done, item in enumerate(there):
        show(done, len(there))
        check = _CHECKS.get(item.kind.name)
        if check is None or (item.kind is MEMO and item.path != store.memo_path):
            continue
        looked[item.kind.name] = looked.get(item.kind.name, 0) + 1
        why = _checked(check, item.path) or _stands_in(item, known)
        if why:
            wrong.append(Wrong(item.path, why))
    return Verified(looked, tuple(wrong))


def _checked(check: Callable[[Path], str], path: Path) -> str:
    try:
        return check(path)
    except FileNotFoundError:
        return ""  # replaced or removed meanwhile
    except OSError as error:
        return f"cannot be read ({(error.strerror or str(error)).lower()})"
    except (MalformedInput, sqlite3.DatabaseError, ValueError) as error:
        return str(error)


def _named_inodes(there: list[Item]) -> dict[tuple[int, int], Path]:
    """Return the packages by device and inode, as records of hashes name them."""
    out = {}
    for item in there:
        if item.kind is PACKAGES:
            try:
                st = item.path.stat()
            except OSError:
                continue
            out[st.st_dev, st.st_ino] = item.path
    return out


def _stands_in(item: Item, known: Mapping[tuple[int, int], Path]) -> str:
    """Say so where a record of the present package says another hash than its header."""
    if item.kind.name != "seen":
        return ""
    try:
        data = item.path.read_bytes()
        if len(data) != SEEN.codec.size:
            return ""
        record = SEEN.unpack(data)
        numbers = record["file"]
        assert isinstance(numbers, tuple)
        path = known.get((numbers[0], numbers[1]))
        if path is None or numbers_of(path) != numbers:
            return ""  # of another file, or of another content: nobody believes it
        with open_regular(path) as file:
            header = decode_header(file.read(PAGE))
    except (OSError, MalformedInput):
        return ""
    return "" if record["hash"] == header["data_hash"] else "of a package, and not its hash"


def _check_package(path: Path) -> str:
    if path.is_symlink():
        return "a symbolic link, which programs do not follow"
    read(path)
    return ""


def _check_kept(path: Path) -> str:
    if path.is_symlink():
        return "a symbolic link, which programs do not follow"
    with open_regular(path) as file:
        stock.check(file.read())
    return ""


def _check_profile(path: Path) -> str:
    with open_regular(path) as file:
        data = file.read(PROFILE_SIZE + 1)
    if len(data) != PROFILE_SIZE:
        return "of another size than a profile"
    header = PROFILE.unpack(data)
    sound = (header["magic"], header["format"]) == (PROFILE_MAGIC, PROFILE_FORMAT)
    named = isinstance(header["quick"], bytes) and header["quick"].hex() == path.stem
    return "" if sound and named else "its header is not its own"


def _check_seen(path: Path) -> str:
    data = path.read_bytes()
    # One of an older version is shorter, and made again when it is met.
    sound = data.startswith(SEEN_MAGIC) and len(data) <= SEEN.codec.size
    return "" if sound else "no record of a hash"


def _check_list(path: Path) -> str:
    json.loads(path.read_bytes())
    return ""


def _check_memo(path: Path) -> str:
    base = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=2)
    try:
        answer = str(base.execute("PRAGMA quick_check(1)").fetchone()[0])
    finally:
        base.close()
    return "" if answer == "ok" else answer


_CHECKS: Mapping[str, Callable[[Path], str]] = {
    "packages": _check_package,
    STOCK_FOLDER: _check_kept,
    "profiles": _check_profile,
    "seen": _check_seen,
    "quarantine": _check_list,
    MEMO.name: _check_memo,
}


# --- words ---------------------------------------------------------------------------------------


def size_text(size: int) -> str:
    """Return bytes in the unit that suits them."""
    value = float(size)
    for unit in ("bytes", "KiB", "MiB"):
        if value < 1024:
            return f"{size:,} bytes" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"


def age_text(when: float) -> str:
    """Return how long ago that was, in one unit."""
    seconds = max(0.0, time.time() - when)
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit} ago"
    return "just now"
