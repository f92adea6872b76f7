"""Exact search for words that no row matches: split on fixed bits until each part is decided.

A part is a mask and a value like an encoding's. Which gaps are right is left to ``gaps.toml``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Cube:
    """All words of ``width`` bits whose bits under ``mask`` are those of ``value``."""

    mask: int
    value: int
    width: int

    @staticmethod
    def parse(text: str) -> Cube:
        """Read a pattern of 0, 1 and x; blanks are for the reader."""
        bits = text.replace(" ", "")
        if set(bits) - set("01x"):
            raise ValueError(f"pattern {text!r} has other characters than 0, 1 and x")
        mask = int("".join("0" if b == "x" else "1" for b in bits), 2)
        return Cube(mask, int(bits.replace("x", "0"), 2), len(bits))

    def overlaps(self, other: Cube) -> bool:
        """Some word is in both."""
        return (self.value ^ other.value) & self.mask & other.mask == 0

    def holds(self, word: int) -> bool:
        """The word is one of it."""
        return word & self.mask == self.value

    def inside(self, other: Cube) -> bool:
        """Every word of this one, which overlaps the other, is in the other."""
        return other.mask & ~self.mask == 0

    def halves(self, bit: int) -> tuple[Cube, Cube]:
        """Return the parts with ``bit`` clear and set."""
        mask = self.mask | 1 << bit
        return Cube(mask, self.value, self.width), Cube(mask, self.value | 1 << bit, self.width)

    def word(self, free: int) -> int:
        """One word of it: the bits that are not fixed come from ``free``."""
        return self.value | free & ~self.mask & (1 << self.width) - 1

    def __str__(self) -> str:
        text = "".join(
            str(self.value >> i & 1) if self.mask >> i & 1 else "x"
            for i in reversed(range(self.width))
        )
        return " ".join(text[i : i + 4] for i in range(0, self.width, 4))


def uncovered(space: Cube, covers: Iterable[Cube]) -> Iterator[Cube]:
    """All of ``space`` that none of ``covers`` touches, as disjoint parts."""
    touching = [c for c in covers if c.overlaps(space)]
    if not touching:
        yield space
        return
    if any(space.inside(c) for c in touching):
        return
    # The widest cover has the fewest bits to ask for: it is soon either whole or out.
    widest = min(touching, key=lambda c: (c.mask & ~space.mask).bit_count())
    bit = (widest.mask & ~space.mask).bit_length() - 1
    for half in space.halves(bit):
        yield from uncovered(half, touching)
