"""Runs of floating-point instructions whose NaNs are looked for once, at their end.

Arithmetic on a NaN gives a NaN on both machines, but not always the same one. So a run is lowered
without a look at each result; if one of the registers it leaves is a NaN at the end, the registers
are put back and the run is done again, exactly. A run has no stores and no flags, and no value
that may be a wrong NaN leaves the floating-point registers inside it (docs/decisions/0012).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from backends.llvm.liveness import Recording, Step
from xlate.ir import Op
from xlate.ir.block import WIDTHS
from xlate.ir.ops import OPS, Effect

_MAKERS = frozenset({"fadd", "fsub", "fmul", "fdiv", "fsqrt", "nan_fix"})
_CARRIERS = frozenset({"fneg", "fabs", "fcvt", "select", "bitcast"})
_SINKS = frozenset({"f_to_int", "fcmp"})  # which NaN it is makes no difference to them
_OUTSIDE = frozenset({"get_flag", "set_flag", "get_fp_flags", "set_fp_mode"})


@dataclass
class Chain:
    """Instructions first to last - 1; general registers and double registers that they write."""

    first: int
    last: int
    registers: set[int] = field(default_factory=set)
    doubles: set[int] = field(default_factory=set)  # numbers of d registers
    suspects: dict[int, str] = field(default_factory=dict)  # offset among d registers: type


class _Leak(Exception):
    """A value that may be a wrong NaN would be seen."""


def chains(steps: list[Step], first: int, last: int, d_offset: int) -> Iterator[Chain]:
    """The runs worth it in steps first to last - 1, which are executed unconditionally."""
    index = first
    while index < last:
        if not _makes(steps[index].recording):
            index += 1
            continue
        chain = _follow(steps, index, last, d_offset)
        if chain is None:
            index += 1
        else:
            yield chain
            index = chain.last


def _makes(recording: Recording) -> int:
    return sum(op.name == "nan_fix" for block in recording.blocks for op in block)


def _follow(steps: list[Step], first: int, last: int, d_offset: int) -> Chain | None:
    """The longest run from ``first`` that ends with an operation; None for one alone."""
    best: Chain | None = None
    chain = Chain(first, first)
    count = 0
    for index in range(first, last):
        recording = steps[index].recording
        if recording.flow.kind != "next" or not _allowed(recording, d_offset):
            break
        try:
            _track(recording, chain, d_offset)
        except _Leak:
            break
        chain.last = index + 1
        if made := _makes(recording):
            count += made
            best = Chain(
                first, index + 1, set(chain.registers), set(chain.doubles), dict(chain.suspects)
            )
    return best if count > 1 else None


def _allowed(recording: Recording, d_offset: int) -> bool:
    for block in recording.blocks:
        for op in block:
            if op.name in ("get_state", "set_state"):
                if not 0 <= op.params["offset"] - d_offset < 256:
                    return False
            elif op.name in _OUTSIDE or OPS[op.name].effect in (Effect.WRITE_MEMORY, Effect.EXIT):
                return False
    return True


def _track(recording: Recording, chain: Chain, d_offset: int) -> None:
    """Follow the values of one instruction; raises _Leak before anything of it counts."""
    suspects = dict(chain.suspects)
    doubles: set[int] = set()
    registers: set[int] = set()
    for block in recording.blocks:
        tainted: dict[int, str] = {}
        for op in block:
            kind = _kind(op, tainted, suspects, d_offset)
            if op.name == "set_reg":
                if kind:
                    raise _Leak
                registers.add(op.params["reg"])
            elif op.name == "set_state":
                at = op.params["offset"] - d_offset
                size = WIDTHS[op.args[0].ty] // 8
                doubles.update(range(at // 8, (at + size + 7) // 8))
                _forget(suspects, at, size)
                if kind:
                    suspects[at] = kind
            elif kind:
                tainted[op.index] = kind
    chain.suspects = suspects
    chain.doubles |= doubles
    chain.registers |= registers


def _kind(op: Op, tainted: dict[int, str], suspects: dict[int, str], d_offset: int) -> str:
    """Type as which the result may be a wrong NaN, "" for none."""
    if op.name == "get_state":
        at, size = op.params["offset"] - d_offset, WIDTHS[op.ty] // 8
        exact = suspects.get(at, "")
        if exact and WIDTHS[exact] // 8 == size:
            return exact
        if any(at < a + WIDTHS[t] // 8 and a < at + size for a, t in suspects.items()):
            raise _Leak
        return ""
    kinds = {tainted[a.op.index] for a in op.args if a.op.index in tainted}
    if op.name in _MAKERS:
        return op.ty
    if not kinds or op.name in _SINKS:
        return ""
    if op.name == "fcvt":
        return op.ty
    if op.name in _CARRIERS or op.name in ("set_state", "set_reg"):
        return kinds.pop()
    raise _Leak


def _forget(suspects: dict[int, str], at: int, size: int) -> None:
    """What is written over is no suspect any more; a half of one cannot be told apart."""
    for start, ty in list(suspects.items()):
        end = start + WIDTHS[ty] // 8
        if start < at + size and at < end:
            if start < at or end > at + size:
                raise _Leak
            del suspects[start]
