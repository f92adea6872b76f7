"""Advanced SIMD: three registers of different lengths, and two registers and a scalar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from frontends.arm32.fp_shared import VECTOR, d_offset, neon_row
from frontends.arm32.machine import Arm32
from frontends.arm32.neon_float import vmla_f32, vmls_f32, vmul_f32
from frontends.arm32.neon_saturate import HALVES, both_least, carryless, doubling_high
from frontends.arm32.neon_shared import SMALL, Vec, VecFn, check_quad, vector_offset
from xlate.ir import Value
from xlate.isa import Imm, Reg

SIZES = {8: "00", 16: "01", 32: "10"}  # 11 is another family

Long = Callable[[Vec, Vec], Value]


def widened(narrow: Vec, value: Value) -> Value:
    """Every lane of a D register to twice its width."""
    m = narrow.machine
    signed = 1 - narrow.unsigned
    return m.block.op("widen", value, ty="v128", lane=narrow.lane, signed=signed)


def _views(m: Arm32, lane: int, U: int, d: Any, n: Any, m_: Any) -> tuple[Vec, Vec]:
    """Two views of the same operands: lanes of a D register and lanes twice as wide of a Q register."""
    narrow, wide = Vec(m, "v64", lane, unsigned=U), Vec(m, "v128", 2 * lane, unsigned=U)
    narrow.offsets = wide.offsets = {"d": d, "n": n, "m": m_}
    return narrow, wide


def three_different(
    u: str, code: str, *, manual: str, quad: str = "d", lanes: tuple[int, ...] = SMALL
) -> Callable[[Long], Long]:
    """Rows (one a lane width) of opcode ``code``; ``quad`` names the registers that are quadwords."""

    def register(fn: Long) -> Long:
        for lane in lanes:
            _register_lane(fn, u, code, manual, quad, lane)
        return fn

    return register


def _register_lane(fn: Long, u: str, code: str, manual: str, quad: str, lane: int) -> None:
    def row(m: Arm32, D: Imm, Vn: Reg, Vd: Reg, N: Imm, M: Imm, Vm: Reg, U: int = 0) -> None:
        check_quad(
            m,
            1,
            (Vd if "d" in quad else 0) | (Vn if "n" in quad else 0) | (Vm if "m" in quad else 0),
        )
        offsets = [vector_offset(V, x) for V, x in ((Vd, D), (Vn, N), (Vm, M))]
        narrow, wide = _views(m, lane, U, *offsets)
        wide.write("d", fn(narrow, wide))

    row.__doc__ = fn.__doc__
    tail = f"1 D:1 {SIZES[lane]} Vn:4 Vd:4 {code} N:1 0 M:1 0 Vm:4"
    neon_row(u, tail, manual=manual, name=f"{fn.__name__}_{lane}")(row)


@three_different("U:1", "0000", manual="VADDL, VADDW")
def vaddl(a: Vec, w: Vec) -> Value:
    """Qd := Dn + Dm, widened."""
    return w.op("add", widened(a, a.n), widened(a, a.m))


@three_different("U:1", "0001", manual="VADDL, VADDW", quad="dn")
def vaddw(a: Vec, w: Vec) -> Value:
    """Qd := Qn + Dm, widened."""
    return w.op("add", w.n, widened(a, a.m))


@three_different("U:1", "0010", manual="VSUBL, VSUBW")
def vsubl(a: Vec, w: Vec) -> Value:
    """Qd := Dn - Dm, widened."""
    return w.op("sub", widened(a, a.n), widened(a, a.m))


@three_different("U:1", "0011", manual="VSUBL, VSUBW", quad="dn")
def vsubw(a: Vec, w: Vec) -> Value:
    """Qd := Qn - Dm, widened."""
    return w.op("sub", w.n, widened(a, a.m))


@three_different("U:1", "0101", manual="VABA, VABAL")
def vabal(a: Vec, w: Vec) -> Value:
    """Qd := Qd + |Dn - Dm|: the difference fits the narrow lane unsigned."""
    return w.op("add", w.d, zero_widened(a, a.difference(a.n, a.m)))


@three_different("U:1", "0111", manual="VABD, VABDL (integer)")
def vabdl(a: Vec, w: Vec) -> Value:
    """Qd := |Dn - Dm|."""
    return zero_widened(a, a.difference(a.n, a.m))


def zero_widened(a: Vec, value: Value) -> Value:
    """Every lane of a D register to twice its width, with zeros."""
    return a.machine.block.op("widen", value, ty="v128", lane=a.lane, signed=0)


@three_different("U:1", "1100", manual="VMUL, VMULL (integer and polynomial)")
def vmull(a: Vec, w: Vec) -> Value:
    """Qd := Dn * Dm."""
    return w.op("mul", widened(a, a.n), widened(a, a.m))


@three_different("U:1", "1000", manual="VMLA, VMLAL, VMLS, VMLSL (integer)")
def vmlal(a: Vec, w: Vec) -> Value:
    """Qd := Qd + Dn * Dm."""
    return w.op("add", w.d, w.op("mul", widened(a, a.n), widened(a, a.m)))


@three_different("U:1", "1010", manual="VMLA, VMLAL, VMLS, VMLSL (integer)")
def vmlsl(a: Vec, w: Vec) -> Value:
    """Qd := Qd - Dn * Dm."""
    return w.op("sub", w.d, w.op("mul", widened(a, a.n), widened(a, a.m)))


# --- high half of a sum or difference -------------------------------------------------------------


def high_half(w: Vec, value: Value, *, rounded: bool) -> Value:
    """Upper half of every wide lane, half up when rounded."""
    half = w.lane // 2
    if rounded:
        value = w.op("add", value, w.splat(1 << (half - 1)))
    return w.machine.block.op("narrow", w.shift("lshr", value, half), ty="v64", lane=w.lane)


@three_different("0", "0100", manual="VADDHN", quad="nm")
def vaddhn(a: Vec, w: Vec) -> Value:
    """Dd := high half of Qn + Qm."""
    return high_half(w, w.op("add", w.n, w.m), rounded=False)


@three_different("1", "0100", manual="VRADDHN", quad="nm")
def vraddhn(a: Vec, w: Vec) -> Value:
    """Dd := high half of Qn + Qm, rounded."""
    return high_half(w, w.op("add", w.n, w.m), rounded=True)


@three_different("0", "0110", manual="VSUBHN", quad="nm")
def vsubhn(a: Vec, w: Vec) -> Value:
    """Dd := high half of Qn - Qm."""
    return high_half(w, w.op("sub", w.n, w.m), rounded=False)


@three_different("1", "0110", manual="VRSUBHN", quad="nm")
def vrsubhn(a: Vec, w: Vec) -> Value:
    """Dd := high half of Qn - Qm, rounded."""
    return high_half(w, w.op("sub", w.n, w.m), rounded=True)


# --- doubled and saturated, polynomials -----------------------------------------------------------


@three_different("0", "1101", manual="VQDMULL", lanes=HALVES)
def vqdmull(a: Vec, w: Vec) -> Value:
    """Qd := 2 * Dn * Dm, saturated."""
    n, m = a.n, a.m
    block = a.machine.block
    x, y = (block.op("widen", value, ty="v128", lane=a.lane, signed=1) for value in (n, m))
    over = block.op("widen", both_least(a, n, m), ty="v128", lane=a.lane, signed=1)
    w.saturated(over)
    return w.op("xor", w.shift("shl", w.op("mul", x, y), 1), over)


@three_different("0", "1001", manual="VQDMLAL, VQDMLSL", lanes=HALVES)
def vqdmlal(a: Vec, w: Vec) -> Value:
    """Qd := Qd + (2 * Dn * Dm, saturated), saturated."""
    return _accumulated(w, "add", vqdmull(a, w))


@three_different("0", "1011", manual="VQDMLAL, VQDMLSL", lanes=HALVES)
def vqdmlsl(a: Vec, w: Vec) -> Value:
    """Qd := Qd - (2 * Dn * Dm, saturated), saturated."""
    return _accumulated(w, "sub", vqdmull(a, w))


def _accumulated(w: Vec, op: str, product: Value) -> Value:
    result = w.op(f"s{op}_sat", w.d, product)
    w.saturated(result, w.op(op, w.d, product))
    return result


@three_different("0", "1110", manual="VMUL, VMULL (integer and polynomial)", lanes=(8,))
def vmull_p(a: Vec, w: Vec) -> Value:
    """Qd := Dn * Dm as polynomials over {0, 1}."""
    return carryless(w, zero_widened(a, a.n), zero_widened(a, a.m), 8)


# --- two registers and a scalar -------------------------------------------------------------------

# Bits 7 to 0: the lane of Dm is M in words, M:Vm<3> in halfwords, which leaves D0 to D7 for them.
_SCALAR_BITS = {16: "N:1 1 high:1 0 low:1 Vm:3", 32: "N:1 1 high:1 0 Vm:4"}


class _ByScalar(Vec):
    """A Vec whose second operand has one lane of a register everywhere."""

    @property
    def m(self) -> Value:
        """The lane at the offset given, in every lane."""
        scalar = self.machine.get_state(self.offsets["m"], f"i{self.lane}")
        return self.machine.block.op("splat", scalar, ty=self.ty, lane=self.lane)


def _scalar_row(u: str, code: str, lane: int, name: str) -> Callable[..., Any]:
    tail = f"1 D:1 {SIZES[lane]} Vn:4 Vd:4 {code} {_SCALAR_BITS[lane]}"
    return neon_row(u, tail, manual=f"{name.upper()} (by scalar)", name=f"{name}_scalar_{lane}")


def _by_scalar(fn: VecFn, name: str, code: str, lane: int) -> None:
    """Row of an operation on lanes of one length; bit 24 is Q."""

    def row(
        m: Arm32, Q: int, D: Imm, Vn: Reg, Vd: Reg, N: Imm, high: Imm, Vm: Reg, low: Imm = 0
    ) -> None:
        check_quad(m, Q, Vd | Vn)
        v = _ByScalar(m, VECTOR[Q], lane)
        scalar = d_offset(Vm) + high * 4 + low * 2
        v.offsets = {"d": vector_offset(Vd, D), "n": vector_offset(Vn, N), "m": scalar}
        v.write("d", fn(v))

    row.__doc__ = fn.__doc__
    _scalar_row("Q:1", code, lane, name)(row)


def _long_by_scalar(fn: Long, name: str, code: str, lane: int, u: str = "U:1") -> None:
    """Row of an operation whose destination has lanes twice as wide; bit 24 is U, or 0."""

    def row(
        m: Arm32, D: Imm, Vn: Reg, Vd: Reg, N: Imm, high: Imm, Vm: Reg, U: int = 0, low: Imm = 0
    ) -> None:
        check_quad(m, 1, Vd)
        narrow = _ByScalar(m, "v64", lane, unsigned=U)
        wide = Vec(m, "v128", 2 * lane, unsigned=U)
        scalar = d_offset(Vm) + high * 4 + low * 2
        narrow.offsets = {"d": vector_offset(Vd, D), "n": vector_offset(Vn, N), "m": scalar}
        wide.offsets = narrow.offsets
        wide.write("d", fn(narrow, wide))

    row.__doc__ = fn.__doc__
    _scalar_row(u, code, lane, name)(row)


def _vmul(v: Vec) -> Value:
    """Vd := Vn * scalar."""
    return v.op("mul", v.n, v.m)


def _vmla(v: Vec) -> Value:
    """Vd := Vd + Vn * scalar."""
    return v.op("add", v.d, v.op("mul", v.n, v.m))


def _vmls(v: Vec) -> Value:
    """Vd := Vd - Vn * scalar."""
    return v.op("sub", v.d, v.op("mul", v.n, v.m))


def _vqdmulh(v: Vec) -> Value:
    """Vd := high half of 2 * Vn * scalar, saturated."""
    return doubling_high(v, rounded=False)


def _vqrdmulh(v: Vec) -> Value:
    """Vd := high half of 2 * Vn * scalar, rounded and saturated."""
    return doubling_high(v, rounded=True)


for _lane in HALVES:
    _by_scalar(_vmla, "vmla", "0000", _lane)
    _by_scalar(_vmls, "vmls", "0100", _lane)
    _by_scalar(_vmul, "vmul", "1000", _lane)
    _long_by_scalar(vmlal, "vmlal", "0010", _lane)
    _long_by_scalar(vmlsl, "vmlsl", "0110", _lane)
    _long_by_scalar(vmull, "vmull", "1010", _lane)
    _long_by_scalar(vqdmlal, "vqdmlal", "0011", _lane, u="0")
    _long_by_scalar(vqdmlsl, "vqdmlsl", "0111", _lane, u="0")
    _long_by_scalar(vqdmull, "vqdmull", "1011", _lane, u="0")
    _by_scalar(_vqdmulh, "vqdmulh", "1100", _lane)
    _by_scalar(_vqrdmulh, "vqrdmulh", "1101", _lane)

_by_scalar(vmla_f32, "vmla_f32", "0001", 32)
_by_scalar(vmls_f32, "vmls_f32", "0101", 32)
_by_scalar(vmul_f32, "vmul_f32", "1001", 32)
