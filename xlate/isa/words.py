"""Sets of instruction words, exactly: binary decision diagrams over the bits of a word.

What an encoding fixes, what a test of fields holds for and what is left when narrower rows are
taken away become sets that can be joined, cut and counted without walking 2^32 words. Diagrams
ask the highest bit first, so that they share what follows the same leading bits. Decode-time
expressions are evaluated on all words at once: a number is a list of sets, one for each bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from xlate.errors import Inconsistent
from xlate.isa.encoding import FieldSlice
from xlate.isa.expr import Expr

NONE, ALL = 0, 1  # the two sets that every diagram ends in
BITS = 64  # of a number

Number = list[int]  # sets of words: bit i of the number is set for the words in the i-th


class WordSets:
    """A store of sets of words of ``width`` bits; a set is a small integer, equal when equal."""

    def __init__(self, width: int) -> None:
        self.width = width
        # level (bits still to ask, counted from 0), words with that bit clear, words with it set
        self._nodes: list[tuple[int, int, int]] = [(-1, NONE, NONE), (-1, ALL, ALL)]
        self._known: dict[tuple[int, int, int], int] = {}
        self._met: dict[tuple[int, int], int] = {}
        self._others: dict[int, int] = {NONE: ALL, ALL: NONE}
        self._counts: dict[int, int] = {}

    def _node(self, bit: int, clear: int, set_: int) -> int:
        if clear == set_:
            return clear
        key = (bit, clear, set_)
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = len(self._nodes)
            self._nodes.append(key)
        return number

    def top(self, of: int) -> int:
        """The highest bit that the set depends on; -1 for none and all."""
        return self._nodes[of][0]

    def halves(self, of: int, bit: int) -> tuple[int, int]:
        """The set for words with ``bit`` clear and set, when no higher bit matters."""
        at, clear, set_ = self._nodes[of]
        return (clear, set_) if at == bit else (of, of)

    def bit(self, number: int) -> int:
        """Words in which a bit is set."""
        return self._node(number, NONE, ALL)

    def cube(self, mask: int, value: int) -> int:
        """Words whose bits under ``mask`` are those of ``value``."""
        found = ALL
        for bit in range(self.width):
            if mask >> bit & 1:
                is_set = value >> bit & 1
                found = self._node(bit, NONE, found) if is_set else self._node(bit, found, NONE)
        return found

    def both(self, a: int, b: int) -> int:
        """Words in both sets."""
        if a == b or b == ALL:
            return a
        if a == ALL:
            return b
        if NONE in (a, b):
            return NONE
        key = (a, b) if a < b else (b, a)
        found = self._met.get(key)
        if found is None:
            bit = max(self.top(a), self.top(b))
            (a0, a1), (b0, b1) = self.halves(a, bit), self.halves(b, bit)
            found = self._met[key] = self._node(bit, self.both(a0, b0), self.both(a1, b1))
        return found

    def other(self, a: int) -> int:
        """Words that are not in the set."""
        found = self._others.get(a)
        if found is None:
            bit, clear, set_ = self._nodes[a]
            found = self._others[a] = self._node(bit, self.other(clear), self.other(set_))
            self._others[found] = a
        return found

    def either(self, a: int, b: int) -> int:
        """Words in one set or the other."""
        return self.other(self.both(self.other(a), self.other(b)))

    def differ(self, a: int, b: int) -> int:
        """Words in just one of the sets."""
        return self.either(self.both(a, self.other(b)), self.both(b, self.other(a)))

    def without(self, a: int, b: int) -> int:
        """Words of the first set that are not in the second."""
        return self.both(a, self.other(b))

    def union(self, sets: Iterable[int]) -> int:
        """Words in any of the sets."""
        found = NONE
        for one in sets:
            found = self.either(found, one)
        return found

    def whatever(self, of: int, mask: int) -> int:
        """Words that are in the set when their bits under ``mask`` are set otherwise, or not."""
        freed: dict[int, int] = {NONE: NONE, ALL: ALL}

        def free(one: int) -> int:
            if one not in freed:
                bit, clear, set_ = self._nodes[one]
                low, high = free(clear), free(set_)
                matters = not mask >> bit & 1
                freed[one] = self._node(bit, low, high) if matters else self.either(low, high)
            return freed[one]

        return free(of)

    def count(self, of: int) -> int:
        """How many words there are in the set."""
        return self._below(of) << (self.width - 1 - self.top(of)) if of > ALL else of << self.width

    def _below(self, of: int) -> int:
        """How many settings of the bits up to the highest one asked belong to the set."""
        if of <= ALL:
            return of
        found = self._counts.get(of)
        if found is None:
            bit, clear, set_ = self._nodes[of]
            found = sum(self._below(x) << (bit - 1 - self.top(x)) for x in (clear, set_))
            self._counts[of] = found
        return found

    def has(self, of: int, word: int) -> bool:
        """Whether a word is in the set."""
        while of > ALL:
            bit, clear, set_ = self._nodes[of]
            of = set_ if word >> bit & 1 else clear
        return of == ALL

    def where(self, condition: Expr, fields: Sequence[FieldSlice]) -> int:
        """Words whose fields make the condition other than zero."""
        return self.union(Numbers(self, fields).of(condition))


class Numbers:
    """Evaluates decode-time expressions for all words at once, modulo 2^64 like ``Expr``.

    Numbers have as many bits as they need; those above are zero.
    """

    def __init__(self, sets: WordSets, fields: Sequence[FieldSlice]) -> None:
        self._sets = sets
        self._fields = {f.name: f for f in fields}

    def of(self, e: Expr) -> Number:
        """The bits of an expression's value."""
        if e.kind == "const":
            return [ALL if e.args[0] >> i & 1 else NONE for i in range(e.args[0].bit_length())]
        if e.kind == "var":
            field = self._fields[e.args[0]]
            return [self._sets.bit(field.lsb + i) for i in range(field.bits)]
        if e.kind == "call":
            return self._call(e)
        a, b = (self.of(x) for x in e.args)
        if e.kind in ("<<", ">>"):
            return self._shift(e.kind, a, b)
        return self._two(e.kind, a, b)

    def _two(self, kind: str, a: Number, b: Number) -> Number:
        s = self._sets
        if kind == "+":
            return self._sum(a, b)
        if kind == "-":
            complement = [self._sets.other(y) for _, y in self._aligned([NONE] * BITS, b)]
            return self._sum(self._sum(a, complement), [ALL])
        if kind == "*":
            return self._product(a, b)
        if kind in ("&", "|", "^"):
            combine = {"&": s.both, "|": s.either, "^": s.differ}[kind]
            return [combine(x, y) for x, y in self._aligned(a, b)]
        if kind in ("==", "!="):
            unequal = s.union(s.differ(x, y) for x, y in self._aligned(a, b))
            return [unequal if kind == "!=" else s.other(unequal)]
        if kind in ("<", ">", "<=", ">="):
            less = self._less(a, b) if kind in ("<", ">=") else self._less(b, a)
            return [less if kind in ("<", ">") else s.other(less)]
        raise Inconsistent(f"a condition with {kind} is not counted")

    def _aligned(self, a: Number, b: Number) -> list[tuple[int, int]]:
        length = max(len(a), len(b))
        return list(
            zip(a + [NONE] * (length - len(a)), b + [NONE] * (length - len(b)), strict=True)
        )

    def _sum(self, a: Number, b: Number) -> Number:
        s, carry, total = self._sets, NONE, []
        for x, y in self._aligned(a, b):
            one = s.differ(x, y)
            total.append(s.differ(one, carry))
            carry = s.either(s.both(x, y), s.both(one, carry))
        return [*total, carry][:BITS]

    def _product(self, a: Number, b: Number) -> Number:
        total: Number = []
        for place, times in enumerate(b):
            shifted = [NONE] * place + [self._sets.both(x, times) for x in a]
            total = self._sum(total, shifted) if times != NONE else total
        return total

    def _shift(self, kind: str, a: Number, by: Number) -> Number:
        """Bit by bit of the amount: shift by that power of two, or do not."""
        for place, times in enumerate(by):
            if times == NONE:
                continue
            amount = 1 << place
            moved = ([NONE] * amount + a)[:BITS] if kind == "<<" else a[amount:]
            s = self._sets
            a = [
                s.either(s.both(times, x), s.without(y, times)) for x, y in self._aligned(moved, a)
            ]
        return a

    def _less(self, a: Number, b: Number) -> int:
        """Words for which the first is less; the highest bit that differs decides."""
        s, less = self._sets, NONE
        for x, y in self._aligned(a, b):
            less = s.either(s.without(y, x), s.without(less, s.differ(x, y)))
        return less

    def _call(self, e: Expr) -> Number:
        fn, args = e.args
        if fn.name != "popcount":
            raise Inconsistent(f"a condition with {fn.name} is not counted")
        total: Number = []
        for one in self.of(args[0]):
            total = self._sum(total, [one])
        return total
