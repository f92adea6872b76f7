"""Reads an ELF file into an Image, with lief for the structure and our own eyes for the bounds.

lief is lenient: it answers for truncated and absurd files with whatever it could make out. So
the first 52 bytes and the program headers are judged here, before and after lief, and
everything an Image says lies inside the file and the 32-bit address space. What a loader of the
kernel would refuse is ``MalformedInput`` with the reason; what is sound but not for us is
``Unsupported``.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
import re
import stat
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import lief

from xlate.errors import MalformedInput, Unsupported, XlateError
from xlate.loader.image import CodeMark, Image, Prot, Section, Segment, Symbol
from xlate.loader.names import name_of, odd_numbers_are_expected
from xlate.loader.relocations import dynamic, relocations, runpath

ADDRESS_SPACE = 1 << 32
# The kernel accepts 64 KiB of program headers; real files have about ten.
MOST_PROGRAM_HEADERS = 65536 // 32
LARGEST_FILE = 1 << 31

EHDR_SIZE = 52
PHDR_SIZE = 32
ELFCLASS32, ELFDATA2LSB = 1, 1
ET_EXEC, ET_DYN = 2, 3
EM_ARM = 40
EF_ARM_ABI_FLOAT_HARD = 0x400
PT_LOAD, PT_INTERP, PT_GNU_STACK = 1, 3, 0x6474E551
PT_ARM_EXIDX = 0x70000001
PF_X, PF_W, PF_R = 1, 2, 4
PAGE = 4096
PATH_MAX = 4096

MACHINES = {
    3: "x86 (32-bit)",
    8: "MIPS",
    20: "PowerPC",
    21: "PowerPC 64",
    22: "S/390",
    62: "x86-64",
    183: "AArch64",
    243: "RISC-V",
    258: "LoongArch",
}
ADVICE = "a program for 32-bit ARM Linux"
KINDS = {1: "an object file (.o)", 4: "a core dump"}

# A hostile table must not keep the reader busy for minutes.
MOST_SYMBOLS = 4_000_000

# What lief's C++ has been seen to throw at hostile tables; SystemError is an enum it does not know.
LIEF_FAILURES = (
    LookupError,
    MemoryError,
    OverflowError,
    RuntimeError,
    SystemError,
    TypeError,
    ValueError,
)

MARK = re.compile(r"(\$[atd])(?:\..*)?")


def load(path: str | os.PathLike[str]) -> Image:
    """Return the Image of a file, or raise with one line that says what is wrong with it."""
    name = os.fspath(path)
    return parse(read_file(name), name)


def parse(data: bytes, name: str = "<bytes>") -> Image:
    """Return the Image of bytes; name only serves messages and the Image's path."""
    try:
        header = _check_header(data)
        with odd_numbers_are_expected():
            return _image(_parse_with_lief(data), data, name, header)
    except XlateError:
        raise
    except LIEF_FAILURES as error:
        # lief reports hostile tables by whatever its C++ happened to throw.
        raise MalformedInput("damaged ELF file", str(error) or type(error).__name__) from error


def read_file(name: str) -> bytes:
    """Return the bytes of a regular file, or raise with what is wrong with it."""
    advice = {
        errno.ENOENT: "check the path",
        errno.EACCES: "chmod +r, or another user",
        errno.EISDIR: "name the program inside it",
    }
    try:
        handle = os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise MalformedInput("not a regular file", "a device, pipe or socket")
            if status.st_size > LARGEST_FILE:
                raise MalformedInput("too large", f"{status.st_size} bytes for a 32-bit guest")
            return file.read()
    except OSError as error:
        words = os.strerror(error.errno or errno.EIO).lower()
        hint = advice.get(error.errno or 0, "")
        raise MalformedInput("cannot be read", words, advice=hint) from error


@dataclass(frozen=True)
class _Header:
    """The fields of the ELF header that the checks need."""

    kind: int
    machine: int
    entry: int
    phoff: int
    flags: int
    phentsize: int
    phnum: int


@dataclass(frozen=True)
class _ProgramHeader:
    """One program header, in the order of the file."""

    kind: int
    offset: int
    vaddr: int
    paddr: int
    filesz: int
    memsz: int
    flags: int
    align: int


def _read_header(data: bytes) -> _Header:
    f = struct.unpack_from("<HHIIIIIHHHHHH", data, 16)
    return _Header(f[0], f[1], f[3], f[4], f[6], f[8], f[9])


def _program_headers(data: bytes, header: _Header) -> list[_ProgramHeader]:
    table = data[header.phoff : header.phoff + header.phnum * PHDR_SIZE]
    return [_ProgramHeader(*row) for row in struct.iter_unpack("<8I", table)]


def _check_header(data: bytes) -> _Header:
    """Judge the first 52 bytes and where the program headers are said to be."""
    if not data:
        raise MalformedInput("not a program", "the file is empty", advice=ADVICE)
    if data[:2] == b"#!":
        line = data[2:80].split(b"\n")[0].decode("utf-8", "replace").strip()
        raise MalformedInput("a script, not an ELF file", f"interpreter {line}", advice=ADVICE)
    if data[:4] != b"\x7fELF":
        raise MalformedInput(
            "not an ELF file", f"it starts with {data[:4].hex(' ')}", advice=ADVICE
        )
    if len(data) < EHDR_SIZE:
        raise MalformedInput("truncated ELF header", f"{len(data)} of {EHDR_SIZE} bytes")
    if data[5] != ELFDATA2LSB:
        raise Unsupported("big-endian program", "", "only little-endian ARM is translated")
    header = _read_header(data)
    if data[4] != ELFCLASS32 or header.machine != EM_ARM:
        machine = MACHINES.get(header.machine, f"machine {header.machine}")
        raise Unsupported(f"a program for {machine}", "", "only 32-bit ARM is translated")
    if header.kind not in {ET_EXEC, ET_DYN}:
        kind = KINDS.get(header.kind, f"ELF type {header.kind}")
        raise Unsupported(kind, "", "only programs and shared libraries can be loaded")
    _check_program_headers(header, len(data))
    return header


def _check_program_headers(header: _Header, size: int) -> None:
    if header.phnum == 0:
        raise MalformedInput("no program headers", "nothing in it can be loaded")
    if header.phentsize != PHDR_SIZE or header.phnum > MOST_PROGRAM_HEADERS:
        shape = f"{header.phnum} of {header.phentsize} bytes"
        raise MalformedInput("absurd program headers", shape)
    end = header.phoff + header.phnum * PHDR_SIZE
    if end > size:
        raise MalformedInput("truncated program headers", f"they end at {end}, the file at {size}")


def _parse_with_lief(data: bytes) -> lief.ELF.Binary:
    lief.logging.disable()
    elf = lief.ELF.parse(data)
    if not isinstance(elf, lief.ELF.Binary):
        raise MalformedInput("damaged ELF file", "its tables cannot be read")
    return elf


def _image(elf: lief.ELF.Binary, data: bytes, name: str, header: _Header) -> Image:
    rows = _program_headers(data, header)
    segments = _segments(rows, data)
    entry = header.entry & ~1
    inside = any(s.guest_va <= entry < s.end and Prot.EXEC in s.prot for s in segments)
    # A shared library may have no entry at all.
    if not inside and (header.entry or header.kind == ET_EXEC):
        raise MalformedInput("entry outside text", f"{header.entry:#x} is in no executable segment")
    symbols, marks = _symbols(elf)
    stack = [row for row in rows if row.kind == PT_GNU_STACK]
    index = [(row.vaddr, row.vaddr + row.memsz) for row in rows if row.kind == PT_ARM_EXIDX]
    return Image(
        path=name,
        sha256=hashlib.sha256(data).hexdigest(),
        position_independent=header.kind == ET_DYN,
        entry=entry,
        entry_thumb=bool(header.entry & 1),
        eabi=header.flags >> 24,
        hard_float=bool(header.flags & EF_ARM_ABI_FLOAT_HARD),
        executable_stack=not stack or bool(stack[0].flags & PF_X),
        segments=segments,
        sections=_sections(elf, data),
        symbols=symbols,
        marks=marks,
        interpreter=_interpreter(rows, data),
        needed=tuple(str(library) for library in elf.libraries),
        build_id=_build_id(elf),
        relocations=relocations(elf),
        dynamic=tuple(sorted(dynamic(elf).items())),
        exidx=index[0] if index else None,
        runpath=runpath(elf),
    )


def _segments(rows: Sequence[_ProgramHeader], data: bytes) -> tuple[Segment, ...]:
    """Return what PT_LOAD asks for, after the checks that the kernel makes, and a few more."""
    segments: list[Segment] = []
    for row in (row for row in rows if row.kind == PT_LOAD):
        where = f"segment at {row.vaddr:#x}"
        if row.offset + row.filesz > len(data):
            raise MalformedInput(
                f"truncated {where}",
                f"its data end at {row.offset + row.filesz}, the file at {len(data)}",
            )
        if row.memsz < row.filesz:
            sizes = f"{row.memsz:#x} bytes of memory for {row.filesz:#x} bytes of file"
            raise MalformedInput(f"absurd {where}", sizes)
        if row.vaddr + row.memsz > ADDRESS_SPACE:
            raise MalformedInput(f"absurd {where}", f"its {row.memsz:#x} bytes pass 4 GiB")
        if (row.vaddr - row.offset) % PAGE:
            offset = f"file offset {row.offset:#x} differs from it within the page"
            raise MalformedInput(f"unaligned {where}", offset)
        if segments and row.vaddr < segments[-1].end:
            raise MalformedInput(f"overlapping {where}", "or not in order of address")
        content = data[row.offset : row.offset + row.filesz]
        segments.append(Segment(row.vaddr, content, row.memsz, _prot(row.flags)))
    if not segments:
        raise MalformedInput("no loadable segment", "nothing in it can run")
    return tuple(segments)


def _prot(flags: int) -> Prot:
    bits = ((PF_R, Prot.READ), (PF_W, Prot.WRITE), (PF_X, Prot.EXEC))
    prot = Prot.NONE
    for flag, bit in bits:
        if flags & flag:
            prot |= bit
    return prot


def _interpreter(rows: Sequence[_ProgramHeader], data: bytes) -> str | None:
    row = next((row for row in rows if row.kind == PT_INTERP), None)
    if row is None:
        return None
    path = data[row.offset : row.offset + row.filesz]
    if len(path) != row.filesz or not path.endswith(b"\0") or len(path) > PATH_MAX:
        raise MalformedInput("damaged PT_INTERP", "its path does not end inside the file")
    return os.fsdecode(path.split(b"\0")[0])


def _sections(elf: lief.ELF.Binary, data: bytes) -> tuple[Section, ...]:
    """Return the sections that have bytes in the file; the linker's view may be absent or wrong."""
    found = []
    flags = lief.ELF.Section.FLAGS
    no_bytes = {None, "nobits", "sht_null_"}
    for section in elf.sections:
        start, size = section.offset, section.size
        if name_of(section, "type") in no_bytes or not size or start + size > len(data):
            continue
        found.append(
            Section(
                name=str(section.name),
                guest_va=section.virtual_address,
                data=data[start : start + size],
                executable=section.has(flags.EXECINSTR),
                loaded=section.has(flags.ALLOC),
            )
        )
    return tuple(found)


def _symbols(
    elf: lief.ELF.Binary,
) -> tuple[tuple[Symbol, ...], tuple[tuple[int, CodeMark], ...]]:
    """Return the named addresses, and apart from them the mapping symbols in order of address."""
    symbols: dict[Symbol, None] = {}
    marks: dict[int, CodeMark] = {}
    for symbol in itertools.islice(elf.symbols, MOST_SYMBOLS):
        kind, binding = name_of(symbol, "type"), name_of(symbol, "binding")
        if kind is None or binding is None:
            continue
        name = symbol.name if isinstance(symbol.name, str) else os.fsdecode(symbol.name)
        match = MARK.fullmatch(name)
        if match is not None and kind == "notype":
            marks[symbol.value] = CodeMark(match[1])
        elif name and kind not in {"file", "section"} and symbol.shndx:
            is_code = kind in {"func", "gnu_ifunc"}
            symbols[
                Symbol(
                    name=name,
                    guest_va=symbol.value & ~1 if is_code else symbol.value,
                    size=symbol.size,
                    kind=kind,
                    binding=binding,
                    thumb=bool(symbol.value & 1) if is_code else None,
                )
            ] = None
    return tuple(symbols), tuple(sorted(marks.items()))


def _build_id(elf: lief.ELF.Binary) -> str | None:
    for note in elf.notes:
        if note.type == lief.ELF.Note.TYPE.GNU_BUILD_ID:
            return bytes(note.description).hex()
    return None
