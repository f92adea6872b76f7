"""The line programs that LLVM emits (DWARF 4, 64-bit targets), and the packed rows of a package.

Lines stand for guest instructions: line = offset from the function's key + 1, modulo 2^32, and line
0 means that the code belongs to several. How packed rows look, ``xlate/package/faults.py`` says.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from xlate.package.faults import encode_lines, read_signed, read_unsigned

Row = tuple[int, int]


class _Cursor:
    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def unsigned(self) -> int:
        value, self.at = read_unsigned(self.data, self.at)
        return value

    def signed(self) -> int:
        value, self.at = read_signed(self.data, self.at)
        return value


def pack_rows(rows: Iterable[Row]) -> bytes:
    """Rows (code offset, line) as packed differences; lines of no instruction are left out."""
    pairs: list[Row] = []
    previous = 0
    for at, line in rows:
        if line not in (0, previous):
            pairs.append((at, (line - 1 & 0xFFFFFFFF ^ 1 << 31) - (1 << 31)))
            previous = line
    return encode_lines(pairs)


def line_rows(data: bytes, starts: dict[int, int]) -> Iterator[tuple[int, list[Row]]]:
    """Section number and rows (offset, line) of each sequence.

    ``starts`` says which section the address at an offset of the section is relocated against.
    """
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from("<I", data, at)
        yield from _Program(data, at, starts).sequences(at + 4 + length)
        at += 4 + length


class _Program:
    """One line program: header fields, then sequences."""

    def __init__(self, data: bytes, at: int, starts: dict[int, int]) -> None:
        (header,) = struct.unpack_from("<I", data, at + 6)
        self.minimum = data[at + 10]
        self.base = struct.unpack_from("<b", data, at + 13)[0]
        self.range, self.first = data[at + 14], data[at + 15]
        self.operands = data[at + 16 : at + 15 + self.first]
        self.cursor = _Cursor(data, at + 10 + header)
        self.starts = starts
        self._begin()

    def _begin(self) -> None:
        self.address, self.line, self.section = 0, 1, -1
        self.rows: list[Row] = []

    def sequences(self, end: int) -> Iterator[tuple[int, list[Row]]]:
        """Run the program."""
        cursor = self.cursor
        while cursor.at < end:
            opcode = cursor.byte()
            if opcode >= self.first:
                step = opcode - self.first
                self.address += step // self.range * self.minimum
                self.line += self.base + step % self.range
                self.rows.append((self.address, self.line))
            elif opcode:
                self._standard(opcode)
            elif self._extended():
                if self.section >= 0:
                    yield self.section, self.rows
                self._begin()

    def _standard(self, opcode: int) -> None:
        cursor = self.cursor
        if opcode == 1:
            self.rows.append((self.address, self.line))
        elif opcode == 2:
            self.address += cursor.unsigned() * self.minimum
        elif opcode == 3:
            self.line += cursor.signed()
        elif opcode == 8:
            self.address += (255 - self.first) // self.range * self.minimum
        elif opcode == 9:
            self.address += struct.unpack_from("<H", cursor.data, cursor.at)[0]
            cursor.at += 2
        else:
            for _ in range(self.operands[opcode - 1]):
                cursor.unsigned()

    def _extended(self) -> bool:
        """True at the end of a sequence."""
        cursor = self.cursor
        length = cursor.unsigned()
        after = cursor.at + length
        opcode = cursor.byte()
        if opcode == 2:
            self.section = self.starts.get(cursor.at, -1)
            self.address = 0
        cursor.at = after
        return opcode == 1
