"""Object files to functions that stand alone: code, relocations, constants, places of accesses.

Reads exactly what LLVM emits for the modules of ``modules.py`` (little-endian x86-64 ELF, one text
section a function); anything else in a function makes that function refused, never guessed at.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from backends.llvm.accesses import SECTION, pack_places, read_places
from backends.llvm.modules import BIAS

CALLEE, CONSTANT, OWN, SLOT = range(4)
"""What a relocation is relative to: a callee, a constant, the function's own code, the bias."""


class Reloc(NamedTuple):
    """A 32-bit field at ``offset`` that becomes target + addend - its own address."""

    offset: int
    kind: int
    number: int
    addend: int


class Constant(NamedTuple):
    """Read-only bytes; jump tables have relocations to the function's own code."""

    data: bytes
    align: int
    relocs: tuple[Reloc, ...] = ()


@dataclass(frozen=True, slots=True)
class ObjectCode:
    """One compiled function. ``callees[i]`` is the name that a CALLEE relocation i means."""

    code: bytes
    align: int
    relocs: tuple[Reloc, ...]
    constants: tuple[Constant, ...]
    lines: bytes
    callees: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A function that was not compiled and stays with the baseline tier."""

    reason: str


class _Section(NamedTuple):
    number: int
    name: str
    kind: int
    data: bytes
    link: int
    info: int
    align: int
    entsize: int


class _Symbol(NamedTuple):
    name: str
    section: int
    value: int


_HEADER = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_RELA = struct.Struct("<QQq")
_RELA_TYPE = 4
_PC32, _PLT32 = 2, 4
_MERGE = 0x10


class _Unknown(Exception):
    """A function has something that this reader does not know."""


def _name(table: bytes, at: int) -> str:
    return table[at : table.index(b"\0", at)].decode()


class Elf:
    """Sections, symbols and relocations by section, of one object file."""

    def __init__(self, data: bytes) -> None:
        (at,) = struct.unpack_from("<Q", data, 0x28)
        count, names = struct.unpack_from("<HH", data, 0x3C)
        rows = [_HEADER.unpack_from(data, at + 64 * i) for i in range(count)]
        strings = data[rows[names][4] :]
        self.sections = [
            _Section(i, _name(strings, r[0]), r[1], data[r[4] : r[4] + r[5]], *r[6:])
            for i, r in enumerate(rows)
        ]
        self.flags = [r[2] for r in rows]
        self.by_name = {s.name: s for s in self.sections}
        symtab, links = self.by_name[".symtab"], self.by_name[".strtab"].data
        self.symbols = [
            _Symbol(_name(links, name), section, value)
            for name, _, _, section, value, _ in _SYMBOL.iter_unpack(symtab.data)
        ]
        self.relocs = {
            s.info: list(_RELA.iter_unpack(s.data)) for s in self.sections if s.kind == _RELA_TYPE
        }

    def relocations(self, section: _Section) -> Iterator[tuple[int, int, _Symbol, int]]:
        """Offset, type, symbol and addend of each relocation of a section."""
        for offset, info, addend in self.relocs.get(section.number, ()):
            yield offset, info & 0xFFFFFFFF, self.symbols[info >> 32], addend


def read_object(data: bytes, count: int) -> list[ObjectCode | Refused]:
    """Functions ``x0`` to ``x<count-1>`` of an object file."""
    return read_functions(Elf(data), count)


def read_functions(elf: Elf, count: int) -> list[ObjectCode | Refused]:
    """The same of one that is open."""
    texts = [elf.by_name[f".text.x{i}"] for i in range(count)]
    lines = {number: pack_places(places) for number, places in _accesses(elf).items()}
    out: list[ObjectCode | Refused] = []
    for text in texts:
        try:
            out.append(_Function(elf, text).result(lines.get(text.number, b"")))
        except _Unknown as e:
            out.append(Refused(str(e)))
    return out


def merged(elf: Elf, counts: Sequence[int]) -> list[int]:
    """Numbers of the functions that have lost some of so many accesses."""
    found = _accesses(elf)
    lost = []
    for i, count in enumerate(counts):
        places = found.get(elf.by_name[f".text.x{i}"].number, [])
        if len({place[-1] for place in places}) < count:
            lost.append(i)
    return lost


def _accesses(elf: Elf) -> dict[int, list[tuple[int, int, int, int]]]:
    """Places of accesses by number of the section of code."""
    out = {}
    for section in elf.sections:
        if section.name == SECTION:
            fields = {at: s.value + addend for at, _, s, addend in elf.relocations(section)}
            out[section.link] = read_places(section.data, fields)
    return out


class _Function:
    """One function while its relocations are sorted out."""

    def __init__(self, elf: Elf, text: _Section) -> None:
        self.elf, self.text = elf, text
        self.constants: list[Constant] = []
        self.known: dict[tuple[int, int], int] = {}

    def result(self, lines: bytes) -> ObjectCode:
        relocs = tuple(self._reloc(*r, within=self.text) for r in self.elf.relocations(self.text))
        return ObjectCode(self.text.data, self.text.align, relocs, tuple(self.constants), lines)

    def _reloc(
        self, offset: int, kind: int, symbol: _Symbol, addend: int, *, within: _Section
    ) -> Reloc:
        if kind not in (_PC32, _PLT32):
            raise _Unknown(f"relocation type {kind} in {within.name}")
        if symbol.section == 0:
            return self._outside(offset, symbol.name, addend)
        if symbol.section == self.text.number:
            return Reloc(offset, OWN, 0, symbol.value + addend)
        if within is not self.text:
            raise _Unknown(f"{within.name} refers to {symbol.name}")
        number, base = self._constant(symbol)
        return Reloc(offset, CONSTANT, number, base + addend)

    def _outside(self, offset: int, name: str, addend: int) -> Reloc:
        if name == BIAS:
            return Reloc(offset, SLOT, 0, addend)
        if name[0] in "dpqr" and name[1:].isdigit():
            return Reloc(offset, CALLEE, int(name[1:]), addend)
        raise _Unknown(f"calls {name}")

    def _constant(self, symbol: _Symbol) -> tuple[int, int]:
        """Number of the constant and the offset within it that the symbol means."""
        section = self.elf.sections[symbol.section]
        if not section.name.startswith(".rodata"):
            raise _Unknown(f"refers to {section.name}")
        size = section.entsize if self.elf.flags[section.number] & _MERGE else 0
        if not size and section.name != f".rodata{self.text.name.removeprefix('.text')}":
            raise _Unknown(f"refers to {section.name}, which functions share")
        start, within = (symbol.value, 0) if size else (0, symbol.value)
        place = (section.number, start)
        if place not in self.known:
            data = section.data[start : start + size] if size else section.data
            relocs = () if size else self._table(section)
            self.known[place] = len(self.constants)
            self.constants.append(Constant(data, size or section.align, relocs))
        return self.known[place], within

    def _table(self, section: _Section) -> tuple[Reloc, ...]:
        return tuple(self._reloc(*r, within=section) for r in self.elf.relocations(section))
