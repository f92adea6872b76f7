"""Which operands of a run on lanes must be looked at, so that nothing in it can be tiny.

A number that is 0 or at least 2^-40 is a multiple of 2^-63. Sums of such numbers are multiples of
2^-63 too, and products of two of them, and sums of those, of 2^-126: before and behind rounding
they are 0 or normal. So it is enough to look at what comes from outside of the run, and at a
result before it goes into another product. That costs no question to MXCSR, which waits for all
arithmetic before it (docs/decisions/0023); a run with many operands is better off asking.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from xlate.ir import Op
from xlate.ir.block import WIDTHS

LEAST, MOST = -40, 40  # exponents of what may come in, and go out
_FACTORS = 2  # numbers of 2^LEAST whose product is not tiny
# Instructions: of a look, of one at a result, of the question to MXCSR, for each product.
_LOOK, _AT_RESULT, _QUESTION, _PRODUCT = 4, 4, 40, 2


@dataclass
class Ranges:
    """Results of a run by how many factors they have, and the operands to look at."""

    d_offset: int
    factors: dict[int, int] = field(default_factory=dict)
    masks: dict[int, int] = field(default_factory=dict)  # by instruction, two bits an operation
    looked: set[tuple[int, int]] = field(default_factory=set)  # registers, as offset and size
    products: int = 0
    only: bool = True  # there is no other arithmetic that the host does

    def make(self, at: tuple[int, int], op: Op, made: list[int | None], number: int) -> None:
        """Result ``number`` of operation ``at`` (instruction, operation) of results or others."""
        product = op.params["op"] == "mul"
        self.products += product
        factors = [1 if n is None else self.factors[n] for n in made]
        for position, n in enumerate(made):
            if n is None:
                self._look(at, position, op.args[1 + position].op)
            elif product and sum(factors) > _FACTORS and factors[position] > 1:
                self._set(at, position)
                self.factors[n] = factors[position] = 1
        self.factors[number] = sum(factors) if product else max(factors)

    def _look(self, at: tuple[int, int], position: int, source: Op) -> None:
        if source.name == "get_state":
            place = (source.params["offset"] - self.d_offset, WIDTHS[source.ty] // 8)
            if place in self.looked:
                return
            self.looked.add(place)
        self._set(at, position)

    def _set(self, at: tuple[int, int], position: int) -> None:
        index, nth = at
        self.masks[index] = self.masks.get(index, 0) | 1 << 2 * nth + position

    def wrote(self, at: int, size: int) -> None:
        """A register is another number now; what it was made of was looked at where needed."""
        self.looked = {(a, s) for a, s in self.looked if a + s <= at or at + size <= a}

    def worth(self, results: int) -> dict[int, int] | None:
        """The operands to look at by instruction; None where it is better to ask the host."""
        looks = sum(mask.bit_count() for mask in self.masks.values())
        cost = looks * _LOOK + results * _AT_RESULT
        return (
            dict(self.masks) if self.only and cost < _QUESTION + self.products * _PRODUCT else None
        )
