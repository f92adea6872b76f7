"""The fault table: from a place in the image to the guest instruction it was made from.

Rows of functions sorted by image offset, then one stream of deltas for each. The runtime reads it
in a signal handler, so it is two binary choices and a scan, with no memory of its own. Beside the
instruction stands how far the guest's sp is from the one in the state.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from xlate.errors import MalformedInput
from xlate.package.layout import FAULT

Place = tuple[int, int, int]  # code offset, guest offset, distance of sp
_MOVED = 1  # in a guest delta, which is even: sp's distance changes too
_WORD = 4


@dataclass(frozen=True)
class FaultRow:
    """A function's place in the image, its first guest key, and its accesses by code offset."""

    start: int
    size: int
    key: int
    lines: tuple[Place, ...] = ()


def encode(rows: Sequence[FaultRow]) -> bytes:
    """Return the section of rows that are sorted by start."""
    index = bytearray()
    streams = bytearray()
    for row in rows:
        index += FAULT.pack(start=row.start, size=row.size, key=row.key, stream=len(streams))
        streams += encode_lines(row.lines)
    return bytes(index + streams)


def encode_lines(places: Iterable[Place]) -> bytes:
    """Return places sorted by code offset as differences.

    ULEB of the code, SLEB of the guest's address, and where bit 0 of that is set, SLEB of words.
    """
    out = bytearray()
    code = guest = sp = 0
    for at, pc, distance in places:
        _uleb(out, at - code)
        _sleb(out, pc - guest | (_MOVED if distance != sp else 0))
        if distance != sp:
            _sleb(out, (distance - sp) // _WORD)
        code, guest, sp = at, pc, distance
    return bytes(out)


def decode(data: bytes, count: int) -> list[FaultRow]:
    """Return the rows of a section; raises MalformedInput where it is not sound."""
    streams_at = count * FAULT.codec.size
    if streams_at > len(data):
        raise MalformedInput("damaged package", "the fault table is shorter than its rows")
    raw = [FAULT.codec.unpack_from(data, i * FAULT.codec.size) for i in range(count)]
    ends = [*(row[3] for row in raw), len(data) - streams_at][1:]
    out: list[FaultRow] = []
    last = 0
    for (start, size, key, stream), end in zip(raw, ends, strict=True):
        if start < last or not stream <= end <= len(data) - streams_at:
            raise MalformedInput("damaged package", "the fault table is not in order")
        last = start + size
        lines = tuple(decode_lines(data[streams_at + stream : streams_at + end]))
        out.append(FaultRow(start, size, key, lines))
    return out


def decode_lines(stream: bytes) -> Iterator[Place]:
    """Yield the places of one function's stream."""
    at = code = guest = sp = 0
    while at < len(stream):
        delta, at = read_unsigned(stream, at)
        code += delta
        delta, at = read_signed(stream, at)
        guest += delta & ~_MOVED
        if delta & _MOVED:
            delta, at = read_signed(stream, at)
            sp += delta * _WORD
        yield code, guest, sp


def guest_place(rows: Sequence[FaultRow], offset: int) -> tuple[int, int]:
    """Return link key and distance of sp at an image offset; 0, 0 when no function is there."""
    for row in rows:
        if row.start <= offset < row.start + row.size:
            before = [(pc, sp) for at, pc, sp in row.lines if at <= offset - row.start]
            pc, sp = before[-1] if before else (0, 0)
            return (row.key + pc) & 0xFFFFFFFF, sp
    return 0, 0


def _uleb(out: bytearray, value: int) -> None:
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def _sleb(out: bytearray, value: int) -> None:
    while not -0x40 <= value <= 0x3F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value & 0x7F)


def read_unsigned(stream: bytes, at: int) -> tuple[int, int]:
    """Return an unsigned LEB128 number and the place after it; MalformedInput without an end."""
    value, after, _ = _leb(stream, at)
    return value, after


def read_signed(stream: bytes, at: int) -> tuple[int, int]:
    """Return a signed LEB128 number and the place after it; MalformedInput without an end."""
    value, after, bits = _leb(stream, at)
    return (value - (1 << bits) if value >> (bits - 1) & 1 else value), after


def _leb(stream: bytes, at: int) -> tuple[int, int, int]:
    """Return the unsigned value, the place after it, and its number of bits."""
    value = shift = 0
    while True:
        if at >= len(stream) or shift > 28:
            raise MalformedInput("damaged package", "a packed number has no end")
        byte = stream[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at, shift
