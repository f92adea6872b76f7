"""Arms of single precision in lanes: to nearest, with the thread's cumulative exceptions."""

from __future__ import annotations

from backends.interp import ieee
from backends.interp.cpu import Cpu, arm, signed, width_of
from backends.interp.ieee import F32, F64, FloatMode, Round
from backends.interp.lanes import join, split
from xlate.ir import Op

_LEAST_NORMAL = 0x00800000


def _product(mode: FloatMode, a: int, b: int) -> int:
    """Double precision holds it exactly, so it says what is below the least normal number."""
    quiet = FloatMode()
    wide = ieee.mul(F64, quiet, *(ieee.convert(F32, F64, quiet, x) for x in (a, b)))
    magnitude = wide & ~F64.sign_bit
    if 0 < magnitude < ieee.convert(F32, F64, quiet, _LEAST_NORMAL):
        return (a ^ b) & F32.sign_bit | 1
    return ieee.mul(F32, mode, a, b)


def _compared(mode: FloatMode, op: str, a: int, b: int) -> int:
    order = ieee.compare(F32, mode, a, b, signal=op != "eq")
    return -int(order in {"eq": (1,), "ge": (1, 2), "gt": (2,)}[op])


def _one(mode: FloatMode, op: str, a: int, b: int) -> int:
    if op == "mul":
        return _product(mode, a, b)
    if op in ("add", "sub"):
        return (ieee.add if op == "add" else ieee.sub)(F32, mode, a, b)
    return _compared(mode, op, a, b)


@arm("vf")
def _vf(cpu: Cpu, op: Op, a: int, b: int) -> int:
    mode = FloatMode(Round.NEAREST, cpu.fp.flags)
    pairs = zip(split(a, width_of(op), 32), split(b, width_of(op), 32), strict=True)
    value = join([_one(mode, op.params["op"], x, y) for x, y in pairs], 32)
    cpu.fp.flags = mode.flags
    return value


def _fused(mode: FloatMode, a: int, b: int, c: int) -> int:
    if not any(ieee.is_nan(F32, x) for x in (a, b, c)):
        return ieee.fma(F32, mode, a, b, c, mark=True)
    loud = any(ieee.is_signalling(F32, x) for x in (a, b, c))
    nowhere = {x & ~F32.sign_bit for x in (a, b)} == {0, F32.infinity}
    mode.flags |= ieee.IOC if loud or nowhere else 0
    return F32.default_nan


@arm("vf_fma")
def _vf_fma(cpu: Cpu, op: Op, a: int, b: int, c: int) -> int:
    mode = FloatMode(Round.NEAREST, cpu.fp.flags)
    lanes = zip(*(split(x, width_of(op), 32) for x in (a, b, c)), strict=True)
    value = join([_fused(mode, *three) for three in lanes], 32)
    cpu.fp.flags = mode.flags
    return value


@arm("vf_from_int")
def _vf_from_int(cpu: Cpu, op: Op, a: int, b: int) -> int:
    mode = FloatMode(Round.NEAREST, cpu.fp.flags)
    numbers = [signed(x, 32) if op.params["signed"] else x for x in split(a, width_of(op), 32)]
    scaled = [ieee.mul(F64, mode, ieee.from_integer(F64, mode, x), b) for x in numbers]
    value = join([ieee.convert(F64, F32, mode, x) for x in scaled], 32)
    cpu.fp.flags = mode.flags
    return value


@arm("vf_fix")
def _vf_fix(cpu: Cpu, op: Op, exact: int, a: int, b: int) -> int:
    return exact
