"""Arms of floating-point operations: bit patterns in and out, arithmetic by ``ieee.py``."""

from __future__ import annotations

from backends.interp import ieee
from backends.interp.cpu import Cpu, arm, signed, width_of
from xlate.ir import Op
from xlate.ir.block import WIDTHS

_FORMATS = {"f32": ieee.F32, "f64": ieee.F64}


def _format(op: Op) -> ieee.Format:
    return _FORMATS[op.args[0].op.ty]


@arm("fadd")
def _fadd(cpu: Cpu, op: Op, a: int, b: int) -> int:
    return ieee.add(_format(op), cpu.fp, a, b)


@arm("fsub")
def _fsub(cpu: Cpu, op: Op, a: int, b: int) -> int:
    return ieee.sub(_format(op), cpu.fp, a, b)


@arm("fmul")
def _fmul(cpu: Cpu, op: Op, a: int, b: int) -> int:
    return ieee.mul(_format(op), cpu.fp, a, b)


@arm("fdiv")
def _fdiv(cpu: Cpu, op: Op, a: int, b: int) -> int:
    return ieee.div(_format(op), cpu.fp, a, b)


@arm("fsqrt")
def _fsqrt(cpu: Cpu, op: Op, a: int) -> int:
    return ieee.sqrt(_format(op), cpu.fp, a)


@arm("fneg")
def _fneg(cpu: Cpu, op: Op, a: int) -> int:
    return a ^ _format(op).sign_bit


@arm("fabs")
def _fabs(cpu: Cpu, op: Op, a: int) -> int:
    return a & ~_format(op).sign_bit


@arm("nan_fix")
def _nan_fix(cpu: Cpu, op: Op, a: int, b: int, c: int) -> int:
    fmt = _format(op)
    if not ieee.is_nan(fmt, c):
        return c
    if cpu.fp.default_nan:
        return fmt.default_nan
    for operand in (a, b):
        if ieee.is_signalling(fmt, operand):
            return operand | fmt.quiet_bit
    return next((x for x in (a, b) if ieee.is_nan(fmt, x)), fmt.default_nan)


@arm("fma")
def _fma(cpu: Cpu, op: Op, a: int, b: int, c: int) -> int:
    fmt = _format(op)
    a, b, c = (ieee.flushed(fmt, cpu.fp, x) for x in (a, b, c))
    nans = [x for x in (c, a, b) if ieee.is_nan(fmt, x)]
    if not nans:
        return ieee.fma(fmt, cpu.fp, a, b, c)
    loud = [x for x in nans if ieee.is_signalling(fmt, x)]
    nowhere = {x & ~fmt.sign_bit for x in (a, b)} == {0, fmt.infinity}
    cpu.fp.flags |= ieee.IOC if loud or nowhere else 0
    if cpu.fp.default_nan:
        return fmt.default_nan
    return [*loud, *([fmt.default_nan] if nowhere else nans)][0] | fmt.quiet_bit


@arm("fcmp")
def _fcmp(cpu: Cpu, op: Op, a: int, b: int) -> int:
    return ieee.compare(_format(op), cpu.fp, a, b, signal=op.params["signal"])


@arm("fcvt")
def _fcvt(cpu: Cpu, op: Op, a: int) -> int:
    return ieee.convert(_format(op), _FORMATS[op.ty], cpu.fp, a)


@arm("f_to_int")
def _f_to_int(cpu: Cpu, op: Op, a: int) -> int:
    how = ieee.Round.ZERO if op.params["round"] == "zero" else cpu.fp.round
    bits, is_signed = WIDTHS[op.ty], bool(op.params["signed"])
    return ieee.to_integer(_format(op), cpu.fp, a, bits, signed=is_signed, how=how)


@arm("int_to_f")
def _int_to_f(cpu: Cpu, op: Op, a: int) -> int:
    value = signed(a, width_of(op)) if op.params["signed"] else a
    return ieee.from_integer(_FORMATS[op.ty], cpu.fp, value)
