"""The bytes that may be code, and what is known of each halfword: code, its middle, or data.

Decides what counts as text (the executable sections where the file names them, else the
executable segments) and answers for reads of memory that cannot change. Who claims what, and
whether a claim is believed, is for the walk and the trial.
"""

from __future__ import annotations

from bisect import bisect_right

from frontends.arm32.decode import Insn, decode_a32, decode_t32, is_wide
from xlate.loader import Image, Prot

FREE, STARTS_THUMB, STARTS_ARM, INSIDE, DATA = range(5)


class Text:
    """Instruction bytes of one image with a claim for each halfword."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self.ranges = _ranges(image)
        self.claims = {low: bytearray((high - low + 1) // 2) for low, high in self.ranges}
        self._lows = [low for low, _ in self.ranges]
        self._bytes = {low: image.read(low, high - low) for low, high in self.ranges}

    def range_at(self, address: int) -> tuple[int, int] | None:
        """Return the range of text that covers an address."""
        at = bisect_right(self._lows, address) - 1
        if at < 0 or address >= self.ranges[at][1]:
            return None
        return self.ranges[at]

    def has(self, key: int) -> bool:
        """Say whether an instruction could begin at a key."""
        return (key & 3) != 2 and self.range_at(key & ~1) is not None

    def decode(self, key: int, itstate: int, span: tuple[int, int]) -> Insn | None:
        """Return the instruction at a key inside a range, None where it passes the range's end."""
        low, high = span
        pc = key & ~1
        data, at = self._bytes[low], pc - low
        if not key & 1:
            if pc + 4 > high:
                return None
            return decode_a32(int.from_bytes(data[at : at + 4], "little"), pc)
        if pc + 2 > high:
            return None
        first = data[at] | data[at + 1] << 8
        if not is_wide(first):
            return decode_t32(first, 2, pc, itstate)
        if pc + 4 > high:
            return None
        return decode_t32(first << 16 | data[at + 2] | data[at + 3] << 8, 4, pc, itstate)

    def decodes(self, key: int) -> bool:
        """Say whether the bytes at a key are an instruction."""
        span = self.range_at(key & ~1)
        if span is None or not self.has(key):
            return False
        insn = self.decode(key, 0, span)
        return insn is not None and insn.row is not None

    def claim_at(self, address: int) -> int:
        """Return the claim of the halfword at an address; DATA outside text."""
        span = self.range_at(address)
        return DATA if span is None else self.claims[span[0]][(address - span[0]) >> 1]

    def claim_insn(self, insn: Insn, low: int) -> None:
        """Mark an instruction in the range that begins at ``low``; earlier code claims stay.

        A literal is a word or nothing: where code takes one half of it, the other is free again.
        """
        claims = self.claims[low]
        at = (insn.pc - low) >> 1
        if claims[at] == FREE and insn.size == 2:
            claims[at] = STARTS_THUMB
            return
        for place in (at, at + 1)[: insn.size >> 1]:
            if claims[place] == DATA:
                other = ((low >> 1) + place ^ 1) - (low >> 1)
                if 0 <= other < len(claims) and claims[other] == DATA:
                    claims[other] = FREE
                claims[place] = FREE
        if claims[at] == FREE:
            claims[at] = STARTS_THUMB if insn.thumb else STARTS_ARM
        if insn.size == 4 and claims[at + 1] == FREE:
            claims[at + 1] = INSIDE

    def claim_data(self, start: int, end: int) -> bool:
        """Mark bytes as data; False, and nothing is marked, when code is among them."""
        span = self.range_at(start)
        if span is None:
            return False
        low, high = span
        claims = self.claims[low]
        places = range((start - low) >> 1, (min(end, high) - low + 1) >> 1)
        if any(claims[at] not in (FREE, DATA) for at in places):
            return False
        for at in places:
            claims[at] = DATA
        return True

    def constant(self, address: int, size: int) -> int | None:
        """Return the value of bytes that no program can change, None elsewhere."""
        segment = self._image.segment_at(address)
        if segment is None or Prot.WRITE in segment.prot or address + size > segment.end:
            return None
        return int.from_bytes(self._image.read(address, size), "little")

    def data_ranges(self) -> list[tuple[int, int]]:
        """Return the ranges claimed as data, in order of address."""
        found: list[tuple[int, int]] = []
        for low, high in self.ranges:
            claims = self.claims[low]
            at = claims.find(DATA)
            while at >= 0:
                end = at
                while end < len(claims) and claims[end] == DATA:
                    end += 1
                found.append((low + 2 * at, min(low + 2 * end, high)))
                at = claims.find(DATA, end)
        return found


def _ranges(image: Image) -> list[tuple[int, int]]:
    """Executable sections that lie in executable segments, else those segments; no overlaps."""
    segments = [
        (s.guest_va, s.guest_va + len(s.data)) for s in image.segments if Prot.EXEC in s.prot
    ]
    sections = [
        (s.guest_va, s.end)
        for s in image.sections
        if s.executable and s.loaded and any(a <= s.guest_va and s.end <= b for a, b in segments)
    ]
    merged: list[tuple[int, int]] = []
    for low, high in sorted(sections or segments):
        low += low & 1
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        elif low < high:
            merged.append((low, high))
    return merged
