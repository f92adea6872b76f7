"""A package's image read back: where each function stands, its name, its entries.

The linker's layout is not in the file; the fault table has starts and keys, and the stubs of the
entries lead to starts. A function that can be entered in its middle has two bodies of one key, as
the lifter names them: ``f_`` for its start, ``s_`` for the rest. Functions are also taken out here:
the map forgets their entries, and who calls them directly comes to a stub that asks for the
baseline tier, as it would had they never been compiled.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from backends.llvm.linker import absent_stub
from backends.llvm.objects import CALLEE, CONSTANT, OWN, ObjectCode, Reloc
from frontends.arm32.state import STATE
from xlate.errors import Inconsistent, MalformedInput
from xlate.package import faults
from xlate.package.faults import FaultRow
from xlate.package.format import FUNCTION, Entry, Package

OFFSETS = STATE.offsets()
_LEA = b"\x48\x8d\x0d"  # lea rcx, [rip + ...]
_TOLD = 20  # bytes before it where the function is told which key was meant
_JUMP = 5
_ALIGN = 16
_TRAP = b"\xcc"


class Placement:
    """The functions of one package."""

    def __init__(self, package: Package) -> None:
        """Raise MalformedInput where stubs lead to no function."""
        self.package = package
        rows = faults.decode(package.faults, package.fault_count)
        self.entries: dict[int, list[Entry]] = {row.start: [] for row in rows}
        self._named: set[int] = set()
        for entry in package.entries:
            start, named = self._function_of(entry)
            if start not in self.entries:
                why = f"entry {entry.key:#x} leads to no function"
                raise MalformedInput("damaged package", why)
            self.entries[start].append(entry)
            self._named |= {start} if named else set()
        self.rows: dict[str, FaultRow] = {}
        for row in rows:
            self.rows[self._name(row)] = row
        self.names = {row.start: name for name, row in self.rows.items()}

    def _function_of(self, entry: Entry) -> tuple[int, bool]:
        """Return where the stub of an entry leads, and whether it tells no key."""
        image = self.package.image
        named = image[entry.offset : entry.offset + 3] == _LEA
        at = entry.offset + (0 if named else _TOLD)
        if image[at : at + 3] != _LEA:
            raise MalformedInput("damaged package", f"entry {entry.key:#x} has no stub")
        return at + 7 + int(struct.unpack_from("<i", image, at + 3)[0]), named

    def _name(self, row: FaultRow) -> str:
        """The lifter's name: of two bodies of one key, the first is that of its start."""
        first = f"f_{row.key:08x}"
        is_middle = bool(self.entries[row.start]) and row.start not in self._named
        return f"s_{row.key:08x}" if is_middle or first in self.rows else first

    def code(self, name: str) -> bytes:
        """Return the bytes of a function."""
        row = self.rows[name]
        return self.package.image[row.start : row.start + row.size]

    def is_taken_out(self, name: str) -> bool:
        """Say whether a function's start was overwritten by ``without``."""
        row = self.rows[name]
        code = self.package.image[row.start : row.start + _JUMP]
        if code[:1] != b"\xe9" or len(code) < _JUMP:
            return False
        at = row.start + _JUMP + int(struct.unpack_from("<i", code, 1)[0])
        stub = absent_stub(row.key, at, OFFSETS)
        return self.package.image[at : at + len(stub)] == stub and not self.entries[row.start]


def without(package: Package, reasons: Mapping[int, str]) -> Package:
    """Return the package without the functions of these keys; raise Inconsistent without room."""
    placement = Placement(package)
    image = bytearray(package.image)
    gone: set[int] = set()
    bodies = [(name, row) for name, row in placement.rows.items() if row.key in reasons]
    for name, row in bodies:
        gone |= {entry.key for entry in placement.entries[row.start]}
        if name.startswith("f_") and not placement.is_taken_out(name):
            _divert(image, row)
    if len(image) > 8 * (package.high - package.low):
        raise Inconsistent("no room in the image for the stub of a function that is taken out")
    kept = tuple(entry for entry in package.entries if entry.key not in gone)
    told = {**package.provenance.get("quarantined", {})}
    told |= {f"{key:#x}": reason for key, reason in reasons.items()}
    return replace(
        package,
        image=bytes(image),
        entries=kept,
        table_a32=_emptied(package.table_a32, package.low, (k for k in gone if not k & 1)),
        table_t32=_emptied(package.table_t32, package.low, (k for k in gone if k & 1)),
        functions=sum(entry.kind == FUNCTION for entry in kept),
        provenance={**package.provenance, "quarantined": told},
    )


def _divert(image: bytearray, row: FaultRow) -> None:
    """Make a function's first instruction a jump to a new stub at the image's end."""
    free = image[row.start + row.size : row.start + _JUMP]
    if free.strip(_TRAP):
        raise Inconsistent(f"function {row.key:#x} is too short to be taken out")
    at = len(image) + -len(image) % _ALIGN
    _put(image, absent_stub(row.key, at, OFFSETS), _ALIGN)
    image[row.start : row.start + _JUMP] = b"\xe9" + _rel(at - row.start - _JUMP)


def _emptied(table: bytes | None, low: int, keys: Iterable[int]) -> bytes | None:
    if table is None:
        return None
    out = bytearray(table)
    for key in keys:
        struct.pack_into("<i", out, 2 * ((key & ~1) - low), 0)
    return bytes(out) if any(out) else None


def grafted(package: Package, fresh: Mapping[str, ObjectCode]) -> Package:
    """Return the package with other code for some of its functions, behind all that it has.

    Meant for trials: the fault table says nothing of the new code.
    """
    placement = Placement(package)
    image = bytearray(package.image)
    for name, code in fresh.items():
        start = _put(image, code.code, max(_ALIGN, code.align))
        constants = [_put(image, c.data, c.align) for c in code.constants]
        callees = [_callee(image, placement, callee) for callee in code.callees]
        for base, reloc in _fields(code, start, constants):
            places = {CALLEE: callees, CONSTANT: constants, OWN: [start]}.get(reloc.kind, [0])
            target = places[reloc.number if len(places) > reloc.number else 0]
            at = base + reloc.offset
            image[at : at + 4] = _rel(target + reloc.addend - at)
        row = placement.rows[name]
        image[row.start : row.start + _JUMP] = b"\xe9" + _rel(start - row.start - _JUMP)
    return replace(package, image=bytes(image))


def _put(image: bytearray, data: bytes, align: int) -> int:
    """Add bytes at the image's end; return where they are."""
    image += _TRAP * (-len(image) % align)
    at = len(image)
    image += data
    return at


def _callee(image: bytearray, placement: Placement, name: str) -> int:
    """Return where a callee is called, which may be a new stub for one without code."""
    if name in placement.rows:
        return placement.rows[name].start
    stub_at = len(image) + -len(image) % _ALIGN
    return _put(image, absent_stub(int(name[2:], 16), stub_at, OFFSETS), _ALIGN)


def _fields(code: ObjectCode, start: int, constants: Sequence[int]) -> Iterator[tuple[int, Reloc]]:
    """Yield the relocated fields of a function and its constants, with what they count from."""
    for reloc in code.relocs:
        yield start, reloc
    for at, constant in zip(constants, code.constants, strict=True):
        for reloc in constant.relocs:
            yield at, reloc


def _rel(value: int) -> bytes:
    return struct.pack("<i", value)
