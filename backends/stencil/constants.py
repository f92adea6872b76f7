"""Which immediates of a template may be plain numbers while it is compiled.

A number lets LLVM pick the best encoding, but it may also use what it sees in the number. The proof
in library.py (three sets of numbers that disagree in every bit) catches what depends on single bits
or on the whole value. It cannot catch what holds for all three and not for some other value: that
none is 0 or all ones. So a constant whose being zero or all ones could decide something is never a
number.
"""

from __future__ import annotations

from backends.stencil.family import Sym
from xlate.ir import Block, Op

WORD, AMOUNT, SYMBOL = "word", "amount", "symbol"
_SHIFTS = ("shl", "lshr", "ashr", "ror")
_PREDICATES = ("eq", "ne", "udiv", "sdiv", "mul", "clz")
# A result of these is known not to be 0 (or all ones) when an argument is known not to be.
_PASSING = ("or", "xor", "zext", "sext", "trunc", *_SHIFTS, "select", "bswap", "bitrev")

_WORDS = (0x4B5D2E71, 0xB4A2D18E, 0x9E3779B9)
_AMOUNTS = ((21, 11, 23), (10, 20, 8), (4, 13, 27))
SETS = len(_WORDS)


def kinds(block: Block) -> dict[int, str]:
    """How each immediate of the block is compiled: as a word, a shift amount, or a symbol."""
    consts = {
        op.index: op for op in block if op.name == "const" and isinstance(op.params["value"], Sym)
    }
    out: dict[int, str] = {}
    for const in consts.values():
        index = const.params["value"].index
        kind = _kind(block, const)
        out[index] = kind if out.get(index, kind) == kind else SYMBOL
    return out


def _kind(block: Block, const: Op) -> str:
    if const.ty != "i32" or _zero_matters(block, const):
        return SYMBOL
    uses = {
        op.name in _SHIFTS and place == 1
        for op in block
        for place, arg in enumerate(op.args)
        if arg.op is const
    }
    if any(op.name == "lane_shift" and op.args[1].op is const for op in block):
        return SYMBOL  # lanes are narrower than any number that would stand for all amounts
    if len(uses) != 1:
        return SYMBOL
    return AMOUNT if uses == {True} else WORD


def _zero_matters(block: Block, const: Op) -> bool:
    """The constant reaches a predicate through operations that keep its not being 0 or all ones."""
    known = {const.index}
    for op in block:
        amount_only = op.name in _SHIFTS and op.args[0].op.index not in known
        if amount_only or not any(a.op.index in known for a in op.args):
            continue
        if op.name in _PREDICATES:
            return True
        if op.name in _PASSING:
            known.add(op.index)
    return False


def numbers(block: Block, count: int, which: int, *, words: bool) -> tuple[int | None, ...]:
    """One set of numbers for all immediates, None for symbols; only amounts unless ``words``."""
    how = kinds(block)
    return tuple(_number(how.get(i, SYMBOL), i, which, words=words) for i in range(count))


def _number(kind: str, index: int, which: int, *, words: bool) -> int | None:
    if kind == AMOUNT:
        return _AMOUNTS[which][index % 3]
    if kind == SYMBOL or not words:
        return None
    word, turn = _WORDS[which], 5 * index
    return ((word << turn) | (word >> (32 - turn))) & 0xFFFFFFFF if turn else word


def carry_of_sum(block: Block) -> set[int]:
    """Immediates that are added with a carry out: there a - (-c) is not a + c, since -0 is 0."""
    return {
        arg.op.params["value"].index
        for op in block
        if op.name in ("add_c", "add_v")
        for arg in op.args
        if arg.op.name == "const" and isinstance(arg.op.params["value"], Sym)
    }
