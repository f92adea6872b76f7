"""Where the accesses of compiled functions are, by LLVM's own account of them (PC sections).

Each access carries the guest instruction that it is made for and how far sp is from the state's
(``exact.py``). LLVM keeps that through all of code generation, also where it joins a load with the
arithmetic behind it, and writes it into a section for each function: places of accesses that carry
the same, relocated, then the numbers. The last is the access's own: one that nothing carries any
more was merged with another, which then stands for two guest instructions (``levels.py``).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

from xlate.package.faults import encode_lines

SECTION = "at"
_NUMBERS = struct.Struct("<iii")
_PLACE = 4


def metadata(offset: int, distance: int, number: int) -> str:
    """What an access carries: guest address less the function's, distance of sp, its number."""
    return f'!{{!"{SECTION}", !{{i32 {offset}, i32 {distance}, i32 {number}}}}}'


def read_places(data: bytes, addresses: Mapping[int, int]) -> list[tuple[int, int, int, int]]:
    """Address in the code and numbers of a function's accesses, in order of address.

    ``addresses`` are those that fields of the section are relocated to, by offset of the field.
    """
    places: list[tuple[int, int, int, int]] = []
    group: list[int] = []
    for field in sorted(addresses):
        group.append(addresses[field])
        after = field + _PLACE
        if after not in addresses:
            places += [(at, *_NUMBERS.unpack_from(data, after)) for at in group]
            group = []
    return sorted(places)


def pack_places(places: Iterable[tuple[int, int, int, int]]) -> bytes:
    """Places as packed differences, without the accesses' own numbers."""
    return encode_lines(place[:3] for place in places)
