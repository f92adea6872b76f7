"""Code pages of cases as an ELF file, so that conversion and runtime take them for any module.

Every page is a segment of its own, with a section that begins at the case's first instruction,
which is a function symbol: what fills the page before it is not taken for code. Both modes of
linking: at the pages' own addresses, or position independent.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from xlate.verify.case import PAGE

_EHDR, _PHDR, _SHDR, _SYM = 52, 32, 40, 16
_ET_EXEC, _ET_DYN, _EM_ARM, _FLAGS = 2, 3, 40, 0x5000400
_PT_LOAD, _READ_EXEC = 1, 5
_PROGBITS, _SYMTAB, _STRTAB, _ALLOC_EXEC = 1, 2, 3, 6
_FUNC_GLOBAL = 1 << 4 | 2
_NAMES = b"\0.text\0.symtab\0.strtab\0"
MOST_PAGES = 60  # program headers and the mark fit in the first page


@dataclass(frozen=True)
class CodePage:
    """Bytes at a link address, and the keys (address and T bit) that a program enters.

    Several pages in one, and the further keys in order of address, are for a file of its own.
    What stands behind ``length`` bytes (0: nothing) belongs to no section: to search it for code
    cost more than to compile what there is.
    """

    address: int
    data: bytes
    entry: int
    more: tuple[int, ...] = ()
    length: int = 0

    @property
    def end(self) -> int:
        """Address behind the code."""
        return self.address + (self.length or len(self.data))


def file_offset(index: int) -> int:
    """Return where the bytes of a page stand in the file."""
    return PAGE * (1 + index)


def elf_file(pages: Sequence[CodePage], *, position_independent: bool = False) -> bytes:
    """Return the file; different pages give files that differ in their first page."""
    assert len(pages) <= MOST_PAGES
    assert len(pages) == 1 or all(len(page.data) == PAGE for page in pages)
    symbols, strings = _symbols(pages)
    body = b"".join(page.data for page in pages)
    symbols_at = PAGE + len(body)
    strings_at = symbols_at + len(symbols)
    names_at = strings_at + len(strings)
    sections_at = -(-(names_at + len(_NAMES)) // 4) * 4
    sections = [bytes(_SHDR)]
    for index, page in enumerate(pages):
        start = (page.entry & ~1) - page.address
        place = (page.address + start, file_offset(index) + start, page.end - page.address - start)
        sections.append(_section(1, _PROGBITS, _ALLOC_EXEC, place))
    count = len(sections) + 3
    sections.append(
        _section(7, _SYMTAB, 0, (0, symbols_at, len(symbols)), link=count - 2, entry_size=_SYM)
    )
    sections.append(_section(15, _STRTAB, 0, (0, strings_at, len(strings))))
    sections.append(_section(15, _STRTAB, 0, (0, names_at, len(_NAMES))))
    header = b"\x7fELF\1\1\1" + bytes(9)
    header += struct.pack(
        "<HHIIIIIHHHHHH",
        *(_ET_DYN if position_independent else _ET_EXEC, _EM_ARM, 1, pages[0].entry),
        *(_EHDR, sections_at, _FLAGS, _EHDR, _PHDR, len(pages), _SHDR, count, count - 1),
    )
    table = b"".join(_program_header(index, page) for index, page in enumerate(pages))
    mark = hashlib.blake2b(header + table + symbols + body).digest()
    first = (header + table).ljust(PAGE - len(mark), b"\0") + mark
    rest = symbols + strings + _NAMES
    return first + body + rest.ljust(sections_at - symbols_at, b"\0") + b"".join(sections)


def _program_header(index: int, page: CodePage) -> bytes:
    size = len(page.data)
    return struct.pack(
        "<8I",
        *(_PT_LOAD, file_offset(index), page.address, page.address),
        *(size, size, _READ_EXEC, PAGE),
    )


def _section(
    name: int,
    kind: int,
    flags: int,
    place: tuple[int, int, int],
    link: int = 0,
    entry_size: int = 0,
) -> bytes:
    info = int(kind == _SYMTAB)  # symbols before the first global one
    return struct.pack("<10I", name, kind, flags, *place, link, info, 4, entry_size)


def _symbols(pages: Sequence[CodePage]) -> tuple[bytes, bytes]:
    strings, rows = b"\0", [bytes(_SYM)]
    for index, page in enumerate(pages):
        keys = (page.entry, *page.more, page.end)
        for key, after in pairwise(keys):
            size = (after & ~1) - (key & ~1)
            rows.append(struct.pack("<IIIBBH", len(strings), key, size, _FUNC_GLOBAL, 0, index + 1))
            strings += b"case%d\0" % (len(rows) - 2)
    return b"".join(rows), strings
