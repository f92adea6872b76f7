"""Functions to one flat image: entries, layout, relocations, table slices, fault table.

Lays out by guest address, resolves every relocation (they are all relative, so the image needs none
at run time), and makes keys reachable: a stub for each entry, a stub that asks for the baseline
tier for each callee without code. The forms of stubs and tables are the contract with the runtime
(docs/package.md).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from backends.llvm.objects import CALLEE, CONSTANT, OWN, Constant, ObjectCode, Refused, Reloc
from backends.llvm.unit import FunctionText
from xlate.errors import Inconsistent

PAGE = 4096
_ALIGN = 16
MOST_SPAN = 1 << 28  # table entries have 32 bits, and code has 8 bytes for each of the guest's
_BEFORE = 8  # optimised code calls an entry this far before X, where baseline code comes in
_FAULT = struct.Struct("<IIII")
_CALLEE = re.compile(r"[fs]_([0-9a-f]{8})$")
_TRAP = b"\xcc"

FULL = "the image is full"
WIDE = "the module is too wide"
OUTSIDE = "an entry outside the module"


@dataclass(frozen=True)
class LinkedImage:
    """An image and its tables; every offset counts from the image's first byte, the slot page.

    ``entries`` are (key, offset of X, bytes of code). ``faults`` are ``fault_count`` rows (start,
    size, key, offset of the stream behind the rows), then the streams of packed lines. ``dropped``
    are functions that were compiled and have no place: (key, reason).
    """

    code: bytes
    table_a32: bytes | None
    table_t32: bytes | None
    entries: tuple[tuple[int, int, int], ...]
    faults: bytes
    fault_count: int
    dropped: tuple[tuple[int, str], ...]


@dataclass
class _Placed:
    """A function and where its code lies."""

    text: FunctionText
    object: ObjectCode
    start: int = 0
    entries: list[tuple[int, int]] = field(default_factory=list)  # key, X

    @property
    def named_entry(self) -> bool:
        """One entry, which is the function's own key: nobody asks which."""
        return self.text.entries == (self.text.key,) and self.text.name.startswith("f_")


def link(
    functions: Iterable[FunctionText],
    results: Mapping[str, ObjectCode | Refused],
    *,
    low: int,
    span: int,
    offsets: Mapping[str, int],
) -> LinkedImage:
    """Link compiled functions of the module whose pages are ``low`` to ``low + span``."""
    placed = [
        _Placed(f, found)
        for f in sorted(functions, key=lambda f: (f.key & ~1, f.name))
        if isinstance(found := results.get(f.name), ObjectCode)
    ]
    dropped: list[tuple[int, str]] = []
    if span > MOST_SPAN:
        placed, dropped = [], [(p.text.key, WIDE) for p in placed]
    while True:
        linker = _Linker(placed, low, span, offsets)
        size = linker.lay_out()
        if size <= 8 * span:
            break
        placed, gone = _without_largest(placed, size - 8 * span)
        dropped += [(p.text.key, FULL) for p in gone]
    linker.resolve()
    return linker.image(dropped)


def _without_largest(placed: list[_Placed], excess: int) -> tuple[list[_Placed], list[_Placed]]:
    """Leave out the largest functions, at least one, that make up for the excess."""
    order = sorted(placed, key=lambda p: (-len(p.object.code), p.text.key, p.text.name))
    gone: list[_Placed] = []
    for p in order:
        gone.append(p)
        excess -= len(p.object.code)
        if excess <= 0:
            break
    names = {p.text.name for p in gone}
    return [p for p in placed if p.text.name not in names], gone


class _Linker:
    """One attempt at an image."""

    def __init__(
        self, placed: Sequence[_Placed], low: int, span: int, offsets: Mapping[str, int]
    ) -> None:
        self.placed, self.low, self.span, self.offsets = placed, low, span, offsets
        self.out = bytearray(PAGE)
        self.starts: dict[str, int] = {}
        self.constants: dict[tuple[str, int], int] = {}
        self.dropped: list[tuple[int, str]] = []
        self.taken: set[int] = set()

    # --- layout ------------------------------------------------------------------------------
    def lay_out(self) -> int:
        """Give everything its place; returns the size."""
        for p in self.placed:
            p.entries = [
                (key, self._entry_room(key, p)) for key in p.text.entries if self._fits(key)
            ]
            self._pad(max(_ALIGN, p.object.align))
            p.start = self.starts[p.text.name] = len(self.out)
            self.out += p.object.code
        for p in self.placed:
            for name in p.object.callees:
                if name not in self.starts:
                    self._absent(name)
        self._lay_out_constants()
        self._pad(_ALIGN)
        return len(self.out)

    def _pad(self, align: int) -> None:
        self.out += _TRAP * (-len(self.out) % align)

    def _fits(self, key: int) -> bool:
        if key in self.taken:
            return False
        self.taken.add(key)
        if not self.low <= key & ~1 < self.low + self.span:
            self.dropped.append((key, OUTSIDE))
            return False
        return True

    def _entry_room(self, key: int, p: _Placed) -> int:
        """Leave room for a stub; returns X, of which the table entry must not be zero."""
        self._pad(8)
        if self._value(key, len(self.out) + _BEFORE) == 0:
            self.out += _TRAP * 8
        self.out += _TRAP * _BEFORE
        x = len(self.out)
        self.out += bytes(len(self._entry_stub(key, x, p)))
        return x

    def _value(self, key: int, x: int) -> int:
        return x - 8 * (key - self.low)

    def _lay_out_constants(self) -> None:
        """Constants by content, the most aligned first; jump tables belong to one function."""
        shared: dict[tuple[bytes, int], int] = {}
        todo = [(p.text.name, i, c) for p in self.placed for i, c in enumerate(p.object.constants)]
        for name, i, constant in sorted(todo, key=lambda t: -t[2].align):
            content = (constant.data, constant.align)
            if constant.relocs or content not in shared:
                self._pad(constant.align)
                shared[content] = len(self.out)
                self.out += constant.data
            self.constants[name, i] = shared[content]

    # --- stubs -------------------------------------------------------------------------------
    def _entry_stub(self, key: int, x: int, p: _Placed) -> bytes:
        return entry_stub(key, x, p.start, self.offsets, named=p.named_entry)

    def _absent(self, name: str) -> None:
        match = _CALLEE.match(name)
        if match is None:
            raise Inconsistent(f"no key in the name of the callee {name}")
        self._pad(_ALIGN)
        self.starts[name] = len(self.out)
        self.out += absent_stub(int(match[1], 16), len(self.out), self.offsets)

    # --- relocations -------------------------------------------------------------------------
    def resolve(self) -> None:
        """Fill in stubs and every relocated field."""
        for p in self.placed:
            for key, x in p.entries:
                stub = self._entry_stub(key, x, p)
                self.out[x : x + len(stub)] = stub
                self.out[x - _BEFORE : x - _BEFORE + 5] = b"\xe9" + _rel(
                    p.start - (x - _BEFORE + 5)
                )
            for reloc in p.object.relocs:
                self._apply(p, p.start, reloc)
            for i, constant in enumerate(p.object.constants):
                self._apply_table(p, i, constant)

    def _apply_table(self, p: _Placed, number: int, constant: Constant) -> None:
        for reloc in constant.relocs:
            self._apply(p, self.constants[p.text.name, number], reloc)

    def _apply(self, p: _Placed, base: int, reloc: Reloc) -> None:
        if reloc.kind == CALLEE:
            target = self.starts[p.object.callees[reloc.number]]
        elif reloc.kind == CONSTANT:
            target = self.constants[p.text.name, reloc.number]
        else:
            target = p.start if reloc.kind == OWN else 0
        at = base + reloc.offset
        self.out[at : at + 4] = _rel(target + reloc.addend - at)

    # --- tables ------------------------------------------------------------------------------
    def image(self, dropped: list[tuple[int, str]]) -> LinkedImage:
        """The image with the tables that describe it."""
        rows = sorted(
            ((key, x, p) for p in self.placed for key, x in p.entries), key=lambda row: row[0]
        )
        tables: list[bytearray | None] = [None, None]
        for mode in {key & 1 for key, _, _ in rows}:
            tables[mode] = bytearray(2 * self.span)
        for key, x, _ in rows:
            table = tables[key & 1]
            assert table is not None
            struct.pack_into("<i", table, 2 * ((key & ~1) - self.low), self._value(key, x))
        return LinkedImage(
            code=bytes(self.out),
            table_a32=None if tables[0] is None else bytes(tables[0]),
            table_t32=None if tables[1] is None else bytes(tables[1]),
            entries=tuple((key, x, len(p.object.code)) for key, x, p in rows),
            faults=self._faults(),
            fault_count=len(self.placed),
            dropped=(*dropped, *self.dropped),
        )

    def _faults(self) -> bytes:
        rows, streams = bytearray(), bytearray()
        for p in self.placed:
            rows += _FAULT.pack(p.start, len(p.object.code), p.text.key, len(streams))
            streams += p.object.lines
        return bytes(rows + streams)


def entry_stub(key: int, x: int, start: int, offsets: Mapping[str, int], *, named: bool) -> bytes:
    """Code at X of a function at ``start``: r12 is the state, rcx is free.

    All else is the guest's. A function that is not ``named`` by its one entry is told which key
    was meant.
    """
    out = b""
    if not named:
        out += b"\x8b\x0d" + _rel(-x - 6)  # mov ecx, [rip + bias]
        out += b"\x8d\x89" + _low(key)  # lea ecx, [rcx + key]
        out += b"\x41\x89\x8c\x24" + _low(offsets["target"])  # mov [r12 + target], ecx
    out += b"\x48\x8d\x0d" + _rel(start - (x + len(out) + 7))  # lea rcx, [rip + function]
    return out + b"\x41\xff\xa4\x24" + _low(offsets["enter"])  # jmp [r12 + enter]


def absent_stub(key: int, at: int, offsets: Mapping[str, int]) -> bytes:
    """A callee without code, at ``at``, in the functions' own convention: rax is the state."""
    out = b"\x44\x8b\x15" + _rel(-at - 7)  # mov r10d, [rip + bias]
    out += b"\x41\x81\xc2" + _low(key)  # add r10d, key
    out += b"\x44\x89\x90" + _low(offsets["target"])  # mov [rax + target], r10d
    return out + b"\xff\xa0" + _low(offsets["nest"])  # jmp [rax + nest]


def _rel(value: int) -> bytes:
    return struct.pack("<i", value)


def _low(value: int) -> bytes:
    """The low 32 bits, whatever the sign."""
    return struct.pack("<I", value & 0xFFFFFFFF)
