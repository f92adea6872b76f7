"""Advanced SIMD: two registers and a shift amount.

L:imm6 holds lane width and amount together: 0001xxx a byte and 3 bits, ..., 1xxxxxx a doubleword and 6
bits; a row is registered for each width. Right shifts count down from the lane width.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from frontends.arm32.fp_shared import neon_row
from frontends.arm32.machine import Arm32
from frontends.arm32.neon_narrow import limited
from frontends.arm32.neon_saturate import saturating_left
from frontends.arm32.neon_shared import ALL, SMALL, Vec, check_quad, vector, vector_offset
from frontends.arm32.neon_three_different import widened
from xlate.ir import Value
from xlate.isa import Imm, Reg

# lane width: bits 21-16 and bit 7
AMOUNT = {8: ("001 imm:3", "0"), 16: ("01 imm:4", "0"), 32: ("1 imm:5", "0"), 64: ("imm:6", "1")}

Shift = Callable[[Vec, Any], Value]
_Decorator = Callable[[Shift], Shift]


def shift_same(u: str, code: str, *, manual: str) -> _Decorator:
    """Rows of one length; the function gets the operands and the raw imm (amount or width - amount)."""

    def register(fn: Shift) -> Shift:
        for lane in ALL:
            _register_same(fn, u, code, manual, lane)
        return fn

    return register


def _register_same(fn: Shift, u: str, code: str, manual: str, lane: int) -> None:
    def row(m: Arm32, D: Imm, imm: Imm, Vd: Reg, Q: int, M: Imm, Vm: Reg, U: int = 1) -> None:
        check_quad(m, Q, Vd | Vm)
        v = vector(m, Q, lane, U, d=vector_offset(Vd, D), m_=vector_offset(Vm, M))
        v.write("d", fn(v, imm))

    row.__doc__ = fn.__doc__
    amount, bit7 = AMOUNT[lane]
    tail = f"1 D:1 {amount} Vd:4 {code} {bit7} Q:1 M:1 1 Vm:4"
    neon_row(u, tail, manual=manual, name=f"{fn.__name__}_{lane}")(row)


@shift_same("U:1", "0000", manual="VSHR")
def vshr(v: Vec, imm: Any) -> Value:
    """Vd := Vm >> amount."""
    return v.shift_right(v.m, v.lane - imm)


@shift_same("U:1", "0001", manual="VSRA")
def vsra(v: Vec, imm: Any) -> Value:
    """Vd := Vd + (Vm >> amount)."""
    return v.op("add", v.d, v.shift_right(v.m, v.lane - imm))


@shift_same("U:1", "0010", manual="VRSHR")
def vrshr(v: Vec, imm: Any) -> Value:
    """Vd := Vm >> amount, rounded."""
    return v.rounded_shift_right(v.m, v.lane - imm)


@shift_same("U:1", "0011", manual="VRSRA")
def vrsra(v: Vec, imm: Any) -> Value:
    """Vd := Vd + (Vm >> amount, rounded)."""
    return v.op("add", v.d, v.rounded_shift_right(v.m, v.lane - imm))


@shift_same("1", "0100", manual="VSRI")
def vsri(v: Vec, imm: Any) -> Value:
    """Vd := Vm >> amount, the bits above from Vd."""
    amount = v.lane - imm
    kept = v.invert(v.shift_right(v.splat((1 << v.lane) - 1), amount))
    return v.op("or", v.shift_right(v.m, amount), v.op("and", v.d, kept))


@shift_same("0", "0101", manual="VSHL (immediate)")
def vshl(v: Vec, imm: Any) -> Value:
    """Vd := Vm << amount."""
    return v.shift("shl", v.m, imm)


@shift_same("1", "0101", manual="VSLI")
def vsli(v: Vec, imm: Any) -> Value:
    """Vd := Vm << amount, the bits below from Vd."""
    kept = v.invert(v.shift("shl", v.splat((1 << v.lane) - 1), imm))
    return v.op("or", v.shift("shl", v.m, imm), v.op("and", v.d, kept))


@shift_same("U:1", "0111", manual="VQSHL, VQSHLU (immediate)")
def vqshl_immediate(v: Vec, imm: Any) -> Value:
    """Vd := Vm << amount, saturated."""
    return saturating_left(v, v.m, lambda op, a: v.shift(op, a, imm))


@shift_same("1", "0110", manual="VQSHL, VQSHLU (immediate)")
def vqshlu(v: Vec, imm: Any) -> Value:
    """Vd := signed Vm << amount, saturated to unsigned: 0 when negative."""
    positive = v.op("smax", v.m, v.splat(0))
    v.saturated(positive, v.m)
    return saturating_left(v, positive, lambda op, a: v.shift(op, a, imm))


# --- narrowing and widening -----------------------------------------------------------------------


def _narrowing(u: str, code: str, *, manual: str, signed: bool = False) -> _Decorator:
    """Rows from quadword to doubleword lanes; ``code`` is bits 11-8 and 6, U the sign otherwise."""

    def register(fn: Shift) -> Shift:
        for lane in SMALL:
            _register_narrowing(fn, u, code, manual, lane, 1 - signed)
        return fn

    return register


def _register_narrowing(
    fn: Shift, u: str, code: str, manual: str, lane: int, unsigned: int
) -> None:
    def row(m: Arm32, D: Imm, imm: Imm, Vd: Reg, M: Imm, Vm: Reg, U: int = unsigned) -> None:
        check_quad(m, 1, Vm)
        wide = vector(m, 1, 2 * lane, U, d=vector_offset(Vd, D), m_=vector_offset(Vm, M))
        shifted = fn(wide, lane - imm)
        wide.write("d", m.block.op("narrow", shifted, ty="v64", lane=wide.lane))

    row.__doc__ = fn.__doc__
    high, low = code.split()
    tail = f"1 D:1 {AMOUNT[lane][0]} Vd:4 {high} 0 {low} M:1 1 Vm:4"
    neon_row(u, tail, manual=manual, name=f"{fn.__name__}_{lane}")(row)


@_narrowing("0", "1000 0", manual="VSHRN")
def vshrn(wide: Vec, amount: Any) -> Value:
    """Dd := low half of Qm >> amount."""
    return wide.shift("lshr", wide.m, amount)


@_narrowing("0", "1000 1", manual="VRSHRN")
def vrshrn(wide: Vec, amount: Any) -> Value:
    """Dd := low half of Qm >> amount, rounded."""
    return wide.rounded_shift_right(wide.m, amount)


@_narrowing("U:1", "1001 0", manual="VQSHRN, VQSHRUN")
def vqshrn(wide: Vec, amount: Any) -> Value:
    """Dd := Qm >> amount, saturated."""
    return limited(wide, wide.shift_right(wide.m, amount), unsigned=wide.unsigned)


@_narrowing("U:1", "1001 1", manual="VQRSHRN, VQRSHRUN")
def vqrshrn(wide: Vec, amount: Any) -> Value:
    """Dd := Qm >> amount, rounded and saturated."""
    return limited(wide, wide.rounded_shift_right(wide.m, amount), unsigned=wide.unsigned)


@_narrowing("1", "1000 0", manual="VQSHRN, VQSHRUN", signed=True)
def vqshrun(wide: Vec, amount: Any) -> Value:
    """Dd := signed Qm >> amount, saturated to unsigned."""
    return limited(wide, wide.shift_right(wide.m, amount), unsigned=1)


@_narrowing("1", "1000 1", manual="VQRSHRN, VQRSHRUN", signed=True)
def vqrshrun(wide: Vec, amount: Any) -> Value:
    """Dd := signed Qm >> amount, rounded and saturated to unsigned."""
    return limited(wide, wide.rounded_shift_right(wide.m, amount), unsigned=1)


def _register_widening(lane: int) -> None:
    def vshll(m: Arm32, U: int, D: Imm, imm: Imm, Vd: Reg, M: Imm, Vm: Reg) -> None:
        """Qd := Dm widened << amount (VMOVL when 0)."""
        check_quad(m, 1, Vd)
        narrow = Vec(m, "v64", lane, unsigned=U)
        wide = Vec(m, "v128", 2 * lane)
        source = m.get_state(vector_offset(Vm, M), "v64")
        value = wide.shift("shl", widened(narrow, source), imm)
        m.set_state(vector_offset(Vd, D), value)

    tail = f"1 D:1 {AMOUNT[lane][0]} Vd:4 1010 0 0 M:1 1 Vm:4"
    neon_row("U:1", tail, manual="VSHLL; VMOVL", name=f"vshll_{lane}")(vshll)


for _lane in SMALL:
    _register_widening(_lane)
