"""A package as a value, and its file: packed, checked whole, written in one step.

Decides which bytes are a sound package. Whom it belongs to and whether it may be trusted is
``store.py``'s and the runtime's; what the code does was decided before.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import struct
from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from xlate.errors import Inconsistent, MalformedInput
from xlate.package import faults as fault_table
from xlate.package.key import Identity, content_hash
from xlate.package.layout import (
    ENTRY,
    FAST_FEATURES,
    FORMAT,
    HASH_AT,
    HEADER,
    MAGIC,
    PAGE,
    SECTIONS,
)
from xlate.package.regular import open_regular

FUNCTION, SECONDARY = 0, 1
COUNTED = ("refused", "left")  # members of the provenance: how many by reason
STUB = 15  # bytes of an entry from X on
ADVICE = "xlate convert, to make it again"


@dataclass(frozen=True)
class Entry:
    """A key that has code: its X is at ``offset`` of the image; kind: FUNCTION or SECONDARY."""

    key: int
    offset: int
    size: int
    kind: int = FUNCTION


@dataclass(frozen=True)
class Package:
    """Everything of a package; ``low`` and ``high`` are pages of link addresses.

    ``table_*`` are slices of the flat table, 2 bytes for each guest byte, or None where no code
    has that mode. ``image`` begins with the page of data slots. ``profile`` are the keys seen at
    run time that were included. ``provenance`` is what ``json`` can print, without names, times
    or hosts.
    """

    identity: Identity
    low: int
    high: int
    table_a32: bytes | None
    table_t32: bytes | None
    image: bytes
    entries: tuple[Entry, ...]
    faults: bytes = b""
    fault_count: int = 0
    functions: int = 0
    profile: tuple[int, ...] = ()
    provenance: dict[str, Any] = field(default_factory=dict)


# --- to bytes ------------------------------------------------------------------------------------


def _payloads(package: Package) -> dict[str, bytes]:
    rows = sorted(package.entries, key=lambda e: e.key)
    entries = b"".join(
        ENTRY.pack(key=e.key, offset=e.offset, size=e.size, kind=e.kind) for e in rows
    )
    provenance = json.dumps(package.provenance, sort_keys=True, separators=(",", ":"))
    return {
        "table_a32": package.table_a32 or b"",
        "table_t32": package.table_t32 or b"",
        "image": package.image,
        "entries": entries,
        "faults": package.faults,
        "profile": struct.pack(f"<{len(package.profile)}I", *sorted(package.profile)),
        "provenance": provenance.encode(),
    }


def encode(package: Package) -> bytes:
    """The file's bytes: equal packages give equal bytes."""
    identity = package.identity
    data = bytearray()
    places: list[int] = []
    for payload in _payloads(package).values():
        at = PAGE + len(data) if payload else 0
        places += (at, len(payload))
        data += payload
        data += bytes(-len(data) % PAGE)
    page = HEADER.pack(
        magic=MAGIC,
        format=FORMAT,
        level=identity.level,
        abi=identity.abi,
        fingerprint=identity.fingerprint,
        features=identity.features.encode(),
        guest_hash=identity.guest_hash,
        guest_size=identity.guest_size,
        quick=identity.quick,
        low=package.low,
        high=package.high,
        position_independent=int(identity.position_independent),
        functions=package.functions,
        fault_count=package.fault_count,
        entry_count=len(package.entries),
        profile_count=len(package.profile),
        file_size=PAGE + len(data),
        sections=tuple(places),
        data_hash=content_hash(bytes(data)),
    )
    return page[:HASH_AT] + content_hash(page[:HASH_AT]) + bytes(data)


# --- from bytes ----------------------------------------------------------------------------------


def _no(why: str) -> MalformedInput:
    return MalformedInput("damaged package", why, advice=ADVICE)


def decode_header(data: bytes) -> dict[str, Any]:
    """The header's members, once magic, format and its own hash are right."""
    if len(data) < PAGE:
        raise _no("shorter than its header")
    if data[: len(MAGIC)] != MAGIC:
        raise MalformedInput("not a package", "it does not begin like one")
    header: dict[str, Any] = HEADER.unpack(data)
    if header["format"] != FORMAT:
        why = f"it has format {header['format']}, this is for {FORMAT}"
        raise MalformedInput("package of another version", why, advice=ADVICE)
    if content_hash(data[:HASH_AT]) != header["header_hash"]:
        raise _no("the header's checksum is wrong")
    return header


def is_fast(header: Mapping[str, Any]) -> bool:
    """Whether a header is of a package made with `--fp fast`."""
    features: bytes = header["features"]
    return features.rstrip(b"\0") == FAST_FEATURES.encode()


def _sections(header: dict[str, Any], data: bytes) -> dict[str, bytes]:
    """The sections, page-aligned, in order, inside the file."""
    if header["file_size"] != len(data):
        raise _no(f"{len(data)} bytes long instead of {header['file_size']}")
    if content_hash(data[PAGE:]) != header["data_hash"]:
        raise _no("the checksum of its contents is wrong")
    out: dict[str, bytes] = {}
    last = PAGE
    places = header["sections"]
    for name, at, size in zip(SECTIONS, places[::2], places[1::2], strict=True):
        if size and (at % PAGE or at < last or at + size > len(data)):
            raise _no(f"section {name} lies outside its place")
        last = max(last, at + size)
        out[name] = data[at : at + size]
    return out


def _check_span(header: dict[str, Any], sections: dict[str, bytes]) -> None:
    low, high = header["low"], header["high"]
    if low % PAGE or high % PAGE or not low < high <= 1 << 32:
        raise _no("its range of addresses makes no sense")
    for name in ("table_a32", "table_t32"):
        if len(sections[name]) not in {0, 2 * (high - low)}:
            raise _no(f"{name} does not fit the module")
    if not PAGE <= len(sections["image"]) <= 8 * (high - low):
        raise _no("the image does not fit the module")


def _entries(header: dict[str, Any], data: bytes) -> tuple[Entry, ...]:
    if len(data) != header["entry_count"] * ENTRY.codec.size:
        raise _no("the list of entries is cut")
    rows = tuple(Entry(*row) for row in ENTRY.codec.iter_unpack(data))
    keys = [e.key for e in rows]
    if keys != sorted(set(keys)):
        raise _no("the entries are not in order")
    return rows


def _check_tables(package: Package) -> None:
    """Every entry stands in its table, and nothing else does."""
    tables = [array("i", t) if t else None for t in (package.table_a32, package.table_t32)]
    used = sum(len(t) - t.count(0) for t in tables if t is not None)
    if used != len(package.entries):
        raise _no("tables and entries differ in number")
    for e in package.entries:
        table = tables[e.key & 1]
        at = (e.key - package.low) >> 1
        inside = PAGE + 8 <= e.offset <= len(package.image) - STUB and e.offset % 8 == 0
        if table is None or not 0 <= at < len(table) or not inside:
            raise _no(f"entry {e.key:#x} lies outside the module")
        if table[at] != e.offset - 8 * (e.key - package.low):
            raise _no(f"entry {e.key:#x} is not where the table says")


def _identity(header: dict[str, Any]) -> Identity:
    """The members that say what the package is valid for; ValueError where they are no text."""
    return Identity(
        guest_size=header["guest_size"],
        guest_hash=header["guest_hash"],
        quick=header["quick"],
        abi=header["abi"],
        fingerprint=header["fingerprint"],
        features=header["features"].rstrip(b"\0").decode("ascii"),
        level=header["level"],
        position_independent=bool(header["position_independent"]),
    )


def _provenance(data: bytes) -> dict[str, Any]:
    """The table that people are shown; ValueError where it is no text."""
    try:
        table: Any = json.loads(data)
        json.dumps(table, ensure_ascii=False).encode()  # JSON can spell what is no character
    except RecursionError as error:
        raise _no("its provenance is nested without end") from error
    if not isinstance(table, dict):
        raise _no("its provenance is no table")
    for name in COUNTED:
        counts = table.get(name, {})
        if not isinstance(counts, dict) or any(type(n) is not int for n in counts.values()):
            raise _no(f"its provenance has no counts of what was {name}")
    if not isinstance(table.get("quarantined", {}), dict):
        raise _no("its provenance has no reasons of what was taken out")
    if not _are_pairs(table.get("refusals", [])):
        raise _no("its provenance does not say what was refused")
    return table


def _are_pairs(rows: Any) -> bool:
    """Say whether these are lists of two texts."""
    return isinstance(rows, list) and all(
        isinstance(row, list) and len(row) == 2 and all(isinstance(text, str) for text in row)
        for row in rows
    )


def decode(data: bytes) -> Package:
    """The package in these bytes; MalformedInput in one line when anything is wrong with them."""
    header = decode_header(data)
    sections = _sections(header, data)
    _check_span(header, sections)
    if len(sections["profile"]) != 4 * header["profile_count"]:
        raise _no("the included profile is cut")
    fault_table.decode(sections["faults"], header["fault_count"])
    try:
        provenance = _provenance(sections["provenance"])
        identity = _identity(header)
    except ValueError as error:
        raise _no("its texts are not what they should be") from error
    package = Package(
        identity=identity,
        low=header["low"],
        high=header["high"],
        table_a32=sections["table_a32"] or None,
        table_t32=sections["table_t32"] or None,
        image=sections["image"],
        entries=_entries(header, sections["entries"]),
        faults=sections["faults"],
        fault_count=header["fault_count"],
        functions=header["functions"],
        profile=struct.unpack(f"<{header['profile_count']}I", sections["profile"]),
        provenance=provenance,
    )
    _check_tables(package)
    return package


# --- files ---------------------------------------------------------------------------------------


def _nothing() -> None:
    """Nobody wants to be called."""


def _write_sparse(file: BinaryIO, data: bytes) -> None:
    """Write the bytes; pages of zeros, of which slices of tables are full, become holes."""
    zeros = bytes(PAGE)
    start = at = 0
    for at in range(0, len(data), PAGE):
        if data[at : at + PAGE] == zeros:
            file.write(data[start:at])
            file.seek(at + PAGE)
            start = at + PAGE
    file.write(data[start:])
    file.truncate(len(data))


@contextlib.contextmanager
def replacing(path: Path, *, before_rename: Callable[[], None] = _nothing) -> Iterator[BinaryIO]:
    """Yield a new file that takes the path's place in one step, when the block ends well.

    Whoever looks sees the old file, the new one, or none. ``before_rename`` is called when the new
    bytes are on disk under another name.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        with open(handle, "wb") as file:  # noqa: PTH123 (a descriptor, not a path)
            yield file
            file.flush()
            os.fsync(handle)
        # Whatever the umask: a package that others may write is one that nobody may trust.
        fresh.chmod(0o644)
        before_rename()
        fresh.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            fresh.unlink()
        if isinstance(error, OSError) and error.filename in {None, str(fresh)}:
            error.filename = str(path)  # write(2) names none, the others the fresh one
        raise


def write_atomically(
    path: Path, data: bytes, *, before_rename: Callable[[], None] = _nothing
) -> None:
    """Put a file in place in one step, as ``replacing`` does."""
    with replacing(path, before_rename=before_rename) as file:
        _write_sparse(file, data)


def write(path: Path, package: Package) -> None:
    """Write the package in one step; OSError where that fails, and nothing is left behind."""
    data = encode(package)
    try:
        decode(data)
    except MalformedInput as error:
        raise Inconsistent(f"a package that its own reader refuses: {error}") from error
    write_atomically(path, data)


def read(path: Path) -> Package:
    """The package in a file; OSError where it cannot be read, MalformedInput if not sound."""
    with open_regular(path) as file:
        return decode(file.read())
