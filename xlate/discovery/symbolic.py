"""What instructions leave in registers, as small trees over the registers before them.

Derived from the recorded operations, so that nothing about an instruction is written twice. A tree
is a tuple: ("k", number or expression in pc), ("r", register), ("f", flag), ("u", pc, register)
for what an instruction left there that cannot be said, or an operation with trees behind its name;
None is "cannot be said". Constants that code forms and jump tables are
both found by these trees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from frontends.arm32.decode import ALWAYS, Insn
from frontends.arm32.recorded import MOST_WORDS, Recorded, address_at, recorded
from xlate.ir import Block, Op
from xlate.ir.block import WIDTHS

Tree = tuple[Any, ...] | None
Read = Callable[[int, int], int | None]  # constant memory: address, bytes

LR = 14
LEAVES = ("k", "r", "f", "u")
MASK = 0xFFFFFFFF
MOST_NODES = 40  # a larger tree is no constant and no table

FOLD: dict[str, Callable[[int, int], int]] = {
    "add": lambda a, b: (a + b) & MASK,
    "sub": lambda a, b: (a - b) & MASK,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "shl": lambda a, b: (a << b) & MASK if b < 32 else 0,
    "lshr": lambda a, b: a >> b if b < 32 else 0,
    "ule": lambda a, b: int(a <= b),
    "ult": lambda a, b: int(a < b),
    "eq": lambda a, b: int(a == b),
}
_KEPT = frozenset(FOLD)


class Effects(NamedTuple):
    """Registers and flags an instruction writes, and where an indirect jump goes."""

    registers: tuple[tuple[int, Tree, frozenset[int]], ...]  # with the registers it depends on
    flags: tuple[tuple[str, Tree], ...]
    target: Tree


class _Known(NamedTuple):
    blocks: tuple[Block, ...]  # kept, so that their identity stays theirs
    effects: Effects
    saves_lr: bool


_memo: dict[int, _Known] = {}  # by the identity of the blocks, which recordings share


def effects(rec: Recorded) -> Effects:
    """Return what an instruction does when its condition holds; the same object for a word."""
    return (rec.effects or _known(rec)).effects


def _known(rec: Recorded) -> _Known:
    found = _memo.get(id(rec.blocks))
    if found is None:
        if len(_memo) >= MOST_WORDS:
            _memo.clear()
        found = _memo[id(rec.blocks)] = _Known(rec.blocks, _effects(rec), _saves_lr(rec))
    rec.effects = found
    return found


def _effects(rec: Recorded) -> Effects:
    registers: dict[int, Tree] = {}
    flags: dict[str, Tree] = {}
    target: Tree = None
    for block in rec.blocks:
        values: dict[int, Tree] = {}
        for op in block:
            if op.name == "set_reg":
                registers[op.params["reg"]] = values.get(op.args[0].op.index)
            elif op.name == "set_flag":
                flags[op.params["flag"]] = values.get(op.args[0].op.index)
            elif op.name == "exit_indirect":
                target = values.get(op.args[0].op.index)
            else:
                values[op.index] = _value(op, values, registers, flags)
    written = tuple((n, tree, frozenset(_leaves(tree))) for n, tree in registers.items())
    return Effects(written, tuple(flags.items()), target)


def _leaves(tree: Tree) -> Iterator[int]:
    """Registers that a tree reads."""
    if tree is None or tree[0] in ("k", "f", "u"):
        return
    if tree[0] == "r":
        yield tree[1]
        return
    for part in tree[1:]:
        if isinstance(part, tuple):
            yield from _leaves(part)


def _value(
    op: Op, values: dict[int, Tree], registers: dict[int, Tree], flags: dict[str, Tree]
) -> Tree:
    """The tree of one operation's result."""
    if op.name == "const":
        return ("k", op.params["value"])
    if op.name == "get_reg":
        number = op.params["reg"]
        return registers.get(number, ("r", number))
    if op.name == "get_flag":
        name = op.params["flag"]
        return flags.get(name, ("f", name))
    args = tuple(values.get(a.op.index) for a in op.args)
    if None in args:
        return None
    if op.name in _KEPT and op.args[0].ty == "i32":
        return (op.name, *args)
    if op.name == "load":
        return ("load", WIDTHS[op.ty] // 8, args[0])
    if op.name == "zext" and op.args[0].op.name == "load":
        return args[0]
    return None


def saves_lr(insn: Insn) -> bool:
    """Say whether an instruction stores lr: most functions that call begin so."""
    return _known(recorded(insn)).saves_lr


def _saves_lr(rec: Recorded) -> bool:
    stored = (op.args[1].op for block in rec.blocks for op in block if op.name == "store")
    return any(op.name == "get_reg" and op.params["reg"] == LR for op in stored)


def resolve(tree: Tree, known: Mapping[int, Tree], pc: int, read: Read) -> Tree:
    """Put what is known of the registers into a tree and fold it; reads constant memory."""
    return _resolve(tree, known, {}, pc, read)


def _resolve(
    tree: Tree, known: Mapping[int, Tree], flags: Mapping[str, Tree], pc: int, read: Read
) -> Tree:
    if tree is None:
        return None
    kind = tree[0]
    if kind == "k":
        value = tree[1]
        if isinstance(value, int):
            return tree
        return ("k", address_at(value, pc))
    if kind == "r":
        return known.get(tree[1], tree)
    if kind == "f":
        return flags.get(tree[1], tree)
    if kind == "u":
        return tree
    if kind == "load":
        return _loaded(tree[1], _resolve(tree[2], known, flags, pc, read), read)
    left = _resolve(tree[1], known, flags, pc, read)
    right = _resolve(tree[2], known, flags, pc, read) if left is not None else None
    if left is None or right is None:
        return None
    if left[0] == "k" and right[0] == "k":
        return ("k", FOLD[kind](left[1], right[1]))
    return _rotated((kind, left, right))


def _loaded(size: int, address: Tree, read: Read) -> Tree:
    if address is None:
        return None
    value = read(address[1], size) if address[0] == "k" and size <= 4 else None
    return ("load", size, address) if value is None else ("k", value)


def _rotated(tree: tuple[Any, ...]) -> Tree:
    """Constants of a commutative operation stand on the right, so that patterns are few."""
    if tree[0] in ("add", "and", "or") and tree[1][0] == "k":
        return (tree[0], tree[2], tree[1])
    return tree


def _size(tree: Tree) -> int:
    if tree is None or tree[0] in LEAVES:
        return 1
    return 1 + sum(_size(part) for part in tree[1:] if isinstance(part, tuple))


class State:
    """Registers and flags as trees over those before the first instruction run."""

    def __init__(self, read: Read) -> None:
        self.registers: dict[int, Tree] = {}
        self.flags: dict[str, Tree] = {}
        self._read = read

    def value(self, number: int) -> Tree:
        """Return a register's tree."""
        return self.registers.get(number, ("r", number))

    def run(self, insn: Insn) -> Tree:
        """Run one instruction; return where it jumps when that is computed."""
        done = effects(recorded(insn))
        target = self._resolve(done.target, insn.pc)
        registers = [(n, self._resolve(tree, insn.pc)) for n, tree, _ in done.registers]
        flags = [(name, self._resolve(tree, insn.pc)) for name, tree in done.flags]
        certain = insn.cond == ALWAYS
        for number, tree in registers:
            known = tree if certain else None
            # A value of its own: what is compared and what selects may still be the same.
            self.registers[number] = ("u", insn.pc, number) if known is None else known
        for name, tree in flags:
            self.flags[name] = tree if certain else None
        return target

    def _resolve(self, tree: Tree, pc: int) -> Tree:
        found = _resolve(tree, self.registers, self.flags, pc, self._read)
        return found if _size(found) <= MOST_NODES else None
