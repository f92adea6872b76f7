"""Which loops of floating point do several rounds side by side, and what a round of them does.

That is a loop of one block whose rounds are certain (``loops.py``). Of scalars no number comes from
the round before: every register is loaded or computed before it is used, or stays. They go into
the host's lanes (``side.py``): loads and the one store move by one number a round. What is in lanes
already (Q registers of singles) stays so, and many rounds are looked at together (``rows.py``);
there may be sums that go on from round to round, any number of stores behind all loads, or none.
Lanes round as scalars do and raise the same exceptions, so what remains is the order of accesses:
whoever writes the code makes sure that no load reads what an earlier round of the group stores, and
that no access of a group that stores lies in two pages, so that its first round faults if any of it
does. Other registers need no values in the end, because the last rounds are always done one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from backends.llvm.haste import hasty_ops
from backends.llvm.liveness import Step
from backends.llvm.loops import Counted
from xlate.ir import Op, Value
from xlate.ir.block import WIDTHS
from xlate.ir.ops import OPS, Effect

_MAKERS = frozenset({"fadd", "fsub", "fmul", "fdiv", "fsqrt"})
_SIGNS = frozenset({"fneg", "fabs"})
_LANES = {"add": "fadd", "sub": "fsub", "mul": "fmul"}  # of vf_fix
_VECTOR = 16  # bytes
_SIZES = {"f32": 4, "f64": 8, "v128": _VECTOR}
_SP = 13
_LONGEST = 256  # bytes from one round to the next, of Q registers
_MOST = 40  # numbers of a round of them


@dataclass(frozen=True)
class Access:
    """A load or the store: instruction, register and how far from its value in the first round."""

    index: int
    register: int
    offset: int


@dataclass(frozen=True)
class Number:
    """A floating-point value of one round, by name of what makes it.

    ``load`` has an access, ``stays`` an offset from d0, and so have ``carried``, which a round
    hands to the next, and ``spread``, a lane that stays and is in all lanes; the others have
    operands among the values.
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
    stores: list[tuple[Access, int]]  # and the number that is stored
    moves: dict[int, int]  # registers by what a round adds
    step: int  # bytes by which all accesses move in a round
    carried: dict[int, int] = field(default_factory=dict)  # register, by offset: its new number

    @property
    def in_lanes(self) -> bool:
        """A round has vectors itself."""
        return self.ty == "v128"

    @property
    def lanes(self) -> int:
        """Rounds in a vector."""
        return _VECTOR // _SIZES[self.ty]

    @property
    def size(self) -> int:
        """Bytes of an access."""
        return _SIZES[self.ty]

    def loads(self) -> Iterator[Access]:
        """All that a round reads."""
        yield from (n.access for n in self.numbers if n.access is not None)

    def accesses(self) -> Iterator[Access]:
        """All that a round reads, then what it writes."""
        yield from self.loads()
        yield from (access for access, _ in self.stores)


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
    written: set[int] = field(default_factory=set)  # words from d0 that are not as they were
    stay: set[int] = field(default_factory=set)  # words that were read as they were
    spread: set[int] = field(default_factory=set)  # and those of which a lane was
    stores: list[tuple[Access, int]] = field(default_factory=list)
    index: int = 0

    def follow(self, ops: Iterable[Op]) -> None:
        """One instruction's operations."""
        self.values: dict[int, int] = {}
        self.words: dict[int, int] = {}  # single words of registers, by bytes from d0
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
    if t.stores:
        raise _Unfit
    t.add(op, Number("load", access=t.access(op.args[0], op.ty)))


def _store(t: _Reader, op: Op) -> None:
    if t.stores and t.ty != "v128":
        raise _Unfit
    t.stores.append((t.access(op.args[0], op.args[1].op.ty), t.number(op.args[1])))


def _place(t: _Reader, op: Op, width: int) -> int:
    at: int = op.params["offset"] - t.d_offset
    if not 0 <= at < 256 or at % (width // 8):
        raise _Unfit
    return at


def _words(at: int, width: int) -> set[int]:
    return set(range(at // 4, (at + width // 8) // 4))


def _get_state(t: _Reader, op: Op) -> None:
    width = WIDTHS[op.ty]
    at = _place(t, op, width)
    if op.ty == "i32" and t.ty == "v128":
        t.words[op.index] = at
        return
    if width != WIDTHS[t.ty]:
        raise _Unfit
    if at not in t.floats:
        t.floats[at] = len(t.numbers)
        t.numbers.append(Number("stays", at=at))
        t.stay |= _words(at, width)
    t.values[op.index] = t.floats[at]


def _set_state(t: _Reader, op: Op) -> None:
    width = WIDTHS[op.args[0].op.ty]
    at = _place(t, op, width)
    if width != WIDTHS[t.ty]:
        raise _Unfit
    t.floats[at] = t.number(op.args[0])
    t.written |= _words(at, width)


def _splat(t: _Reader, op: Op) -> None:
    at = t.words.get(op.args[0].op.index)
    if at is None or op.params["lane"] != 32 or op.ty != "v128":
        raise _Unfit
    t.spread |= _words(at, 32)
    t.add(op, Number("spread", at=at))


def _vf_fix(t: _Reader, op: Op) -> None:
    if op.ty != t.ty or op.params["op"] not in _LANES:
        raise _Unfit
    operands = tuple(t.number(arg) for arg in op.args[1:])
    t.add(op, Number(_LANES[op.params["op"]], operands))


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
    "splat": _splat,
    "vf_fix": _vf_fix,
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
    """The result, if no round needs what another one made, but for sums in lanes."""
    moves: dict[int, int] = {}
    for register, address in t.registers.items():
        if address is not None and address[0] == register:
            moves[register] = address[1]
        elif register in t.read:
            return None
    carried = _carried(t)
    if not (t.stores or carried) or (t.stay | t.spread) & t.written:
        return None
    found = Rounds(t.ty, t.numbers, t.stores, moves, 0, carried)
    steps = {moves.get(access.register, 0) for access in found.accesses()}
    if len(steps) != 1:
        return None
    found.step = steps.pop()
    return found if _fits(found) and _made(found) else None


def _carried(t: _Reader) -> dict[int, int]:
    """Registers in lanes that are used as the round before left them."""
    found: dict[int, int] = {}
    if t.ty != "v128":
        return found
    for index, number in enumerate(t.numbers):
        words = _words(number.at, WIDTHS[t.ty])
        if number.name == "stays" and words <= t.written:
            t.numbers[index] = replace(number, name="carried")
            t.stay -= words
            found[number.at] = t.floats[number.at]
    return found


def _fits(rounds: Rounds) -> bool:
    """Whether it moves as it should: a number, or vectors not too far apart."""
    if not rounds.in_lanes:
        return rounds.step == _SIZES[rounds.ty]
    return _VECTOR <= rounds.step <= _LONGEST and len(rounds.numbers) <= _MOST


def _made(rounds: Rounds) -> bool:
    """What is stored or handed on was computed, so that it is no signalling NaN.

    Of lanes also: all that was computed goes into one of those, since they are looked at.
    """
    work = [number for _, number in rounds.stores] + list(rounds.carried.values())
    for which in work:
        number = which
        while rounds.numbers[number].name in _SIGNS:
            number = rounds.numbers[number].operands[0]
        if rounds.numbers[number].name not in _MAKERS:
            return False
    seen: set[int] = set()
    while work:
        seen.add(number := work.pop())
        work += rounds.numbers[number].operands
    return not rounds.in_lanes or len(seen) == len(rounds.numbers)
