"""Advanced SIMD: two registers and a shift amount.

L:imm6 holds lane width and amount together: 0001xxx a byte and 3 bits, ..., 1xxxxxx a doubleword and 6
bits; a row is registered for each width. Right shifts count down from the lane width.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from frontends.arm32.fp_shared import neon_row
from frontends.arm32.machine import Arm32
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


# --- narrowing and widening -----------------------------------------------------------------------


def _narrowing(low: str, *, manual: str) -> _Decorator:
    """Rows from quadword to doubleword lanes; bits 7-4 are ``low`` with M."""

    def register(fn: Shift) -> Shift:
        for lane in SMALL:
            _register_narrowing(fn, low, manual, lane)
        return fn

    return register


def _register_narrowing(fn: Shift, low: str, manual: str, lane: int) -> None:
    def row(m: Arm32, D: Imm, imm: Imm, Vd: Reg, M: Imm, Vm: Reg) -> None:
        check_quad(m, 1, Vm)
        wide = vector(m, 1, 2 * lane, 1, d=vector_offset(Vd, D), m_=vector_offset(Vm, M))
        shifted = fn(wide, lane - imm)
        wide.write("d", m.block.op("narrow", shifted, ty="v64", lane=wide.lane))

    row.__doc__ = fn.__doc__
    tail = f"1 D:1 {AMOUNT[lane][0]} Vd:4 1000 0 {low} M:1 1 Vm:4"
    neon_row("0", tail, manual=manual, name=f"{fn.__name__}_{lane}")(row)


@_narrowing("0", manual="VSHRN")
def vshrn(wide: Vec, amount: Any) -> Value:
    """Dd := low half of Qm >> amount."""
    return wide.shift("lshr", wide.m, amount)


@_narrowing("1", manual="VRSHRN")
def vrshrn(wide: Vec, amount: Any) -> Value:
    """Dd := low half of Qm >> amount, rounded."""
    return wide.rounded_shift_right(wide.m, amount)


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


# --- refused --------------------------------------------------------------------------------------


def _refuse_same(name: str, u: str, code: str) -> None:
    def fn(v: Vec, imm: Any) -> Value:
        """Vd := what issue 5 brings."""
        v.refuse("saturation")
        return v.d

    fn.__name__ = name
    shift_same(u, code, manual="VQSHL, VQSHLU (immediate)")(fn)


_refuse_same("vqshlu", "1", "0110")
_refuse_same("vqshl_immediate", "U:1", "0111")


def _refuse_narrowing(name: str, u: str, code: str, bit6: str) -> None:
    def row(m: Arm32, imm: Imm, Vm: Reg) -> None:
        """Dd := what issue 5 brings."""
        check_quad(m, 1, Vm)
        m.unimplemented("Advanced SIMD saturation: issue 5")

    for lane in SMALL:
        tail = f"1 x {AMOUNT[lane][0]} xxxx {code} 0 {bit6} x 1 Vm:4"
        neon_row(u, tail, manual="VQSHRN; VQRSHRN", name=f"{name}_{lane}")(row)


_refuse_narrowing("vqshrun", "1", "1000", "0")
_refuse_narrowing("vqrshrun", "1", "1000", "1")
_refuse_narrowing("vqshrn", "x", "1001", "0")
_refuse_narrowing("vqrshrn", "x", "1001", "1")


@neon_row(
    "x",
    "1 x 1 xxxxx Vd:4 111x 0 Q:1 x 1 Vm:4",
    manual="VCVT (between floating-point and fixed-point, Advanced SIMD)",
)
def vcvt_fixed_f32(m: Arm32, Vd: Reg, Q: int, Vm: Reg) -> None:
    """Vd := fixed point of Vm or back."""
    check_quad(m, Q, Vd | Vm)
    m.unimplemented("Advanced SIMD floating point: issue 5")
