"""Which operands of a run on lanes are looked at, so that nothing in it can be tiny or overflow.

A number that is 0 or at least 2^-40 is a multiple of 2^-63. Sums of such numbers are multiples of
2^-63 too, and products of two of them, and sums of those, of 2^-126: before and behind rounding
they are 0 or normal. So what comes from outside of the run tells everything before it is done,
where the loads can all go first. Nothing is raised then but inexact, which is what ARM raises,
and MXCSR, which waits for all arithmetic before it, need not be asked (docs/decisions/0023). A
run with many operands is better off asking.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from xlate.ir import Op
from xlate.ir.block import WIDTHS
from xlate.ir.ops import OPS, Effect

GREATEST = 38  # exponent of what may come in; three factors and thousands of sums do not overflow
_LEAST = {1: -40, 2: -40, 3: -19}  # by factors: their product is a multiple of 2^-126
# Instructions: of a look, of the end of all looks, of the question to MXCSR, for each product.
_LOOK, _END, _QUESTION, _PRODUCT = 5, 6, 40, 2


PLAIN = -1  # instead of operands to look at: they were


@dataclass(frozen=True)
class Plan:
    """How a run is done without a question."""

    last: frozenset[int]  # instructions that wait until the operands were looked at
    looks: dict[int, int]  # operands by instruction, two bits an operation
    least: int  # exponent


@dataclass
class Ranges:
    """What is known of a run so far; ``good`` is False where its operands are not enough."""

    d_offset: int
    good: bool = True
    factors: dict[int, int] = field(default_factory=dict)  # of results by number
    masks: dict[int, int] = field(default_factory=dict)  # Plan.looks
    looked: set[tuple[int, int]] = field(default_factory=set)  # registers, as offset and size
    products: int = 0
    last: set[int] = field(default_factory=set)
    reads: set[int] = field(default_factory=set)  # words of registers that ``last`` reads
    writes: set[int] = field(default_factory=set)
    before: set[int] = field(default_factory=set)  # ``writes`` of the instructions before this

    def begin(self, index: int, ops: list[Op]) -> None:
        """An instruction: one that waits for the looks, or one that may go before them."""
        reads = {word for op in ops if op.name == "get_state" for word in self._words(op, op.ty)}
        writes = {
            word for op in ops if op.name == "set_state" for word in self._words(op, op.args[0].ty)
        }
        waits = any(op.name == "vf_fix" for op in ops)
        self.before = set(self.writes)
        if waits or reads & self.writes or writes & (self.reads | self.writes):
            self.good &= all(
                OPS[op.name].effect is Effect.PURE or op.name in ("get_state", "set_state")
                for op in ops
            )
            self.last.add(index)
            self.reads |= reads
            self.writes |= writes

    def make(self, at: tuple[int, int], op: Op, made: list[int | None], number: int) -> None:
        """Result ``number`` of operation ``at`` (instruction, operation) of results or others."""
        product = op.params["op"] == "mul"
        self.products += product
        factors = [1 if n is None else self.factors[n] for n in made]
        for position, n in enumerate(made):
            if n is None:
                self._look(at, position, op.args[1 + position].op)
        self.factors[number] = sum(factors) if product else max(factors)

    def _look(self, at: tuple[int, int], position: int, source: Op) -> None:
        """Look at an operand, unless it is a register that was looked at.

        What is made of a result is none itself, and not there when the operands are looked at.
        """
        self.good &= not any(self.before & words for words in self._sources(source))
        if source.name == "get_state":
            place = (source.params["offset"] - self.d_offset, WIDTHS[source.ty] // 8)
            if place in self.looked:
                return
            self.looked.add(place)
        index, nth = at
        self.masks[index] = self.masks.get(index, 0) | 1 << 2 * nth + position

    def _sources(self, source: Op) -> list[set[int]]:
        found, work = [], [source]
        while work:
            op = work.pop()
            if op.name == "get_state":
                found.append(self._words(op, op.ty))
            work += [arg.op for arg in op.args]
        return found

    def _words(self, op: Op, ty: str) -> set[int]:
        at = op.params["offset"] - self.d_offset
        return set(range(at // 4, (at + WIDTHS[ty] // 8 + 3) // 4))

    def plan(self) -> Plan | None:
        """How to do the run so far; None where it is better to ask the host."""
        looks = sum(mask.bit_count() for mask in self.masks.values())
        factors = max(self.factors.values(), default=0)
        better = looks * _LOOK + _END < _QUESTION + self.products * _PRODUCT
        if not (self.good and better and factors in _LEAST):
            return None
        return Plan(frozenset(self.last), dict(self.masks), _LEAST[factors])
