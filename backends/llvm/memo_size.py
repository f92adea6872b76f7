"""The memo's table and its size: which rows go first, and how the file gives room back.

It imports nothing of LLVM, so that who only tidies a store does not wait for it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

LIMIT = 256 << 20
TABLE = "CREATE TABLE IF NOT EXISTS memo (key BLOB PRIMARY KEY, value BLOB, used INTEGER)"
SUFFIXES = ("", "-wal", "-shm")
_PATIENCE = 2.0  # seconds that a conversion in progress may make us wait


def bound(base: sqlite3.Connection, limit: int) -> None:
    """Free the older half of the rows where they take more than ``limit`` bytes.

    Later rows take their pages; the file itself does not shrink.
    """
    if _used_bytes(base) > limit:
        base.execute(
            "DELETE FROM memo WHERE key IN (SELECT key FROM memo ORDER BY used, key "
            "LIMIT (SELECT (count(*) + 1) / 2 FROM memo))"
        )


def _used_bytes(base: sqlite3.Connection) -> int:
    pages, free, size = (
        base.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    used: int = (pages - free) * size
    return used


def trim(path: Path, limit: int) -> None:
    """Make the file smaller than ``limit`` bytes, oldest rows first; a damaged one goes whole.

    A file that others write to now, or a disk too full to do it, stays as it is.
    """
    if not path.is_file():
        return
    try:
        _shrink(path, limit)
    except sqlite3.OperationalError:
        return
    except sqlite3.DatabaseError:
        for suffix in SUFFIXES:
            with contextlib.suppress(OSError):
                Path(f"{path}{suffix}").unlink(missing_ok=True)


def _shrink(path: Path, limit: int) -> None:
    with contextlib.closing(sqlite3.connect(path, timeout=_PATIENCE)) as base:
        base.execute(TABLE)
        while _used_bytes(base) > limit and base.execute("SELECT count(*) FROM memo").fetchone()[0]:
            with base:
                bound(base, limit)
        base.execute("VACUUM")
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
