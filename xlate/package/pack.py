"""A pack (``.xlpack``): packages of many guest files in one file, with an index over them.

Decides which bytes are a sound pack. Packages are in it as they are, each from a page of its own
on, so that they can be mapped from it; what a sound package is, ``format.py`` decides. Equal
packages under equal names give equal bytes, in whatever order they are put in. A pack may begin
inside another file, at a page of it (``base``).

Names say which files the packages were made for: paths below the root they were found in, no
absolute ones. They are for people and for checks; programs find their package by content.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from xlate.errors import Inconsistent, MalformedInput
from xlate.package.format import Package, decode, decode_header, is_fast, replacing
from xlate.package.key import content_hash
from xlate.package.layout import (
    HASH_AT,
    PACK,
    PACK_FAST,
    PACK_FORMAT,
    PACK_MAGIC,
    PACK_ROW,
    PAGE,
)
from xlate.package.regular import open_regular

ADVICE = "xlate pack, to make it again"
MOST_ROWS = 1 << 20


@dataclass(frozen=True)
class Row:
    """A package of the pack: of which guest file, where it stands, what that file was called."""

    quick: bytes
    guest_hash: bytes
    package_hash: bytes
    offset: int
    size: int
    names: tuple[str, ...]
    fast: bool = False

    @property
    def key(self) -> tuple[bytes, bytes, bool]:
        """What rows are sorted by; no two of a pack are equal."""
        return self.quick, self.guest_hash, self.fast


def safe_name(path: str) -> str:
    """The path as a name: relative, without ``.`` and ``..``, MalformedInput where it has none."""
    parts = [part for part in PurePosixPath(path).parts if part not in ("/", "//")]
    if not parts or ".." in parts or "\0" in path:
        raise MalformedInput("no name for a pack", f"{path!r} is no path below a root")
    return "/".join(parts)


# --- to bytes ------------------------------------------------------------------------------------


class Writer:
    """Puts packages into a file that begins where it stands now; ``finish`` makes it a pack.

    The bytes depend on the order of ``add``: callers go through the files in order of name.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._base = file.tell()
        self._at = PAGE
        self._rows: dict[tuple[bytes, bytes, bool], Row] = {}
        file.write(bytes(PAGE))

    def add(self, names: Iterable[str], data: bytes) -> None:
        """Append a package; the second one for the same content is an Inconsistent caller."""
        header = decode_header(data[:PAGE])
        row = Row(
            quick=header["quick"],
            guest_hash=header["guest_hash"],
            package_hash=header["header_hash"],
            offset=self._at,
            size=len(data),
            names=tuple(sorted({safe_name(name) for name in names})),
            fast=is_fast(header),
        )
        if row.key in self._rows or row.size % PAGE or not row.names:
            raise Inconsistent("a pack takes each package once, whole and with a name")
        self._rows[row.key] = row
        self._file.write(data)
        self._at += row.size

    def finish(self) -> tuple[Row, ...]:
        """Write index and header, and return the rows; the file stands at the pack's end."""
        rows = tuple(self._rows[key] for key in sorted(self._rows))
        index, names = bytearray(), bytearray()
        for row in rows:
            text = b"".join(os.fsencode(name) + b"\0" for name in row.names)
            index += PACK_ROW.pack(
                quick=row.quick,
                guest_hash=row.guest_hash,
                package_hash=row.package_hash,
                offset=row.offset,
                size=row.size,
                name=len(names),
                name_size=len(text),
                flags=PACK_FAST if row.fast else 0,
            )
            names += text
        size = self._at + len(index) + len(names)
        self._file.write(index + names + bytes(-size % PAGE))
        self._seal(bytes(index), bytes(names), size + -size % PAGE)
        return rows

    def _seal(self, index: bytes, names: bytes, size: int) -> None:
        page = PACK.pack(
            magic=PACK_MAGIC,
            format=PACK_FORMAT,
            count=len(self._rows),
            rows_at=self._at,
            names_at=self._at + len(index),
            names_size=len(names),
            file_size=size,
            rows_hash=content_hash(index),
            names_hash=content_hash(names),
        )
        self._file.seek(self._base)
        self._file.write(page[:HASH_AT] + content_hash(page[:HASH_AT]))
        self._file.seek(self._base + size)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """Yield the Writer of a pack that is there, whole, when the block ends well; else not."""
    with replacing(path) as file:
        writer = Writer(file)
        yield writer
        writer.finish()


# --- from bytes ----------------------------------------------------------------------------------


def _no(why: str) -> MalformedInput:
    return MalformedInput("damaged pack", why, advice=ADVICE)


@dataclass(frozen=True)
class Pack:
    """An open pack whose header and index are sound; packages are read when they are wanted."""

    file: BinaryIO
    base: int
    size: int
    rows: tuple[Row, ...]

    def header(self, row: Row) -> dict[str, Any]:
        """A package's header; MalformedInput where it is not the one that the index means."""
        header = decode_header(_part(self.file, self.base + row.offset, PAGE))
        if header["header_hash"] != row.package_hash:
            raise _no("a package is not the one that the index has")
        if row.key != (header["quick"], header["guest_hash"], is_fast(header)):
            raise _no("a package is for another file than the index says")
        return header

    def data(self, row: Row) -> bytes:
        """The bytes of a package whose header is right; whether they are sound is ``decode``'s."""
        self.header(row)
        return _part(self.file, self.base + row.offset, row.size)

    def package(self, row: Row) -> Package:
        """The package as a value, everything of it checked as ``format.read`` does."""
        return decode(self.data(row))


@contextlib.contextmanager
def opened(path: Path, *, base: int = 0) -> Iterator[Pack]:
    """Yield the pack in a file, or from ``base`` on in a larger one.

    OSError where it cannot be read, MalformedInput in one line when header or index are not sound.
    """
    with open_regular(path) as file:
        header = _header(_part(file, base, PAGE))
        size = os.fstat(file.fileno()).st_size - base
        if header["file_size"] > size or (not base and header["file_size"] < size):
            raise _no(f"{size} bytes long instead of {header['file_size']}")
        yield Pack(file, base, header["file_size"], _rows(header, file, base))


def is_pack(start: bytes) -> bool:
    """Say whether a file that begins like this wants to be a pack."""
    return start.startswith(PACK_MAGIC)


def _part(file: BinaryIO, at: int, size: int) -> bytes:
    data = os.pread(file.fileno(), size, at)
    while len(data) < size:
        more = os.pread(file.fileno(), size - len(data), at + len(data))
        if not more:
            raise _no("it is cut")
        data += more
    return data


def _header(page: bytes) -> dict[str, Any]:
    if not is_pack(page):
        raise MalformedInput("not a pack", "it does not begin like one")
    header: dict[str, Any] = PACK.unpack(page)
    if header["format"] != PACK_FORMAT:
        why = f"it has format {header['format']}, this is for {PACK_FORMAT}"
        raise MalformedInput("pack of another version", why, advice=ADVICE)
    if content_hash(page[:HASH_AT]) != header["header_hash"]:
        raise _no("the header's checksum is wrong")
    rows_end = header["rows_at"] + header["count"] * PACK_ROW.codec.size
    names_end = header["names_at"] + header["names_size"]
    sound = (
        header["count"] <= MOST_ROWS
        and header["rows_at"] >= PAGE
        and header["rows_at"] % PAGE == 0
        and header["names_at"] == rows_end
        and header["file_size"] == names_end + -names_end % PAGE
    )
    if not sound:
        raise _no("its index lies outside its place")
    return header


def _rows(header: dict[str, Any], file: BinaryIO, base: int) -> tuple[Row, ...]:
    """The rows, in order, with names; packages fill the place before them."""
    index = _part(file, base + header["rows_at"], header["file_size"] - header["rows_at"])
    split = header["names_at"] - header["rows_at"]
    end = split + header["names_size"]
    if content_hash(index[:split]) != header["rows_hash"]:
        raise _no("the checksum of its index is wrong")
    if content_hash(index[split:end]) != header["names_hash"] or any(index[end:]):
        raise _no("the checksum of its names is wrong")
    step = PACK_ROW.codec.size
    members = (PACK_ROW.unpack(index[at : at + step]) for at in range(0, split, step))
    rows = tuple(_row(values, index[split:end]) for values in members)
    if any(one.key >= other.key for one, other in pairwise(rows)):
        raise _no("the index is not in order")
    _check_places(rows, header["rows_at"])
    return rows


def _check_places(rows: tuple[Row, ...], end: int) -> None:
    """Packages stand one behind the other, from the header to the index."""
    at = PAGE
    for row in sorted(rows, key=lambda row: row.offset):
        if row.offset != at or row.size < PAGE or row.size % PAGE:
            raise _no("a package lies outside its place")
        at += row.size
    if at != end:
        raise _no("its packages do not fill their place")


def _row(values: dict[str, Any], names: bytes) -> Row:
    row = Row(
        quick=values["quick"],
        guest_hash=values["guest_hash"],
        package_hash=values["package_hash"],
        offset=values["offset"],
        size=values["size"],
        names=(),
        fast=bool(values["flags"]),
    )
    text = names[values["name"] : values["name"] + values["name_size"]]
    known = values["flags"] in (0, PACK_FAST) and not values["pad"]
    if not known or len(text) != values["name_size"] or text[-1:] != b"\0":
        raise _no("a row of its index makes no sense")
    words = tuple(os.fsdecode(word) for word in text[:-1].split(b"\0"))
    try:
        sound = words == tuple(sorted({safe_name(word) for word in words}))
    except MalformedInput:
        sound = False
    if not sound:
        raise _no("a name in it is no path below a root")
    return replace(row, names=words)
