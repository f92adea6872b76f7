"""Jump tables: computed jumps whose targets the code itself bounds.

All forms of compilers come out of one match on what the jump's address is made of: words or offsets
read from constant memory at ``base + (index << n)``, or code at such an address. The base must be
formed in the jump's own block, since blocks may be entered from anywhere. The bound is a hint from
the blocks before: an index outside a table goes the general way in any case.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from frontends.arm32.decode import Insn
from xlate.discovery.model import JumpTable
from xlate.discovery.symbolic import FOLD, LEAVES, MASK, State, Tree, resolve
from xlate.discovery.text import Text

MOST_CASES = 4096
MOST_BITS = 6
CC, LS = 3, 9
PC = 15


class Step(NamedTuple):
    """Instructions before the jump, and the condition that held when control left them."""

    insns: Sequence[Insn]
    holds: int  # a condition number, 14 for none


class Form(NamedTuple):
    """Where a case goes: ``add`` plus ``scale`` times an entry of ``size`` bytes at ``base``.

    Without a table (size 0) the case itself times ``scale`` takes the entry's place.
    """

    selects: Tree
    base: int
    size: int
    scale: int
    add: int
    thumb: int | None  # None: the entry has the bit
    register: int | None = None  # that still holds the index at the jump

    def same_as(self, other: Form) -> bool:
        """Say whether both mean one table selected by one register."""
        return self._replace(selects=None) == other._replace(selects=None)


def table_form(text: Text, block: Sequence[Insn]) -> Form | None:
    """Return how the computed jump that ends a block finds its target, None for an unknown way."""
    state = State(text.constant)
    target: Tree = None
    for insn in block:
        target = state.run(insn)
    form = _form(target, block[-1].thumb)
    if form is None:
        return None
    return form._replace(register=_register(state, form.selects))


def find_table(
    text: Text, block: Sequence[Insn], before: Sequence[Step], form: Form
) -> JumpTable | None:
    """Return the table of the computed jump that ends a block, None where nothing bounds it.

    ``before`` are the steps that led to the block, nearest last.
    """
    count = _count(text, block, before, form)
    if count is None or not 0 < count <= MOST_CASES:
        return None
    targets = _targets(text, form, count)
    if targets is None:
        return None
    data = (form.base, form.base + count * form.size) if form.size else None
    return JumpTable(form.register, 0, targets, data)


def small_table(text: Text, block: Sequence[Insn]) -> JumpTable | None:
    """Return the targets of a jump into unrolled code, whose place is computed from a few bits."""
    state = State(text.constant)
    target: Tree = None
    for insn in block:
        target = state.run(insn)
    few = _few(target)
    if target is None or few is None:
        return None
    node, values = few
    found = set()
    for value in values:
        key = _with(target, node, value)
        if key is None or not text.decodes(key):
            return None
        found.add(key)
    return JumpTable(None, 0, tuple(sorted(found)), None)


def _few(tree: Tree) -> tuple[Tree, Sequence[int]] | None:
    """A part of a tree that has few values, and these: masked bits, or 31 less something."""
    if tree is None or tree[0] in LEAVES or tree[0] == "load":
        return None
    if tree[0] == "and" and tree[2][0] == "k" and tree[2][1].bit_count() <= MOST_BITS:
        mask: int = tree[2][1]
        return tree, _submasks(mask)
    if tree[0] == "sub" and tree[1] == ("k", 31):
        return tree, range(32)
    return _few(tree[1]) or _few(tree[2])


def _submasks(mask: int) -> list[int]:
    """All numbers that have no bit outside a mask."""
    found = [0]
    for bit in range(32):
        if mask >> bit & 1:
            found += [value | 1 << bit for value in found]
    return found


def _with(tree: Tree, node: Tree, value: int) -> int | None:
    """The number a tree is when ``node`` has a value; None when it depends on more."""
    if tree is None or tree[0] in ("r", "f", "u", "load"):
        return None
    if tree == node:
        return value
    if tree[0] == "k":
        return int(tree[1])
    left, right = _with(tree[1], node, value), _with(tree[2], node, value)
    return None if left is None or right is None else FOLD[tree[0]](left, right)


def _terms(tree: Tree) -> tuple[list[Tree], int]:
    """Split a sum into its parts and its constant."""
    if tree is None:
        return [], 0
    if tree[0] == "k":
        return [], tree[1]
    if tree[0] == "add":
        left, right = _terms(tree[1]), _terms(tree[2])
        return left[0] + right[0], (left[1] + right[1]) & MASK
    if tree[0] == "sub" and tree[2][0] == "k":
        parts, constant = _terms(tree[1])
        return parts, (constant - tree[2][1]) & MASK
    return [tree], 0


def _scaled(tree: Tree) -> tuple[Tree, int]:
    """Split ``x << n`` into x and the factor."""
    if tree is not None and tree[0] == "shl" and tree[2][0] == "k" and tree[2][1] < 4:
        return tree[1], 1 << tree[2][1]
    return tree, 1


def _form(target: Tree, thumb: bool) -> Form | None:
    if target is None:
        return None
    bit: int | None = None
    if target[0] == "or" and target[2] == ("k", 1):
        target, bit = target[1], 1
    parts, add = _terms(target)
    if len(parts) != 1:
        return None
    entry, scale = _scaled(parts[0])
    if entry is None:
        return None
    if entry[0] == "load":
        return _table_form(entry, scale, add, bit)
    # Code at a multiple of the index: only A32 has instructions of one size.
    return None if thumb or scale < 4 else Form(entry, 0, 0, scale, add, 0)


def _table_form(entry: tuple[object, ...], scale: int, add: int, bit: int | None) -> Form | None:
    _, size, address = entry
    parts, base = _terms(address)  # type: ignore[arg-type]
    if len(parts) != 1 or not isinstance(size, int):
        return None
    index, factor = _scaled(parts[0])
    narrow = size < 4 and (bit is None or scale == 1)
    return None if factor != size or narrow else Form(index, base, size, scale, add, bit)


def _register(state: State, index: Tree) -> int | None:
    """The register that still holds the index at the jump."""
    if index is not None and index[0] == "r" and state.value(index[1]) == index:
        return int(index[1])
    return next((n for n in range(PC) if index is not None and state.value(n) == index), None)


def _targets(text: Text, form: Form, count: int) -> tuple[int, ...] | None:
    found = []
    for case in range(count):
        entry: int | None = case
        if form.size:
            entry = text.constant(form.base + case * form.size, form.size)
        if entry is None:
            return None
        key = (form.add + entry * form.scale) & MASK
        key = key if form.thumb is None else key & ~1 | form.thumb
        if not text.decodes(key):
            return None
        found.append(key)
    return tuple(found)


def _count(text: Text, block: Sequence[Insn], before: Sequence[Step], form: Form) -> int | None:
    """How many cases there are, from a mask or from a comparison on the way to the jump."""
    if form.selects is not None and form.selects[0] == "and" and form.selects[2][0] == "k":
        mask: int = form.selects[2][1]
        if mask & (mask + 1) == 0:
            return mask + 1
    state = State(text.constant)
    limits: list[tuple[Tree, int]] = []
    for step in before:
        for insn in step.insns:
            state.run(insn)
        limits.append(_limit(state, step.holds))
    at_start = dict(state.registers)
    for insn in block[:-1]:
        state.run(insn)
    limits.append(_limit(state, block[-1].cond))
    value = resolve(form.selects, at_start, 0, text.constant)
    counts = [count for tree, count in limits if tree == value and tree is not None]
    return min(counts) if counts else None


def _limit(state: State, holds: int) -> tuple[Tree, int]:
    """What is compared and how many values pass, when a condition is known to hold."""
    nothing: tuple[Tree, int] = (None, 0)
    if holds not in (CC, LS):
        return nothing
    carry = state.flags.get("C")
    if carry is None or carry[0] != "ule" or carry[1][0] != "k":
        return nothing
    bound: int = carry[1][1]
    if holds == CC:
        return carry[2], bound
    zero = state.flags.get("Z")
    if zero is None or zero[0] != "eq" or zero[1:] != (carry[2], carry[1]):
        return nothing
    return carry[2], bound + 1
