"""Where code begins, and why: what the file says for certain, and what only looks like it.

Certain are the entry, function symbols, initialisers, resolvers and the exception index. A word of
data that could be the address of T32 code (bit 0 set), or of A32 code, is a pointer; whether it is
believed is for ``trial``.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator
from typing import NamedTuple

from xlate.discovery.text import Text
from xlate.loader import CodeMark, Image, Prot, Segment

# Functions of the C library that never return, by the names programs import them under.
NEVER = frozenset(
    [
        "exit",
        "_exit",
        "_Exit",
        "quick_exit",
        "abort",
        "longjmp",
        "_longjmp",
        "siglongjmp",
        "__longjmp_chk",
        "pthread_exit",
        "thrd_exit",
        "__assert_fail",
        "__assert_perror_fail",
        "__assert",
        "__stack_chk_fail",
        "__fortify_fail",
        "__chk_fail",
        "__libc_fatal",
        "err",
        "errx",
        "verr",
        "verrx",
        "_Unwind_Resume",
        "_ZSt9terminatev",
        "__cxa_throw",
        "__cxa_rethrow",
        "__cxa_bad_cast",
        "__cxa_pure_virtual",
        "__cxa_throw_bad_array_new_length",
    ]
)

ARRAYS = {
    "init_array": "init_arraysz",
    "fini_array": "fini_arraysz",
    "preinit_array": "preinit_arraysz",
}
INDEX_ENTRY = 8
NEIGHBOURS = 8  # words to either side that an address in data is compared with


class Root(NamedTuple):
    """A key where a function begins and what says so."""

    key: int
    why: str
    at: int = 0  # where the address stands, for a pointer


def certain(image: Image, text: Text) -> Iterator[Root]:
    """Keys the file itself names, best first; a key may come more than once."""
    if image.entry:
        yield Root(image.entry | int(image.entry_thumb), "entry")
    for symbol in image.code_symbols:
        if symbol.guest_va:
            yield Root(symbol.guest_va | int(bool(symbol.thumb)), f"symbol {symbol.name}")
    for name, address in image.dynamic:
        if name in ("init", "fini"):
            yield Root(address, f"DT_{name.upper()}")
    for start, end, why in _arrays(image):
        for at in range(start, end, 4):
            key = _word(image, at)
            if key not in (0, 0xFFFFFFFF):
                yield Root(key, why)
    yield from _relocated(image, text)


def _arrays(image: Image) -> Iterator[tuple[int, int, str]]:
    """Tables of initialisers: from the dynamic section, else from the section names."""
    dynamic = dict(image.dynamic)
    for name, size in ARRAYS.items():
        if name in dynamic:
            end = dynamic[name] + min(dynamic.get(size, 0), 1 << 20)
            yield dynamic[name], end, name
    for section in image.sections:
        if section.name.startswith((".init_array", ".fini_array", ".preinit_array")):
            yield section.guest_va, section.end - 3, section.name.lstrip(".")


def _relocated(image: Image, text: Text) -> Iterator[Root]:
    """Words that the guest's loader turns into addresses of code; sections must tell code apart."""
    sure = any(section.executable for section in image.sections)
    for item in image.relocations:
        value = _word(image, item.guest_va)
        if item.kind == "irelative":
            yield Root(value, f"resolver at {item.guest_va:#x}")
        elif item.kind == "relative" and sure and value & 1 and text.has(value):
            yield Root(value, f"relocation at {item.guest_va:#x}")


def indexed(image: Image) -> Iterator[int]:
    """Addresses (the mode is not said) of the functions in the exception index."""
    if image.exidx is None:
        return
    start, end = image.exidx
    data = image.read(start, min(end - start, 1 << 26))
    for at in range(0, len(data) - INDEX_ENTRY + 1, INDEX_ENTRY):
        offset = struct.unpack_from("<I", data, at)[0]
        signed = (offset & 0x7FFFFFFF) - ((offset & 0x40000000) << 1)
        yield (start + at + signed) & 0xFFFFFFFF


def pointers(image: Image, text: Text) -> Iterator[Root]:
    """Aligned words outside code that could be addresses of code, in order of address.

    In a file that can be loaded anywhere only relocated words can be addresses.
    """
    if image.position_independent and image.relocations:
        for item in image.relocations:
            value = _word(image, item.guest_va)
            if item.kind == "relative" and text.has(value):
                yield Root(value, f"relocation at {item.guest_va:#x}", item.guest_va)
        return
    for segment in image.segments:
        for low, high in _outside(segment, text):
            yield from _words(segment, low, high, text)


def code_words(image: Image, text: Text) -> Iterator[tuple[int, int]]:
    """Aligned data words that lie in text, addresses and values, in order of address."""
    if image.position_independent and image.relocations:
        places = sorted(r.guest_va for r in image.relocations if r.kind == "relative")
        for at in places:
            value = _word(image, at)
            if at & 3 == 0 and text.range_at(value) is not None:
                yield at, value
        return
    for segment in image.segments:
        for low, high in _outside(segment, text):
            low, words = _aligned(segment, low, high)
            first, last = (text.ranges[0][0], text.ranges[-1][1]) if text.ranges else (0, 0)
            for index, word in enumerate(words):
                if first <= word < last and text.range_at(word) is not None:
                    yield low + 4 * index, word


def _outside(segment: Segment, text: Text) -> Iterator[tuple[int, int]]:
    """The parts of a segment that are no text; all of it where sections do not tell."""
    low, end = segment.guest_va, segment.guest_va + len(segment.data)
    if Prot.EXEC not in segment.prot or text.ranges == [(low, end)]:
        yield low, end
        return
    for start, stop in text.ranges:
        if segment.guest_va <= start < end:
            yield low, start
            low = stop
    yield low, end


def _aligned(segment: Segment, low: int, high: int) -> tuple[int, array[int]]:
    """The whole words of a part of a segment, and the address of the first."""
    low = low + 3 & ~3
    data = segment.data[low - segment.guest_va : high - segment.guest_va]
    words = array("I", data[: len(data) & ~3])
    if sys.byteorder == "big":
        words.byteswap()
    return low, words


def _words(segment: Segment, low: int, high: int, text: Text) -> Iterator[Root]:
    low, words = _aligned(segment, low, high)
    if not text.ranges:
        return
    first, last = text.ranges[0][0], text.ranges[-1][1]
    inside = [index for index, word in enumerate(words) if first <= word < last]
    for at, index in enumerate(inside):
        word = words[index]
        near = (
            words[other]
            for other in inside[max(at - NEIGHBOURS, 0) : at + NEIGHBOURS + 1]
            if abs(other - index) <= NEIGHBOURS
        )
        # Numbers of a table that happen to lie in text are odd and even alike; addresses are not.
        if text.has(word) and all((word ^ other) & 1 == 0 for other in near):
            yield Root(word, f"word at {low + 4 * index:#x}", low + 4 * index)


def marked_data(image: Image) -> Iterator[tuple[int, int]]:
    """Ranges inside text that mapping symbols call data."""
    marks = image.marks
    for index, (start, mark) in enumerate(marks):
        if mark is not CodeMark.DATA:
            continue
        section = image.section_at(start)
        if section is None or not section.executable:
            continue
        end = marks[index + 1][0] if index + 1 < len(marks) else section.end
        yield start, min(end, section.end)


def never_returning(image: Image) -> tuple[frozenset[int], frozenset[int]]:
    """Keys of functions named as never returning, and words that will hold such addresses."""
    keys = frozenset(s.guest_va | int(bool(s.thumb)) for s in image.code_symbols if s.name in NEVER)
    slots = frozenset(r.guest_va for r in image.relocations if r.symbol in NEVER)
    return keys, slots


def _word(image: Image, address: int) -> int:
    return int.from_bytes(image.read(address, 4), "little")
