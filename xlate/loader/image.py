"""The Image: a guest program as data, the first noun of the flow.

It says what the file says and nothing more: what its code means, and where code is, others find
out. Everything is frozen, so an Image may be shared between workers and used as the key of a
cache.
"""

from __future__ import annotations

import enum
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property


class Prot(enum.Flag):
    """Guest protection of a segment; prints as in /proc/PID/maps."""

    NONE = 0
    READ = 1
    WRITE = 2
    EXEC = 4

    def __str__(self) -> str:
        """Return the three letters ``rwx`` with dashes for what is absent."""
        letters = zip("rwx", (Prot.READ, Prot.WRITE, Prot.EXEC), strict=True)
        return "".join(letter if bit in self else "-" for letter, bit in letters)


class CodeMark(enum.Enum):
    """What a mapping symbol (AAELF32) says of the bytes from its address on."""

    ARM = "$a"
    THUMB = "$t"
    DATA = "$d"


@dataclass(frozen=True)
class Segment:
    """A loadable piece: data comes from the file, the rest up to memory_size is zero."""

    guest_va: int
    data: bytes
    memory_size: int
    prot: Prot

    @property
    def end(self) -> int:
        """Return the first guest address behind the segment."""
        return self.guest_va + self.memory_size


@dataclass(frozen=True)
class Section:
    """A named piece as the linker saw it; stripped files may have none."""

    name: str
    guest_va: int
    data: bytes
    executable: bool
    loaded: bool

    @property
    def end(self) -> int:
        """Return the first guest address behind the section's bytes."""
        return self.guest_va + len(self.data)


@dataclass(frozen=True)
class Symbol:
    """A name for an address; thumb is known for functions only (bit 0 of the value)."""

    name: str
    guest_va: int
    size: int
    kind: str
    binding: str
    thumb: bool | None


@dataclass(frozen=True)
class Relocation:
    """A word that the loader of the guest fills in; ``symbol_value`` is 0 for an import."""

    guest_va: int
    kind: str  # relative, glob_dat, jump_slot, irelative, abs32, ...
    symbol: str
    symbol_value: int


@dataclass(frozen=True)
class Image:
    """One ELF file for 32-bit little-endian ARM, checked and in guest terms."""

    path: str
    sha256: str
    position_independent: bool
    entry: int
    entry_thumb: bool
    eabi: int
    hard_float: bool
    executable_stack: bool
    segments: tuple[Segment, ...]
    sections: tuple[Section, ...]
    symbols: tuple[Symbol, ...]
    marks: tuple[tuple[int, CodeMark], ...]
    interpreter: str | None
    needed: tuple[str, ...]
    build_id: str | None
    relocations: tuple[Relocation, ...] = ()
    dynamic: tuple[tuple[str, int], ...] = ()
    exidx: tuple[int, int] | None = None  # address range of the exception index
    runpath: tuple[str, ...] = ()  # DT_RUNPATH, else DT_RPATH; $ORIGIN stands as it is

    def segment_at(self, guest_va: int) -> Segment | None:
        """Return the segment that covers an address."""
        return next((s for s in self.segments if s.guest_va <= guest_va < s.end), None)

    def read(self, guest_va: int, size: int) -> bytes:
        """Return up to size bytes from an address on; fewer where the segment ends."""
        segment = self.segment_at(guest_va)
        if segment is None:
            return b""
        start = guest_va - segment.guest_va
        size = min(size, segment.end - guest_va)
        return segment.data[start : start + size].ljust(size, b"\0")

    def mark_at(self, guest_va: int) -> CodeMark | None:
        """Return what the last mapping symbol up to an address says, within its section."""
        index = bisect_right(self._mark_addresses, guest_va) - 1
        if index < 0:
            return None
        at, mark = self.marks[index]
        here = self.section_at(guest_va)
        # A mark says nothing beyond its own section.
        return mark if here is None or here.guest_va <= at else None

    def section_at(self, guest_va: int) -> Section | None:
        """Return the loaded section that covers an address."""
        return next((s for s in self.sections if s.loaded and s.guest_va <= guest_va < s.end), None)

    def symbol_named(self, name: str) -> Symbol | None:
        """Return the symbol of that name that has an address."""
        return next((s for s in self.symbols if s.name == name and s.guest_va), None)

    def label_of(self, guest_va: int) -> str | None:
        """Return ``name`` or ``name+0x10`` for an address inside named code."""
        index = bisect_right(self._label_addresses, guest_va) - 1
        if index < 0:
            return None
        symbol = self.labels[index]
        offset = guest_va - symbol.guest_va
        if offset >= max(symbol.size, 1):
            return None
        return f"{symbol.name}+{offset:#x}" if offset else symbol.name

    @cached_property
    def labels(self) -> Sequence[Symbol]:
        """Return the functions and objects in order of address, one name for each address."""
        best: dict[int, Symbol] = {}
        for symbol in self.symbols:
            known = best.get(symbol.guest_va)
            if symbol.kind in {"func", "object", "ifunc", "notype"} and symbol.guest_va:
                best[symbol.guest_va] = _preferred(known, symbol)
        return [best[at] for at in sorted(best)]

    @cached_property
    def code_symbols(self) -> Sequence[Symbol]:
        """Return the symbols that say which mode the code at their address has, in order."""
        return sorted((s for s in self.symbols if s.thumb is not None), key=_address)

    @cached_property
    def code_addresses(self) -> list[int]:
        """Return the addresses of code_symbols, for bisection."""
        return [symbol.guest_va for symbol in self.code_symbols]

    @cached_property
    def _label_addresses(self) -> list[int]:
        return [symbol.guest_va for symbol in self.labels]

    @cached_property
    def _mark_addresses(self) -> list[int]:
        return [at for at, _ in self.marks]


def _address(symbol: Symbol) -> int:
    return symbol.guest_va


def _preferred(known: Symbol | None, other: Symbol) -> Symbol:
    """Choose between two names of one address as objdump does: functions, then global ones."""
    if known is None:
        return other

    def rank(symbol: Symbol) -> tuple[bool, bool, bool]:
        return (symbol.kind == "func", symbol.size > 0, symbol.binding == "global")

    return max(known, other, key=rank)
