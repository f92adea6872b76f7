"""What `xlate inspect` shows of a package, as data: what it is for, what is in it, its host code.

A package says of itself where each host instruction came from (its fault table), so host code can
be shown beside guest addresses without the guest file; names are what only the guest file has.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import capstone

from xlate.package import faults
from xlate.package.faults import FaultRow, Place
from xlate.package.format import Package
from xlate.package.key import fingerprint

STUB = 24  # bytes of an entry's way in, before and behind X
STUB_BEFORE = 8


@dataclass(frozen=True)
class HostLine:
    """One host instruction; key is the guest instruction it was made from, where that is known."""

    offset: int
    data: bytes
    text: str
    key: int | None


def facts(package: Package) -> list[tuple[str, str]]:
    """Return the header's facts as names and values."""
    identity = package.identity
    current = identity.fingerprint == fingerprint()
    guest = "position independent" if identity.position_independent else "fixed addresses"
    return [
        ("made for", f"{identity.guest_size:,} bytes, BLAKE2b {identity.guest_hash.hex()}"),
        ("guest", f"{package.low:#x}-{package.high:#x}, {guest}"),
        ("level", f"-O{identity.level}, {identity.features}"),
        ("made by", "this version" if current else "another version: exec refuses it"),
        ("state ABI", f"{identity.abi:#018x}"),
        ("fingerprint", identity.fingerprint.hex()),
        ("functions", f"{package.functions:,}"),
        ("from runs", f"{len(package.profile):,} places that ran untranslated before"),
    ]


def sections(package: Package) -> list[tuple[str, int]]:
    """Return names and sizes of the sections, in the order of the file."""
    return [
        ("table_a32", len(package.table_a32 or b"")),
        ("table_t32", len(package.table_t32 or b"")),
        ("image", len(package.image)),
        ("entries", len(package.entries)),
        ("faults", len(package.faults)),
        ("profile", len(package.profile)),
    ]


def as_json(package: Package) -> dict[str, Any]:
    """Return everything but the code as one JSON object; addresses are numbers."""
    identity = package.identity
    return {
        "guest_size": identity.guest_size,
        "guest_hash": identity.guest_hash.hex(),
        "low": package.low,
        "high": package.high,
        "position_independent": identity.position_independent,
        "level": identity.level,
        "features": identity.features,
        "fingerprint": identity.fingerprint.hex(),
        "abi": identity.abi,
        "functions": package.functions,
        "sections": dict(sections(package)),
        "entries": [
            {"key": e.key, "offset": e.offset, "size": e.size, "secondary": bool(e.kind)}
            for e in package.entries
        ],
        "profile": list(package.profile),
        "provenance": package.provenance,
    }


def functions(package: Package) -> list[FaultRow]:
    """Return the functions of the image with their lines, in order of place."""
    return faults.decode(package.faults, package.fault_count)


def function_at(rows: Sequence[FaultRow], guest_va: int) -> FaultRow | None:
    """Return the function that begins at a guest address, else one with code from there."""
    for row in rows:
        if row.key & ~1 == guest_va:
            return row
    wanted = {guest_va, guest_va | 1}
    return next(
        (row for row in rows if any(row.key + place[1] in wanted for place in row.lines)), None
    )


def host_lines(package: Package, row: FaultRow, rows: Sequence[FaultRow]) -> list[HostLine]:
    """Return the host instructions of a function; offsets are those of the image."""
    code = package.image[row.start : row.start + row.size]
    names = {other.start: f"f_{other.key:08x}" for other in rows}
    return disassemble(code, row.start, row.key, row.lines, names)


def disassemble(
    code: bytes,
    start: int,
    key: int,
    lines: Sequence[Place],
    names: Mapping[int, str],
) -> list[HostLine]:
    """Return the instructions of code that stands at ``start``; names are those of call targets."""
    places = [at for at, _, _ in lines]
    out = []
    for insn in _printer().disasm(code, start):
        index = bisect_right(places, insn.address - start) - 1
        operands = insn.op_str
        if insn.group(capstone.x86.X86_GRP_CALL) or insn.group(capstone.x86.X86_GRP_JUMP):
            operands = _named(operands, names)
        text = f"{insn.mnemonic} {operands}".rstrip()
        guest = key + lines[index][1] & 0xFFFFFFFF if index >= 0 else None
        out.append(HostLine(insn.address, bytes(insn.bytes), text, guest))
    return out


def _named(operand: str, names: Mapping[int, str]) -> str:
    try:
        return names.get(int(operand, 0), operand)
    except ValueError:
        return operand  # through a register or memory


@cache
def _printer() -> capstone.Cs:
    printer = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    printer.detail = True
    printer.skipdata = True  # jump tables lie between functions, never inside; show what is there
    return printer
