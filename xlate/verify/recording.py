"""What `xlate-run --record` wrote down: modules, cases, what was skipped.

A file of chunks, little-endian: ``magic kind size 0``, then ``size`` bytes. A module is ``number
bias address length offset``, three zeros, and a path of 512 bytes. A case is ``module key arrivals
0`` and a state as in ``stencil_engine.py``; behind it come the pages that it went on to touch, as
they were before (``addr prot bytes[4096]``), and its end: ``stop fault_addr fault_write 0`` and the
state then. A row without a case is ``module key why 0``. Keys are link addresses with the T bit.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from xlate.errors import MalformedInput
from xlate.verify.case import PAGE, STOPS, Case, Result
from xlate.verify.stencil_engine import STATE, decode_state

MAGIC = 0x43525958
_HEAD = struct.Struct("<4I")
_MODULE = struct.Struct("<8I512s")
_ROW = struct.Struct("<4I")
_PAGE = struct.Struct(f"<2I{PAGE}s")
_MODULE_KIND, _CASE_KIND, _PAGE_KIND, _END_KIND, _SKIPPED_KIND = range(1, 6)
SKIPPED = {
    1: "touches more pages than a case has room for",
    2: "touches memory shared with other processes",
    3: "could not be written down",
    4: "takes more than 0.2 seconds, or does not end",
    5: "the recorder failed",
    6: "from there on there are threads, which are not recorded",
}
_STOP_LEAVE, _FETCH = 8, "fetch"
_BROKEN = ("not a recording", "a part of it is not what it should be")
_ADVICE = "recording it again"


@dataclass(frozen=True)
class RecordedModule:
    """A file with a package, and where the segment that it is known by was mapped."""

    path: Path
    bias: int
    address: int
    length: int
    offset: int


@dataclass(frozen=True)
class Recorded:
    """A case at the entry of a function, and how it ended in the baseline tier there and then."""

    module: RecordedModule
    key: int
    arrival: int
    case: Case
    end: Result


@dataclass(frozen=True)
class Skipped:
    """An arrival that has no case, and why."""

    module: RecordedModule
    key: int
    why: str


def read_recording(data: bytes) -> Iterator[Recorded | Skipped]:
    """Yield the rows of a file; MalformedInput where it is none. A case that is cut is Skipped."""
    try:
        yield from _rows(data)
    except (struct.error, KeyError, IndexError, UnicodeError) as error:
        raise MalformedInput(*_BROKEN, advice=_ADVICE) from error


def _rows(data: bytes) -> Iterator[Recorded | Skipped]:
    modules: dict[int, RecordedModule] = {}
    begun: tuple[RecordedModule, int, int, Case] | None = None
    for kind, body in _chunks(data):
        if kind == _MODULE_KIND:
            number, bias, address, length, offset, _, _, _, path = _MODULE.unpack(body)
            name = Path(path.rstrip(b"\0").decode(errors="surrogateescape"))
            modules[number] = RecordedModule(name, bias, address, length, offset)
        elif kind == _CASE_KIND:
            module, key, arrivals, _ = _ROW.unpack_from(body)
            state, _ = decode_state(body[_ROW.size :])
            case = Case(state, {}, f"{key:#x}, arrival {arrivals}")
            begun = (modules[module], key, arrivals, case)
        elif kind == _PAGE_KIND and begun is not None:
            addr, prot, data_there = _PAGE.unpack(body)
            begun[3].pages[addr] = (prot, data_there)
        elif kind == _END_KIND and begun is not None:
            yield Recorded(*begun, _end(body))
            begun = None
        elif kind == _SKIPPED_KIND:
            module, key, why, _ = _ROW.unpack(body)
            yield Skipped(modules[module], key, SKIPPED.get(why, SKIPPED[5]))
    if begun is not None:
        yield Skipped(begun[0], begun[1], SKIPPED[3])


def _chunks(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _HEAD.size <= len(data):
        magic, kind, size, _ = _HEAD.unpack_from(data, at)
        if magic != MAGIC:
            raise MalformedInput(*_BROKEN, advice=_ADVICE)
        at += _HEAD.size
        if at + size > len(data):
            return
        yield kind, data[at : at + size]
        at += size


def _end(body: bytes) -> Result:
    number, fault_addr, fault_write, _ = _ROW.unpack_from(body)
    state, svc_imm = decode_state(body[_ROW.size : _ROW.size + STATE.size])
    if number != _STOP_LEAVE and not 1 <= number <= len(STOPS):
        raise MalformedInput(*_BROKEN, advice=_ADVICE)
    stop = _FETCH if number == _STOP_LEAVE else STOPS[number - 1]
    result = Result(state, stop)
    result.fault_addr = fault_addr if stop == "fault" else None
    result.fault_write = bool(fault_write)
    result.svc_imm = svc_imm if stop == "svc" else None
    return result
