"""What a copy of `xlate-run` carries in its own file: a pack, and files of the guest.

Decides the bytes behind the program: a pack, the guest's files on pages of their own, the table of
those, and the slot in the program that says where each is (``layout.SLOT``). Equal inputs give
equal bytes. The runtime takes what it carries as it takes its own code: it compares lengths and
no hashes. ``check`` does the rest.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from xlate.errors import MalformedInput, Unsupported
from xlate.package import pack
from xlate.package.format import decode_header, replacing
from xlate.package.key import content_hash
from xlate.package.layout import (
    PAGE,
    PAYLOAD_FAST,
    PAYLOAD_FILE,
    PAYLOAD_FILES,
    PAYLOAD_FORMAT,
    PAYLOAD_MAGIC,
    PAYLOAD_NAME,
    PAYLOAD_STANDALONE,
    SLOT,
)
from xlate.package.regular import open_regular

ADVICE = "making it again"
EXECUTABLE = 0o755
# A memory file is named by it, and the kernel takes no more.
LONGEST_NAME = 240
MERGED = (b"/usr/lib/", b"/usr/bin/", b"/usr/sbin/")


@dataclass(frozen=True)
class GuestFile:
    """A file of the guest and the absolute paths that the guest finds it by."""

    data: bytes
    names: tuple[str, ...] = ()


def canonical(name: str) -> bytes:
    """The path as it stands in the table: of systems with a merged /usr without that."""
    raw = os.fsencode(name)
    if not raw.startswith(b"/") or b"\0" in raw or len(raw) > LONGEST_NAME:
        raise Unsupported("a name that cannot be carried", name, f"over {LONGEST_NAME} bytes")
    return raw[len("/usr") :] if raw.startswith(MERGED) else raw


# --- to bytes ------------------------------------------------------------------------------------


def light_sum(data: bytes) -> bytes:
    """What the runtime knows a guest file by where it has no store: store_sum() of store.c.

    It tells a changed file, not one that was made to look the same: that one's maker would only
    deceive himself, with code that is carried here.
    """
    lanes, mask, factor = [1, 2, 3, 4], (1 << 64) - 1, 0x9E3779B97F4A7C15
    for words in struct.iter_unpack("<4Q", data + bytes(-len(data) % 32)):
        for i, word in enumerate(words):
            lane = lanes[i]
            lanes[i] = (((lane << 29 | lane >> 35) & mask) ^ word) * factor & mask
    return struct.pack("<4Q", *lanes)


class Filler:
    """Takes the packages of a pack, each with the guest file that it is for."""

    def __init__(self, writer: pack.Writer) -> None:
        self._writer = writer
        self._sums: dict[bytes, bytes] = {}

    def add(self, names: Iterable[str], package: bytes, guest: bytes) -> None:
        """Append a package; MalformedInput where it is for another file."""
        found = content_hash(guest)
        if decode_header(package[:PAGE])["guest_hash"] != found:
            raise MalformedInput("changed while it was packed", "its content is another now")
        self._sums[found] = light_sum(guest)
        self._writer.add(names, package)

    def finish(self) -> bytes:
        """Write the index, and return the sums of the guest files in its order."""
        return b"".join(self._sums[row.guest_hash] for row in self._writer.finish())


def write(
    path: Path,
    runtime: bytes,
    fill: Callable[[Filler], None],
    files: Sequence[GuestFile] = (),
    *,
    fast: bool = False,
) -> None:
    """Put a copy of the runtime in place that carries a pack, and files of which 0 is the program.

    ``fill`` adds the packages, made with `--fp fast` where the program is to run so. What the
    runtime carried before is left behind. OSError where the file cannot be written.
    """
    slot_at = find_slot(runtime)
    program = _bare(runtime, slot_at)
    with replacing(path, mode=EXECUTABLE) as file:
        file.write(program)
        filler = Filler(pack.Writer(file))
        fill(filler)
        sums = filler.finish()
        pack_end = file.tell()
        slot: dict[str, Any] = {
            "magic": PAYLOAD_MAGIC,
            "format": PAYLOAD_FORMAT,
            "flags": (PAYLOAD_STANDALONE if files else 0) | (PAYLOAD_FAST if fast else 0),
            "payload_at": len(program),
            "pack_at": len(program) if sums else 0,
            "pack_size": pack_end - len(program) if sums else 0,
            "sums_at": pack_end if sums else 0,
        }
        file.write(sums + bytes(-len(sums) % PAGE))
        if files:
            slot |= _write_files(file, files)
        slot["file_size"] = file.tell()
        slot["hash"] = _hash_from(file, len(program))
        file.seek(slot_at)
        file.write(SLOT.pack(**slot))


def find_slot(runtime: bytes) -> int:
    """Where a program's slot is; Unsupported for a program that is no xlate-run with one."""
    at = runtime.find(PAYLOAD_MAGIC)
    if not runtime.startswith(b"\x7fELF") or at < 0 or runtime.find(PAYLOAD_MAGIC, at + 1) >= 0:
        raise Unsupported("not an xlate-run", "", "it has no place for what it shall carry")
    return at


def _slot(data: bytes, at: int) -> dict[str, Any]:
    slot: dict[str, Any] = SLOT.unpack(data[at : at + SLOT.codec.size])
    return slot


def _bare(runtime: bytes, slot_at: int) -> bytes:
    """The program without what it carries, whole pages."""
    slot = _slot(runtime, slot_at)
    program = bytearray(runtime[: slot["payload_at"]] if slot["file_size"] else runtime)
    program += bytes(-len(program) % PAGE)
    empty = SLOT.pack(magic=PAYLOAD_MAGIC, format=PAYLOAD_FORMAT)
    program[slot_at : slot_at + len(empty)] = empty
    return bytes(program)


def _write_files(file: BinaryIO, files: Sequence[GuestFile]) -> dict[str, Any]:
    if len(files) > PAYLOAD_FILES:
        why = f"{len(files)} files, and a standalone executable has at most {PAYLOAD_FILES}"
        raise Unsupported("too many libraries", "", why, advice="xlate pack --into-runtime")
    rows, names, texts = bytearray(), {}, bytearray(b"\0")
    for number, one in enumerate(files):
        paths = [canonical(name) for name in one.names]
        at = file.tell()
        rows += PAYLOAD_FILE.pack(
            at=at,
            size=len(one.data),
            hash=content_hash(one.data),
            name=len(texts) if paths else 0,
        )
        for path in paths:
            if path not in names:
                names[path] = PAYLOAD_NAME.pack(text=len(texts), file=number)
                texts += path + b"\0"
        file.write(one.data + bytes(-len(one.data) % PAGE))
    table = bytes(rows) + b"".join(names[path] for path in sorted(names)) + bytes(texts)
    table_at = file.tell()
    file.write(table)
    return {
        "table_at": table_at,
        "table_size": len(table),
        "file_count": len(files),
        "name_count": len(names),
    }


def _hash_from(file: BinaryIO, start: int) -> bytes:
    state = hashlib.blake2b(digest_size=32)
    file.seek(start)
    while part := file.read(1 << 20):
        state.update(part)
    return state.digest()


# --- from bytes ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Carried:
    """What an executable carries: its slot, and the names of the guest's files in it."""

    slot: dict[str, Any]
    names: tuple[tuple[str, ...], ...]

    @property
    def pack_at(self) -> int | None:
        """Where its pack begins, None where there is none."""
        return self.slot["pack_at"] if self.slot["pack_size"] else None


def carries(path: Path) -> bool:
    """Say whether a file is a copy of xlate-run that carries something; OSError if unreadable."""
    with open_regular(path) as file:
        if file.read(4) != b"\x7fELF":
            return False
        data = b"\x7fELF" + file.read()
    with suppress(Unsupported):
        return bool(_slot(data, find_slot(data))["file_size"])
    return False


def check(path: Path) -> Carried:
    """Check everything that an executable carries, but for the packages in its pack.

    OSError where it cannot be read, Unsupported or MalformedInput in one line when it is not sound.
    """
    with open_regular(path) as file:
        data = file.read()
        slot = _slot(data, find_slot(data))
        if not slot["file_size"]:
            raise Unsupported("carries nothing", "", "it is an xlate-run as it was built")
        if slot["format"] != PAYLOAD_FORMAT:
            raise _no("it has another format of what it carries")
        if slot["file_size"] != len(data):
            raise _no(f"{len(data)} bytes long instead of {slot['file_size']}")
        if _hash_from(file, slot["payload_at"]) != slot["hash"]:
            raise _no("its checksum is wrong")
    return Carried(slot, _names(slot, data))


def _no(why: str) -> MalformedInput:
    return MalformedInput("damaged executable", why, advice=ADVICE)


def _names(slot: dict[str, Any], data: bytes) -> tuple[tuple[str, ...], ...]:
    """The names of each file; their places are sound, or the checksum were not."""
    at, end = slot["table_at"], slot["table_at"] + slot["table_size"]
    names_at = at + slot["file_count"] * PAYLOAD_FILE.codec.size
    texts_at = names_at + slot["name_count"] * PAYLOAD_NAME.codec.size
    found: list[list[str]] = [[] for _ in range(slot["file_count"])]
    for number in range(slot["name_count"]):
        place = names_at + number * PAYLOAD_NAME.codec.size
        row: dict[str, Any] = PAYLOAD_NAME.unpack(data[place:texts_at])
        text_at = texts_at + row["text"]
        found[row["file"]].append(os.fsdecode(data[text_at : data.index(b"\0", text_at, end)]))
    return tuple(tuple(names) for names in found)
