"""The encoding grammar: ``"cond:4 0000100 S:1 Rn:4 Rd:4 imm12:12"``.

Words of 0 and 1 are fixed bits, ``name:n`` is a field of n bits, ``x`` stands for a bit that does
not matter. A ``(0)`` or ``(1)`` of the manual (should be) is written as a field named ``sb``, as x,
or, where the row takes no other, in parentheses, ``(1111 0000)``: with other bits the word is the
manual's UNPREDICTABLE and undefined here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from xlate.errors import Inconsistent


@dataclass(frozen=True)
class FieldSlice:
    """Where a field stands: lowest bit and number of bits."""

    name: str
    lsb: int
    bits: int

    def of(self, word: int) -> int:
        """The field's value in word."""
        return (word >> self.lsb) & ((1 << self.bits) - 1)


@dataclass(frozen=True)
class Encoding:
    """Fixed bits as mask and value, and the fields between them."""

    text: str
    width: int
    mask: int
    value: int
    fields: tuple[FieldSlice, ...]
    should: int = 0  # of the mask: bits that only should be so

    @staticmethod
    def parse(text: str, width: int) -> Encoding:
        """Read the grammar above; raises Inconsistent when it does not cover ``width`` bits."""
        mask = value = should = 0
        at = width
        fields: list[FieldSlice] = []
        inside = False
        for token in re.findall(r"[()]|[^\s()]+", text):
            if token in ("(", ")"):
                inside = token == "("
                continue
            if re.fullmatch(r"[01x]+", token):
                for bit in token:
                    at -= 1
                    mask |= (bit != "x") << at if at >= 0 else 0
                    value |= (bit == "1") << at if at >= 0 else 0
                    should |= (inside and bit != "x") << at if at >= 0 else 0
                continue
            named = re.fullmatch(r"([A-Za-z_]\w*):(\d+)", token)
            if named is None:
                raise Inconsistent(f"encoding {text!r}: cannot read {token!r}")
            at -= int(named[2])
            fields.append(FieldSlice(named[1], at, int(named[2])))
        if inside:
            raise Inconsistent(f"encoding {text!r} does not close its parenthesis")
        if at != 0:
            raise Inconsistent(f"encoding {text!r} covers {width - at} bits, not {width}")
        if len({f.name for f in fields}) != len(fields):
            raise Inconsistent(f"encoding {text!r} names a field twice")
        return Encoding(text, width, mask, value, tuple(fields), should)

    def matches(self, word: int) -> bool:
        """The fixed bits agree."""
        return word & self.mask == self.value

    def overlaps(self, other: Encoding) -> bool:
        """Some word matches both."""
        both = self.mask & other.mask
        return self.width == other.width and (self.value ^ other.value) & both == 0

    def extract(self, word: int) -> dict[str, int]:
        """All fields of word by name."""
        return {f.name: f.of(word) for f in self.fields}
