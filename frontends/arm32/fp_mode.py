"""FPSCR.FZ and FPSCR.DN for operations that are done on bits, without the host's arithmetic.

With FZ a denormal operand is a zero with its sign, which IDC tells; with DN a NaN that comes out is
the default one. Operations of the IR that are arithmetic heed both by themselves.
"""

from __future__ import annotations

from frontends.arm32.machine import OFFSET, Arm32
from xlate.ir import Value

FZ, DN, IDC = 1 << 24, 1 << 25, 1 << 7
_INFINITY = {32: 0x7F800000, 64: 0x7FF0000000000000}


def _set(m: Arm32, bit: int) -> Value:
    return (m.get_state(OFFSET["fpscr"], "i32") & bit).ne(0)


def default_nans(m: Arm32) -> Value:
    """i1: every NaN that comes out is the default one."""
    return _set(m, DN)


def flushed(m: Arm32, bits: Value) -> tuple[Value, Value]:
    """Bits of a single or double as an operand, and flags (i32)."""
    width = 64 if bits.ty == "i64" else 32
    infinity, sign = _INFINITY[width], 1 << (width - 1)
    denormal = (bits & infinity).eq(0) & (bits & (sign - 1)).ne(0) & _set(m, FZ)
    value = m.select(denormal, bits & sign, bits)
    return value, m.select(denormal, m.const(IDC), m.const(0))
