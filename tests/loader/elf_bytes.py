"""Builds small ELF files byte by byte, right ones and wrong ones, for the tests of the loader."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

PT_LOAD, PT_INTERP, PT_GNU_STACK = 1, 3, 0x6474E551
R, W, X = 4, 2, 1
BASE = 0x10000
CODE_OFFSET = 0x1000
# mov r7, #1; mov r0, #0; svc #0
CODE = bytes.fromhex("0170a0e3 0000a0e3 000000ef")


@dataclass
class Phdr:
    """A program header; the defaults describe the code segment."""

    kind: int = PT_LOAD
    offset: int = CODE_OFFSET
    vaddr: int = BASE + CODE_OFFSET
    filesz: int = len(CODE)
    memsz: int = len(CODE)
    flags: int = R | X
    align: int = 0x1000

    def pack(self) -> bytes:
        """Return the 32 bytes of the file."""
        at = (self.vaddr, self.vaddr)
        sizes = (self.filesz, self.memsz)
        return struct.pack("<8I", self.kind, self.offset, *at, *sizes, self.flags, self.align)


@dataclass
class Elf:
    """An ELF header with its program headers; every field may be made wrong."""

    phdrs: list[Phdr] = field(default_factory=lambda: [Phdr()])
    ident: bytes = b"\x7fELF\x01\x01\x01" + bytes(9)
    kind: int = 2
    machine: int = 40
    entry: int = BASE + CODE_OFFSET
    phoff: int = 52
    phentsize: int = 32
    phnum: int | None = None
    flags: int = 0x05000400

    def build(self) -> bytes:
        """Return the file: headers, then the code one page in."""
        phnum = len(self.phdrs) if self.phnum is None else self.phnum
        shape = (self.phentsize, phnum, 40, 0, 0)
        header = self.ident + struct.pack(
            "<HHIIIIIHHHHHH",
            *(self.kind, self.machine, 1, self.entry, self.phoff, 0, self.flags, 52),
            *shape,
        )
        table = b"".join(phdr.pack() for phdr in self.phdrs)
        return (header + table).ljust(CODE_OFFSET, b"\0") + CODE
