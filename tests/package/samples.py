"""A guest of a few words and packages for it, made by hand.

The guest's function returns 5, the package's one returns 9: the exit status says which code ran.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frontends.arm32.state import STATE
from tests.badinput.elf_images import LINK_ADDRESS, Image, Segment
from xlate.package import faults, layout
from xlate.package.format import Entry, Package
from xlate.package.key import Identity, content_hash, identify
from xlate.package.layout import PAGE

BASELINE_STATUS, PACKAGE_STATUS = 5, 9

# bl f; mov r7, #1; svc #0; f: mov r0, #5; bx lr
CODE = struct.pack("<5I", 0xEB000001, 0xE3A07001, 0xEF000000, 0xE3A00005, 0xE12FFF1E)
HEADERS_SIZE = 0x54
ENTRY = LINK_ADDRESS + HEADERS_SIZE
FUNCTION = ENTRY + 12
LOW, HIGH = LINK_ADDRESS, LINK_ADDRESS + PAGE
STUB_AT = PAGE + 8


def guest_image(*, position_independent: bool = False, padding: bytes = b"") -> bytes:
    """The guest's file; padding makes another file of it that runs the same."""
    loaded = HEADERS_SIZE + len(CODE)
    segment = Segment(filesz=loaded, memsz=loaded)
    kind = 3 if position_independent else 2
    return Image(code=CODE + padding, kind=kind, segments=(segment,)).data()


def stub(body: bytes) -> bytes:
    """Both forms of an entry, X at 8, and the function behind them."""
    enter = STATE.offsets()["enter"]
    function = 24
    before = b"\xe9" + struct.pack("<i", function - 5) + bytes(3)
    at_x = b"\x48\x8d\x0d" + struct.pack("<i", function - 8 - 7)  # lea rcx, [rip+f]
    at_x += b"\x41\xff\xa4\x24" + struct.pack("<i", enter)  # jmp *enter(%r12)
    return before + at_x + b"\xcc" + body


def returning(value: int) -> bytes:
    """A function of the optimised tier's ABI: r0 := value, then back to lr."""
    lr = STATE.offsets()["r"] + 4 * 14
    return b"\xb9" + struct.pack("<I", value) + b"\x8b\x80" + struct.pack("<I", lr) + b"\xc3"


def fingerprinted(guest: bytes, **changes: Any) -> Identity:
    """The identity of a package made now, with some members changed."""
    pie = struct.unpack_from("<H", guest, 16)[0] == 3
    identity = identify(guest, STATE.abi(), level=1, position_independent=pie)
    return Identity(**{**identity.__dict__, **changes})


def package_for(guest: bytes, **changes: Any) -> Package:
    """A package whose one function returns 9."""
    code = stub(returning(PACKAGE_STATUS))
    table = bytearray(2 * (HIGH - LOW))
    struct.pack_into("<i", table, (FUNCTION - LOW) * 2, STUB_AT - 8 * (FUNCTION - LOW))
    rows = [faults.FaultRow(PAGE, len(code), FUNCTION, ((24, 0, 0), (29, 4, -8)))]
    return Package(
        identity=fingerprinted(guest, **changes),
        low=LOW,
        high=HIGH,
        table_a32=bytes(table),
        table_t32=None,
        image=bytes(PAGE) + code,
        entries=(Entry(FUNCTION, STUB_AT, len(code)),),
        faults=faults.encode(rows),
        fault_count=1,
        functions=1,
        provenance={"made": "by hand"},
    )


@dataclass(frozen=True)
class Run:
    """How a guest ended, what was printed, and the statistics."""

    status: int
    stderr: str
    stats: dict[str, Any]

    @property
    def states(self) -> list[str]:
        """What became of the packages of its modules."""
        return [row["state"] for row in self.stats["packages"]]


def run(
    xlate_run: Path,
    guest: Path,
    *options: str,
    cache: Path | str = "off",
    user: int | None = None,
    words: Sequence[str] = (),
    before: Sequence[str] = (),
    preexec: Callable[[], None] | None = None,
) -> Run:
    """Run a guest (or `words`) with statistics and the given store, as `user`, behind `before`.

    ``preexec`` is called in the child before it becomes the program.
    """
    stats = guest.with_name(f"{guest.name}.stats-{user}")
    stats.touch()
    if user is not None:
        stats.chmod(0o666)
    command = [*before, str(xlate_run), "--stats=json", "--stats-file", str(stats), *options]
    done = subprocess.run(
        [*command, *(words or [str(guest)])],
        env={**os.environ, "XLATE_CACHE": str(cache)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        user=user,
        preexec_fn=preexec,
    )
    text = stats.read_text()
    return Run(done.returncode, done.stderr, json.loads(text) if text else {})


GUEST = guest_image()


def put_guest(folder: Path, data: bytes, name: str = "guest") -> Path:
    """Write an executable guest."""
    path = folder / name
    path.write_bytes(data)
    path.chmod(0o755)
    return path


def reseal(data: bytes, **changes: int | bytes | tuple[int, ...]) -> bytes:
    """The same file with members of the header changed and both checksums made right again."""
    values = layout.HEADER.unpack(data)
    del values["header_hash"]
    values["data_hash"] = content_hash(data[layout.PAGE :])
    page = layout.HEADER.pack(**{**values, **changes})[: layout.HASH_AT]
    return page + content_hash(page) + data[layout.PAGE :]
