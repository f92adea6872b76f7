"""Compiled functions by what they were compiled from: nothing unchanged is compiled again.

One SQLite file that many processes may use at once. It decides nothing: a lost or damaged memo
costs time only. A key covers the function's text without names, the prelude, the level, LLVM, and
the sources that shape code.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import sqlite3
import struct
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from backends.llvm.binding import VERSION
from backends.llvm.memo_size import LIMIT, SUFFIXES, TABLE, bound
from backends.llvm.modules import Normal
from backends.llvm.objects import Constant, ObjectCode, Reloc

SHAPING = ("levels.py", "modules.py", "spelling.py", "objects.py", "accesses.py", "memo.py")


def _complain(line: str) -> None:
    print(f"xlate: {line}", file=sys.stderr)


@functools.cache
def _sources() -> bytes:
    here = Path(__file__).parent
    return b"".join((here / name).read_bytes() for name in SHAPING)


def key_maker(prelude: str, level: int) -> Callable[[Normal], bytes]:
    """A function that gives the key of a function."""
    common = hashlib.blake2b(f"{VERSION}\0{level}\0{prelude}\0".encode(), digest_size=32)
    common.update(_sources())

    def key(function: Normal) -> bytes:
        own = common.copy()
        own.update(function.text.encode())
        return own.digest()

    return key


class Memo:
    """The file at ``path``, or nothing where there can be none; ``hits`` and ``misses`` count."""

    def __init__(
        self, path: Path, *, limit: int = LIMIT, report: Callable[[str], None] = _complain
    ) -> None:
        self.path, self.limit, self.report = path, limit, report
        self.hits = self.misses = 0
        self._used: list[bytes] = []
        self._new: list[tuple[bytes, bytes, int]] = []
        self._now = time.time_ns()
        self._base = self._open()

    def __enter__(self) -> Memo:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def get(self, key: bytes) -> ObjectCode | None:
        """The function that was compiled under a key, with no names for its callees."""
        found = None
        if self._base is not None:
            try:
                row = self._base.execute("SELECT value FROM memo WHERE key = ?", (key,)).fetchone()
                found = unpack(row[0]) if row else None
            except (sqlite3.DatabaseError, ValueError, TypeError) as e:
                self._broken(e)
        if found is None:
            self.misses += 1
            return None
        self.hits += 1
        self._used.append(key)
        return found

    def put(self, key: bytes, code: ObjectCode) -> None:
        """Remember a function; written in groups, at the latest by close()."""
        self._new.append((key, pack(code), self._now))
        if len(self._new) >= 500:
            self._write()

    def close(self) -> None:
        """Write what is left, drop the oldest where the file is too large."""
        self._write()
        if self._base is None:
            return
        try:
            with self._base as base:
                base.executemany(
                    "UPDATE memo SET used = ? WHERE key = ?", ((self._now, k) for k in self._used)
                )
                bound(base, self.limit)
            self._base.close()
        except sqlite3.DatabaseError as e:
            self._broken(e, reopen=False)
        self._base = None

    def _open(self) -> sqlite3.Connection | None:
        try:
            return self._connect()
        except sqlite3.OperationalError as e:
            self.report(f"no memo of compiled functions: {e}")
        except sqlite3.DatabaseError as e:
            return self._discard(e)
        return None

    def _connect(self) -> sqlite3.Connection:
        base = sqlite3.connect(self.path, timeout=30, cached_statements=8)
        try:
            base.execute("PRAGMA journal_mode = WAL")
            base.execute("PRAGMA synchronous = NORMAL")
            base.execute(TABLE)
        except sqlite3.DatabaseError:
            base.close()
            raise
        return base

    def _discard(self, error: Exception) -> sqlite3.Connection | None:
        self.report(f"the memo of compiled functions was damaged and is begun anew ({error})")
        try:
            for suffix in SUFFIXES:
                Path(f"{self.path}{suffix}").unlink(missing_ok=True)
            return self._connect()
        except (OSError, sqlite3.DatabaseError) as e:
            self.report(f"no memo of compiled functions: {e}")
            return None

    def _broken(self, error: Exception, *, reopen: bool = True) -> None:
        """Damage begins the file anew; a file that is locked or full is merely left alone."""
        if self._base is not None:
            with contextlib.suppress(sqlite3.DatabaseError):  # it is broken: closing may say so
                self._base.close()
        self._base = None
        self._used.clear()
        if isinstance(error, sqlite3.OperationalError):
            self.report(f"no memo of compiled functions: {error}")
            return
        base = self._discard(error)
        if reopen:
            self._base = base
        elif base is not None:
            base.close()

    def _write(self) -> None:
        if self._base is not None and self._new:
            try:
                with self._base as base:
                    base.executemany("INSERT OR REPLACE INTO memo VALUES (?, ?, ?)", self._new)
            except sqlite3.DatabaseError as e:
                self._broken(e)
        self._new.clear()


_COUNTS = struct.Struct("<IIIII")
_RELOC = struct.Struct("<IBIi")
_CONSTANT = struct.Struct("<III")
_SUM = 8


def _digest(data: bytes | bytearray) -> bytes:
    return hashlib.blake2b(data, digest_size=_SUM).digest()


def pack(code: ObjectCode) -> bytes:
    """A function as bytes, callees' names excepted."""
    out = bytearray(
        _COUNTS.pack(
            len(code.code), code.align, len(code.relocs), len(code.constants), len(code.lines)
        )
    )
    out += code.code + code.lines + b"".join(_RELOC.pack(*r) for r in code.relocs)
    for constant in code.constants:
        out += _CONSTANT.pack(len(constant.data), constant.align, len(constant.relocs))
        out += constant.data + b"".join(_RELOC.pack(*r) for r in constant.relocs)
    return _digest(out) + zlib.compress(bytes(out), 1)


def unpack(data: bytes) -> ObjectCode:
    """What ``pack`` packed; ValueError when it is something else."""
    try:
        raw = zlib.decompress(data[_SUM:])
    except zlib.error as e:
        raise ValueError(str(e)) from e
    if _digest(raw) != data[:_SUM]:
        raise ValueError("a row has another checksum")
    size, align, relocs, constants, lines = _COUNTS.unpack_from(raw)
    at = _COUNTS.size
    code, at = raw[at : at + size], at + size
    rows, at = raw[at : at + lines], at + lines
    own, at = _relocs(raw, at, relocs)
    tables: list[Constant] = []
    for _ in range(constants):
        size, constant_align, count = _CONSTANT.unpack_from(raw, at)
        at += _CONSTANT.size
        body, at = raw[at : at + size], at + size
        inner, at = _relocs(raw, at, count)
        tables.append(Constant(body, constant_align, inner))
    return ObjectCode(code, align, own, tuple(tables), rows)


def _relocs(raw: bytes, at: int, count: int) -> tuple[tuple[Reloc, ...], int]:
    end = at + count * _RELOC.size
    return tuple(Reloc(*r) for r in _RELOC.iter_unpack(raw[at:end])), end
