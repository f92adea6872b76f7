"""Runs of floating-point instructions whose NaNs are looked for once, at their end.

Arithmetic on a NaN gives a NaN on both machines, but not always the same one. So a run is lowered
without a look at each result; if a result that can be seen at the end is a NaN, everything that
the run wrote is put back and the run is done again, exactly. A result that went into arithmetic
of the run needs no look of its own: had it been a NaN, so would be what it went into. A run has no
stores, and no value that may be a wrong NaN decides an address or a flag (docs/decisions/0012).

Lanes of Advanced SIMD flush denormals, which the host does not: a run with them is done again also
where one came in or out, as MXCSR tells (docs/decisions/0017).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field

from backends.llvm.haste import hasty_ops, on_lanes
from backends.llvm.liveness import Recording, Step
from backends.llvm.ranges import Plan, Ranges
from xlate.ir import Op
from xlate.ir.block import WIDTHS
from xlate.ir.ops import OPS, Effect

_MAKERS = frozenset({"fadd", "fsub", "fmul", "fdiv", "fsqrt"})
_LANES = frozenset({"add", "sub", "mul"})  # of vf_fix; a comparison gives no number
_VECTORS = frozenset({"v64", "v128"})
_CARRIERS = frozenset({"fneg", "fabs", "fcvt", "bitcast"})  # a NaN stays one
_SINKS = frozenset({"f_to_int", "fcmp"})  # which NaN it is makes no difference to them
# Exceptions; of a part of a NaN, other ones.
_RAISING = _MAKERS | _SINKS | {"fcvt", "fma", "int_to_f"}
_HOST = _RAISING | {"vf", "vf_fma", "vf_from_int", "set_fp_mode"}  # MXCSR is another behind it
_OUTSIDE = frozenset({"get_fp_flags", "set_fp_mode"})
_PATIENCE = 8  # instructions without arithmetic that end a run
_LANES_PATIENCE = 24  # to ask the host what it found costs more


@dataclass(frozen=True)
class Check:
    """A result to look at: where it is behind which instruction, bytes from d0, and its type."""

    index: int
    at: int
    ty: str


@dataclass
class Chain:
    """Instructions first to last - 1; registers and double registers that they write."""

    first: int
    last: int
    registers: frozenset[int]
    doubles: frozenset[int]  # numbers of d registers
    checks: tuple[Check, ...]
    lanes: bool  # there are operations on lanes, that do not know denormals
    plan: Plan | None = None  # how to do it without asking the host, if that is better


class _Leak(Exception):
    """A value that may be a wrong NaN would be seen before the end of the run."""


@dataclass(frozen=True)
class _Suspect:
    """What a value was made of: numbers of results; its type, "" when it is a part or a choice."""

    made: frozenset[int]
    ty: str


@dataclass
class _Run:
    """Results of a run by number, and where they went."""

    d_offset: int
    qc_offset: int
    count: int = 0
    index: int = 0
    places: dict[int, Check] = field(default_factory=dict)
    into: dict[int, set[int]] = field(default_factory=dict)
    parted: set[int] = field(default_factory=set)  # seen by something else than arithmetic
    doubles: dict[tuple[int, int], _Suspect] = field(default_factory=dict)  # by offset, size
    tainted: set[int] = field(default_factory=set)  # general registers
    registers: set[int] = field(default_factory=set)
    written: set[int] = field(default_factory=set)
    fixes: int = 0  # operations on lanes of this instruction
    ranges: Ranges = field(init=False)

    def __post_init__(self) -> None:
        self.ranges = Ranges(self.d_offset)

    def checks(self) -> tuple[Check, ...]:
        """Results that must be looked at now."""
        visible = set(self.parted)
        for suspect in self.doubles.values():
            visible |= suspect.made
        covered: set[int] = set()
        found = []
        for number in range(self.count - 1, -1, -1):
            if self.into.get(number, set()) & covered:
                covered.add(number)
            elif number in visible:
                covered.add(number)
                found.append(self.places[number])
        return tuple(sorted(set(found), key=lambda check: (check.index, check.at)))

    def follow(self, recording: Recording) -> None:
        """Follow the values of one instruction; raises _Leak where it cannot be in the run."""
        self.fixes = 0
        blocks = _hasty(recording, self.qc_offset)
        self.ranges.begin(self.index, [op for ops in blocks for op in ops])
        for ops in blocks:
            values: dict[int, _Suspect] = {}
            for op in ops:
                if suspect := self._effect(op, values):
                    values[op.index] = suspect
        self.index += 1

    def _effect(self, op: Op, values: dict[int, _Suspect]) -> _Suspect | None:
        args = [values[a.op.index] for a in op.args if a.op.index in values]
        if op.name == "get_state":
            return self._read(op.params["offset"] - self.d_offset, op.ty)
        if op.name == "set_state":
            self._write(op, args[0] if args else None)
        elif op.name == "get_reg":
            if op.params["reg"] in self.tainted:
                raise _Leak
        elif op.name == "set_reg":
            self._write_register(op, args)
        elif op.name in ("load", "set_flag"):
            if args:
                raise _Leak
        elif op.name == "nan_fix":
            return values[op.args[2].op.index]
        elif op.name == "vf_fix":
            return self._on_lanes(op, values, args)
        else:
            return self._compute(op, args)
        return None

    def _on_lanes(
        self, op: Op, values: dict[int, _Suspect], args: list[_Suspect]
    ) -> _Suspect | None:
        self.fixes += 1
        if op.params["op"] not in _LANES:
            self.ranges.good = False
            return None
        suspects = [values.get(arg.op.index) for arg in op.args[1:]]
        whole = [min(s.made) if s is not None and s.ty == op.ty else None for s in suspects]
        found = self._make(op, args)
        self.ranges.make((self.index, self.fixes - 1), op, whole, min(found.made))
        return found

    def _compute(self, op: Op, args: list[_Suspect]) -> _Suspect | None:
        self.ranges.good &= op.name not in _HOST
        if op.name in _RAISING and not all(suspect.ty for suspect in args):
            raise _Leak
        if op.name in _MAKERS:
            return self._make(op, args)
        return self._pass(op, args) if args and op.name not in _SINKS else None

    def _make(self, op: Op, args: list[_Suspect]) -> _Suspect:
        number = self.count
        self.count += 1
        for suspect in args:
            for source in suspect.made if suspect.ty else ():  # of a part, the rest went nowhere
                self.into.setdefault(source, set()).add(number)
        return _Suspect(frozenset({number}), op.ty)

    def _pass(self, op: Op, args: list[_Suspect]) -> _Suspect:
        whole = op.name in _CARRIERS and args[0].ty
        if whole:
            return _Suspect(args[0].made, op.ty if op.name == "fcvt" else args[0].ty)
        made = frozenset(number for suspect in args for number in suspect.made)
        self._part(made)
        return _Suspect(made, "")

    def _part(self, made: frozenset[int]) -> None:
        """Something else than arithmetic uses them: they must have a place to look at."""
        if not self.places.keys() >= made:
            raise _Leak
        self.parted |= made

    def _write_register(self, op: Op, args: list[_Suspect]) -> None:
        self.registers.add(op.params["reg"])
        self.tainted.discard(op.params["reg"])
        if args:
            self._part(args[0].made)
            self.tainted.add(op.params["reg"])

    def _read(self, at: int, ty: str) -> _Suspect | None:
        size = WIDTHS[ty] // 8
        exact = self.doubles.get((at, size))
        if exact is not None and (ty in _VECTORS) == (exact.ty in _VECTORS):
            return exact
        made = {n for (a, s), v in self.doubles.items() if a < at + size and at < a + s
                for n in v.made}  # fmt: skip
        if not made:
            return None
        self._part(frozenset(made))
        return _Suspect(frozenset(made), "")

    def _write(self, op: Op, suspect: _Suspect | None) -> None:
        at, size = op.params["offset"] - self.d_offset, WIDTHS[op.args[0].ty] // 8
        self.written.update(range(at // 8, (at + size + 7) // 8))
        for (start, length), old in list(self.doubles.items()):
            if start < at + size and at < start + length:
                partly = start < at or start + length > at + size
                if partly or (old.ty in _VECTORS and not old.made & self.into.keys()):
                    # Of lanes nobody used, too: a NaN hides from MXCSR a denormal beside it.
                    self._part(old.made)
                del self.doubles[start, length]
        if suspect is not None:
            self.doubles[at, size] = suspect
            if suspect.ty and WIDTHS[suspect.ty] // 8 == size:
                for number in suspect.made:
                    self.places.setdefault(number, Check(self.index, at, suspect.ty))
            else:
                self._part(suspect.made)


def chains(steps: list[Step], first: int, last: int, offsets: dict[str, int]) -> Iterator[Chain]:
    """The runs worth it in steps first to last - 1, which are executed unconditionally."""
    index = first
    while index < last:
        chain = _follow(steps, index, last, offsets) if makes(steps[index].recording) else None
        yield from () if chain is None else (chain,)
        index = index + 1 if chain is None else chain.last


@functools.lru_cache(maxsize=1 << 17)
def makes(recording: Recording) -> int:
    """How many results of an instruction may be a wrong NaN; those of lanes count twice."""
    worth = {"nan_fix": 1, "vf_fix": 2}
    return sum(worth.get(op.name, 0) for block in recording.blocks for op in block)


@functools.lru_cache(maxsize=1 << 17)
def has_lanes(recording: Recording) -> bool:
    """Whether an instruction calculates on lanes."""
    return on_lanes(recording.blocks)


@functools.lru_cache(maxsize=1 << 17)
def _hasty(recording: Recording, qc_offset: int) -> tuple[tuple[Op, ...], ...]:
    """The operations that matter in haste, by block: runs are looked for at every instruction."""
    return tuple(hasty_ops(block, qc_offset) for block in recording.blocks)


@functools.lru_cache(maxsize=1 << 17)
def raises(recording: Recording) -> bool:
    """Whether an instruction may raise exceptions of the host's, or set them."""
    return any(op.name in _HOST for block in recording.blocks for op in block)


def _follow(steps: list[Step], first: int, last: int, offsets: dict[str, int]) -> Chain | None:
    """The longest run from ``first`` that ends with an operation; None for one alone."""
    best: Chain | None = None
    run = _Run(offsets["d"], offsets["qc"], index=first)
    count, lanes = 0, False
    for index in range(first, last):
        recording = steps[index].recording
        if recording.flow.kind != "next" or not _allowed(recording, run):
            break
        if best and index - best.last >= (_LANES_PATIENCE if lanes else _PATIENCE):
            break
        try:
            run.follow(recording)
        except _Leak:
            break
        if made := makes(recording):
            count += made
            lanes |= has_lanes(recording)
            registers, doubles = frozenset(run.registers), frozenset(run.written)
            plan = run.ranges.plan() if lanes else None
            best = Chain(first, index + 1, registers, doubles, run.checks(), lanes, plan)
    return best if count > 1 else None


def _allowed(recording: Recording, run: _Run) -> bool:
    for ops in _hasty(recording, run.qc_offset):
        for op in ops:
            if op.name in ("get_state", "set_state"):
                if not 0 <= op.params["offset"] - run.d_offset < 256:
                    return False
            elif op.name in _OUTSIDE or OPS[op.name].effect in (Effect.WRITE_MEMORY, Effect.EXIT):
                return False
    return True
