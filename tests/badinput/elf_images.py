"""Smallest ARM ELF files, whole or spoilt in one way each.

``Image()`` is a program that exits with status 7; every field that a test wants wrong is an
argument. So a refusal is about that one field, and not about another fault of a file made by
hand.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace

EXIT_STATUS = 7
PAGE = 4096
LINK_ADDRESS = 0x10000
HEADER_SIZE = 52
ENTRY_SIZE = 32

PT_LOAD, PT_INTERP = 1, 3
PF_X, PF_W, PF_R = 1, 2, 4

# mov r0, #7; mov r7, #1; svc #0
CODE = struct.pack("<3I", 0xE3A00000 | EXIT_STATUS, 0xE3A07001, 0xEF000000)


@dataclass(frozen=True)
class Segment:
    """One program header; None in a size means what the file has."""

    kind: int = PT_LOAD
    offset: int = 0
    address: int = LINK_ADDRESS
    filesz: int | None = None
    memsz: int | None = None
    flags: int = PF_R | PF_X
    align: int = PAGE


@dataclass(frozen=True)
class Image:
    """A whole file: header, program headers, code."""

    machine: int = 40
    big_endian: bool = False
    elf_class: int = 1
    kind: int = 2
    entry: int | None = None
    phoff: int = HEADER_SIZE
    phnum: int | None = None
    phentsize: int = ENTRY_SIZE
    flags: int = 0x5000400
    segments: tuple[Segment, ...] = (Segment(),)
    interpreter: bytes = b""
    code: bytes = field(default=CODE)

    def data(self) -> bytes:
        """Return the bytes of the file."""
        order = ">" if self.big_endian else "<"
        segments = self.segments
        table_end = HEADER_SIZE + (len(segments) + bool(self.interpreter)) * ENTRY_SIZE
        code_at = table_end + len(self.interpreter)
        size = code_at + len(self.code)
        if self.interpreter:
            whole = len(self.interpreter)
            at = Segment(PT_INTERP, table_end, LINK_ADDRESS + table_end, whole, whole, PF_R, 1)
            segments = (at, *segments)
        entry = LINK_ADDRESS + code_at if self.entry is None else self.entry
        ident = b"\x7fELF" + bytes([self.elf_class, 2 if self.big_endian else 1, 1]) + bytes(9)
        phnum = len(segments) if self.phnum is None else self.phnum
        header = ident + struct.pack(
            order + "HHIIIIIHHHHHH",
            *(self.kind, self.machine, 1, entry, self.phoff, 0, self.flags),
            *(HEADER_SIZE, self.phentsize, phnum, 40, 0, 0),
        )
        table = b"".join(_program_header(order, s, size) for s in segments)
        return header + table + self.interpreter + self.code

    def but(self, **changes: object) -> Image:
        """Return a copy with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


def _program_header(order: str, s: Segment, size: int) -> bytes:
    filesz = size - s.offset if s.filesz is None else s.filesz
    memsz = filesz if s.memsz is None else s.memsz
    fields = (s.kind, s.offset, s.address, s.address, filesz, memsz, s.flags, s.align)
    return struct.pack(order + "8I", *fields)


def host_header(machine: int) -> bytes:
    """Return the ELF64 header of a program for another machine."""
    ident = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    rest = struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, 0x400000, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    return ident + rest + bytes(56)
