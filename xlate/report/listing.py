"""Disassembly of an Image with capstone: what is code, in which mode, and one Line for each piece.

Mapping symbols decide first, then the mode bit of function symbols. Stripped files have
neither; there the words themselves are asked, since nearly every A32 instruction has condition
AL (top nibble E), and T32 code does not look like that. capstone is an outside witness: nothing
here uses our own decoder.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice, pairwise
from typing import Any

import capstone

from xlate.loader import CodeMark, Image, Prot, Section

# A section counts as A32 when this share of its first words has condition AL.
ARM_SHARE = 0.6
WORDS_LOOKED_AT = 256

BRANCH = re.compile(r"(?:blx?|bx?)(?:[a-z]{2})?(?:\.[nw])?|cbn?z")
TARGET = re.compile(r"#(0x[0-9a-f]+)$")
LITERAL = re.compile(r"\[pc(?:, #(-?(?:0x)?[0-9a-f]+))?\]$")


@dataclass(frozen=True)
class Line:
    """One piece of a listing: an instruction, an undefined one, or a datum."""

    guest_va: int
    data: bytes
    mark: CodeMark
    mnemonic: str
    operands: str
    comment: str

    def encoding(self) -> str:
        """Return the bytes as objdump groups them: A32 words, T32 halfwords."""
        step = 2 if self.mark is CodeMark.THUMB else max(len(self.data), 1)
        groups = (self.data[at : at + step] for at in range(0, len(self.data), step))
        return " ".join(group[::-1].hex() for group in groups)


@dataclass(frozen=True)
class Span:
    """Bytes to list under a name: a section, or a segment of a file that has none."""

    name: str
    guest_va: int
    data: bytes
    executable: bool

    @property
    def end(self) -> int:
        """Return the first guest address behind the span."""
        return self.guest_va + len(self.data)

    def clipped(self, start: int, stop: int) -> Span | None:
        """Return the part inside [start, stop), or None where that is empty."""
        low, high = max(start, self.guest_va), min(stop, self.end)
        if low >= high:
            return None
        data = self.data[low - self.guest_va : high - self.guest_va]
        return Span(self.name, low, data, self.executable)


def spans(image: Image) -> list[Span]:
    """Return the loaded sections in order of address; segments stand in where there are none."""
    loaded = sorted((s for s in image.sections if s.loaded), key=_address)
    if loaded:
        return [Span(s.name, s.guest_va, s.data, s.executable) for s in loaded]
    return [
        Span(f"segment{number}", s.guest_va, s.data, Prot.EXEC in s.prot)
        for number, s in enumerate(image.segments)
        if s.data
    ]


def _address(section: Section) -> int:
    return section.guest_va


def mode_of(image: Image, guest_va: int, data: bytes) -> CodeMark:
    """Return what the file, or failing that a look at the bytes, says of code at an address."""
    mark = image.mark_at(guest_va)
    if mark is not None:
        return mark
    named = _symbol_mode(image, guest_va)
    if named is not None:
        return named
    if guest_va == image.entry:
        return CodeMark.THUMB if image.entry_thumb else CodeMark.ARM
    return guess_mode(image, data)


def guess_mode(image: Image, data: bytes) -> CodeMark:
    """Return the mode that unmarked bytes look like; the entry's mode where they say nothing."""
    tops = data[3 : 4 * WORDS_LOOKED_AT : 4]
    if not tops or len(data) % 4:
        return CodeMark.THUMB if image.entry_thumb or len(data) % 4 else CodeMark.ARM
    share = sum(top >> 4 == 0xE for top in tops) / len(tops)
    return CodeMark.ARM if share >= ARM_SHARE else CodeMark.THUMB


def lines(image: Image, span: Span, forced: CodeMark | None = None) -> Iterator[Line]:
    """Yield the listing of a span; forced overrides what the file says about modes."""
    for start, stop, mark in _runs(image, span, forced):
        data = span.data[start - span.guest_va : stop - span.guest_va]
        if mark is CodeMark.DATA:
            yield from _data_lines(start, data)
        else:
            yield from _code_lines(image, start, data, mark)


def _runs(image: Image, span: Span, forced: CodeMark | None) -> Iterator[tuple[int, int, CodeMark]]:
    """Cut a span into stretches of one mode."""
    if forced is not None or not span.executable:
        yield span.guest_va, span.end, forced or CodeMark.DATA
        return
    cuts = {span.guest_va}
    cuts.update(at for at, _ in image.marks if span.guest_va < at < span.end)
    # Where the file has mapping symbols, they are complete, and function symbols add nothing.
    if len(cuts) == 1 and image.mark_at(span.guest_va) is None:
        cuts.update(at for at in image.code_addresses if span.guest_va < at < span.end)
    edges = [*sorted(cuts), span.end]
    whole = guess_mode(image, span.data)
    for start, stop in pairwise(edges):
        named = image.mark_at(start) or _symbol_mode(image, start)
        yield start, stop, named or whole


def _symbol_mode(image: Image, guest_va: int) -> CodeMark | None:
    index = bisect_right(image.code_addresses, guest_va) - 1
    if index < 0:
        return None
    symbol = image.code_symbols[index]
    if guest_va >= symbol.guest_va + max(symbol.size, 1):
        return None
    return CodeMark.THUMB if symbol.thumb else CodeMark.ARM


@cache
def _disassembler(mark: CodeMark) -> capstone.Cs:
    mode = capstone.CS_MODE_THUMB if mark is CodeMark.THUMB else capstone.CS_MODE_ARM
    engine = capstone.Cs(capstone.CS_ARCH_ARM, mode | capstone.CS_MODE_V8)
    engine.skipdata = True
    if mark is CodeMark.THUMB:
        engine.skipdata_setup = (".byte", _undefined_t32_size, None)
    return engine


def _undefined_t32_size(buffer: Any, size: int, offset: int, _user: object) -> int:
    """Return the length the architecture gives an encoding, so that the next one is not torn."""
    top = ord(buffer[offset + 1]) if offset + 1 < size else 0
    return 4 if top >> 3 in {0b11101, 0b11110, 0b11111} and offset + 4 <= size else 2


def _code_lines(image: Image, start: int, data: bytes, mark: CodeMark) -> Iterator[Line]:
    end = 0
    for at, size, mnemonic, operands in _disassembler(mark).disasm_lite(data, start):
        piece = data[at - start : at - start + size]
        end = at - start + size
        if mnemonic == ".byte":
            yield _undefined(at, piece, mark)
            continue
        operands, comment = _annotate(image, at, mnemonic, operands, mark)
        yield Line(at, piece, mark, mnemonic, operands, comment)
    if end < len(data):
        yield _undefined(start + end, data[end:], mark)


def _undefined(guest_va: int, data: bytes, mark: CodeMark) -> Line:
    line = _datum(guest_va, data)
    return Line(guest_va, data, mark, line.mnemonic, line.operands, "undefined")


def _annotate(
    image: Image, at: int, mnemonic: str, operands: str, mark: CodeMark
) -> tuple[str, str]:
    """Name the target of a branch, and the place a pc-relative load reads."""
    target = TARGET.search(operands)
    if target is not None and BRANCH.fullmatch(mnemonic):
        label = image.label_of(int(target[1], 16))
        return (f"{operands} <{label}>" if label else operands), ""
    literal = LITERAL.search(operands)
    if literal is not None:
        ahead = 4 if mark is CodeMark.THUMB else 8
        place = ((at + ahead) & ~3) + int(literal[1] or "0", 0)
        return operands, f"{place:x}"
    return operands, ""


def _data_lines(start: int, data: bytes) -> Iterator[Line]:
    """Yield words, with smaller pieces up to the first aligned address and at the end."""
    at = 0
    while at < len(data):
        here = start + at
        size = 4 if here % 4 == 0 else 2 if here % 2 == 0 else 1
        while size > len(data) - at:
            size //= 2
        yield _datum(here, data[at : at + size])
        at += size


def _datum(guest_va: int, data: bytes) -> Line:
    directive = {4: ".word", 2: ".short"}.get(len(data), ".byte")
    value = int.from_bytes(data, "little")
    return Line(guest_va, data, CodeMark.DATA, directive, f"0x{value:0{2 * len(data)}x}", "")


def at_address(
    image: Image,
    guest_va: int,
    count: int,
    *,
    forced: CodeMark | None = None,
    hint: CodeMark | None = None,
) -> list[Line]:
    """Return the first count lines from an address on.

    hint is the mode of the pointer or symbol that led here: it counts where no mapping symbol does.
    """
    data = image.read(guest_va, 4 * count)
    if forced is None and image.mark_at(guest_va) is None:
        forced = hint or mode_of(image, guest_va, data)
    span = Span("", guest_va, data, executable=True)
    return list(islice(lines(image, span, forced), count))
