"""Which loops of scalar floating point do several rounds side by side, in the host's lanes.

That is a loop of one block whose rounds are certain (``loops.py``), in which no number comes from
the round before: every register is loaded or computed before it is used, or stays. Its loads and
its one store move by one number a round. Lanes round as scalars do and raise the same exceptions,
so what remains is the order of accesses: whoever writes the code (``side.py``) makes sure that no
load reads what an earlier round of the group stores, and that no access of a group lies in two
pages, so that the first round of a group faults if any of it does. Registers need no values in the
end, because the last rounds are always done one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from backends.llvm.haste import hasty_ops
from backends.llvm.liveness import Step
from backends.llvm.loops import Counted
from xlate.ir import Op, Value
from xlate.ir.block import WIDTHS
from xlate.ir.ops import OPS, Effect

_MAKERS = frozenset({"fadd", "fsub", "fmul", "fdiv", "fsqrt"})
_SIGNS = frozenset({"fneg", "fabs"})
_SIZES = {"f32": 4, "f64": 8}
_SP = 13


@dataclass(frozen=True)
class Access:
    """A load or the store: instruction, register and how far from its value in the first round."""

    index: int
    register: int
    offset: int


@dataclass(frozen=True)
class Number:
    """A floating-point value of one round, by name of what makes it.

    ``load`` has an access, ``stays`` an offset from d0; the others operands among the values.
    """

    name: str
    operands: tuple[int, ...] = ()
    access: Access | None = None
    at: int = 0


@dataclass
class Rounds:
    """What a round does."""

    ty: str
    numbers: list[Number]
    store: Access
    stored: int
    moves: dict[int, int]  # registers by what a round adds

    @property
    def size(self) -> int:
        """Bytes of a number."""
        return _SIZES[self.ty]

    @property
    def lanes(self) -> int:
        """Rounds in a vector."""
        return 16 // self.size

    def accesses(self) -> Iterator[Access]:
        """All that a round reads, then what it writes."""
        yield from (n.access for n in self.numbers if n.access is not None)
        yield self.store


class _Unfit(Exception):
    """The loop does something else."""


_Address = tuple[int | None, int]  # of a register's value in the beginning, or of none, how far


@dataclass
class _Reader:
    """Follows one round; raises _Unfit."""

    d_offset: int
    ty: str
    numbers: list[Number] = field(default_factory=list)
    registers: dict[int, _Address | None] = field(default_factory=dict)  # written, by number
    read: set[int] = field(default_factory=set)  # registers, before they are written
    floats: dict[int, int] = field(default_factory=dict)  # numbers by offset from d0
    written: set[int] = field(default_factory=set)  # of those that are not as they were
    store: tuple[Access, int] | None = None
    index: int = 0

    def follow(self, ops: Iterable[Op]) -> None:
        """One instruction's operations."""
        self.values: dict[int, int] = {}
        self.addresses: dict[int, _Address] = {}
        for op in ops:
            if op.name in _ARMS:
                _ARMS[op.name](self, op)
            elif op.name in _MAKERS | _SIGNS:
                self._make(op)
            elif op.name in ("set_flag", "exit_branch", "exit_jump"):
                continue
            elif OPS[op.name].effect is not Effect.PURE or self._floating(op):
                raise _Unfit

    def _floating(self, op: Op) -> bool:
        types = (op.ty, *(arg.op.ty for arg in op.args))
        used = any(arg.op.index in self.values for arg in op.args)
        return used or any(ty in ("f32", "f64", "v64", "v128") for ty in types)

    def number(self, value: Value) -> int:
        """The floating-point number that a value is."""
        if value.op.index not in self.values:
            raise _Unfit
        return self.values[value.op.index]

    def access(self, value: Value, ty: str) -> Access:
        """The access to this address, of a number's size."""
        register, offset = self.addresses.get(value.op.index, (None, 0))
        if register is None or WIDTHS[ty] != WIDTHS[self.ty]:
            raise _Unfit
        signed = (offset + (1 << 31)) % (1 << 32) - (1 << 31)
        return Access(self.index, register, signed)

    def add(self, op: Op, number: Number) -> None:
        """One more number."""
        self.values[op.index] = len(self.numbers)
        self.numbers.append(number)

    def _make(self, op: Op) -> None:
        if op.ty != self.ty:
            raise _Unfit
        self.add(op, Number(op.name, tuple(self.number(arg) for arg in op.args)))


def _const(t: _Reader, op: Op) -> None:
    if isinstance(op.params["value"], int):
        t.addresses[op.index] = (None, op.params["value"])


def _get_reg(t: _Reader, op: Op) -> None:
    register = op.params["reg"]
    if register not in t.registers:
        t.read.add(register)
    address = t.registers.get(register, (register, 0))
    if address is not None:
        t.addresses[op.index] = address


def _set_reg(t: _Reader, op: Op) -> None:
    if op.args[0].op.index in t.values or op.params["reg"] == _SP:
        raise _Unfit
    t.registers[op.params["reg"]] = t.addresses.get(op.args[0].op.index)


def _sum(t: _Reader, op: Op) -> None:
    a, b = (t.addresses.get(arg.op.index) for arg in op.args)
    if a is None or b is None:
        return
    if op.name == "add" and (a[0] is None or b[0] is None):
        t.addresses[op.index] = (b[0] if a[0] is None else a[0], a[1] + b[1])
    elif op.name == "sub" and b[0] is None:
        t.addresses[op.index] = (a[0], a[1] - b[1])


def _load(t: _Reader, op: Op) -> None:
    if t.store is not None:
        raise _Unfit
    t.add(op, Number("load", access=t.access(op.args[0], op.ty)))


def _store(t: _Reader, op: Op) -> None:
    if t.store is not None:
        raise _Unfit
    t.store = t.access(op.args[0], op.args[1].op.ty), t.number(op.args[1])


def _place(t: _Reader, op: Op, ty: str) -> int:
    at: int = op.params["offset"] - t.d_offset
    if not 0 <= at < 256 or WIDTHS[ty] != WIDTHS[t.ty]:
        raise _Unfit
    return at


def _get_state(t: _Reader, op: Op) -> None:
    at = _place(t, op, op.ty)
    if at not in t.floats:
        t.floats[at] = len(t.numbers)
        t.numbers.append(Number("stays", at=at))
    t.values[op.index] = t.floats[at]


def _set_state(t: _Reader, op: Op) -> None:
    at = _place(t, op, op.args[0].op.ty)
    t.floats[at] = t.number(op.args[0])
    t.written.add(at)


def _nan_fix(t: _Reader, op: Op) -> None:
    t.values[op.index] = t.number(op.args[2])


def _bitcast(t: _Reader, op: Op) -> None:
    t.values[op.index] = t.number(op.args[0])


_ARMS = {
    "const": _const,
    "get_reg": _get_reg,
    "set_reg": _set_reg,
    "add": _sum,
    "sub": _sum,
    "load": _load,
    "store": _store,
    "get_state": _get_state,
    "set_state": _set_state,
    "nan_fix": _nan_fix,
    "bitcast": _bitcast,
}


def rounds_abreast(loop: Counted, steps: list[Step], offsets: dict[str, int]) -> Rounds | None:
    """What a round of the loop does, if several can be done side by side."""
    if loop.header != loop.latch or loop.step.register is not None:
        return None
    if any(step.predicate is not None for step in steps[:-1]):
        return None
    for ty in _SIZES:
        reader = _Reader(offsets["d"], ty)
        try:
            for step in steps[:-1]:
                for block in step.recording.blocks:
                    reader.follow(hasty_ops(block, offsets["qc"]))
                reader.index += 1
            return _rounds(reader)
        except _Unfit:
            continue
    return None


def _rounds(t: _Reader) -> Rounds | None:
    """The result, if no round needs what another one made."""
    moves: dict[int, int] = {}
    for register, address in t.registers.items():
        if address is not None and address[0] == register:
            moves[register] = address[1]
        elif register in t.read:
            return None
    stay = {number.at for number in t.numbers if number.name == "stays"}
    if t.store is None or stay & t.written or not _made(t.numbers, t.store[1]):
        return None
    found = Rounds(t.ty, t.numbers, *t.store, moves)
    forwards = all(moves.get(access.register) == found.size for access in found.accesses())
    return found if forwards else None


def _made(numbers: list[Number], which: int) -> bool:
    """It was computed, so that it is no signalling NaN."""
    while numbers[which].name in _SIGNS:
        which = numbers[which].operands[0]
    return numbers[which].name in _MAKERS
