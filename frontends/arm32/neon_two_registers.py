"""Advanced SIMD: two registers miscellaneous of one length, VEXT, VDUP of a scalar."""

from __future__ import annotations

from collections.abc import Callable

from frontends.arm32.fp_shared import VECTOR, d_number, d_offset, neon_row
from frontends.arm32.machine import Arm32
from frontends.arm32.neon_shared import SMALL, Vec, VecFn, check_quad, vector, vector_offset
from xlate.ir import Value
from xlate.isa import Imm, Reg


def two_registers(
    a: str, code: str, *, manual: str, lanes: tuple[int, ...] = SMALL, signed: bool = False
) -> Callable[[VecFn], VecFn]:
    """Row with bits 17-16 = ``a`` and 10-7 = ``code``; other lane widths are UNDEFINED."""

    def register(fn: VecFn) -> VecFn:
        def row(m: Arm32, D: Imm, size: int, Vd: Reg, Q: int, M: Imm, Vm: Reg) -> None:
            lane = 8 << size
            if lane not in lanes:
                m.undefined("lane width")
            check_quad(m, Q, Vd | Vm)
            v = vector(m, Q, lane, 1 - signed, d=vector_offset(Vd, D), m_=vector_offset(Vm, M))
            v.write("d", fn(v))

        row.__doc__ = fn.__doc__
        tail = f"1 D:1 11 size:2 {a} Vd:4 0 {code} Q:1 M:1 0 Vm:4"
        neon_row("1", tail, manual=manual, name=fn.__name__)(row)
        return fn

    return register


# --- reversal and counting ------------------------------------------------------------------------


def reverse(v: Vec, group: int) -> Value:
    """Lanes in reverse order inside each group of bits."""
    return v.machine.block.op("lane_reverse", v.m, lane=v.lane, group=group)


@two_registers("00", "0000", manual="VREV16, VREV32, VREV64")
def vrev64(v: Vec) -> Value:
    """Vd := lanes of Vm reversed inside doublewords."""
    return reverse(v, 64)


@two_registers("00", "0001", manual="VREV16, VREV32, VREV64", lanes=(8, 16))
def vrev32(v: Vec) -> Value:
    """Vd := lanes of Vm reversed inside words."""
    return reverse(v, 32)


@two_registers("00", "0010", manual="VREV16, VREV32, VREV64", lanes=(8,))
def vrev16(v: Vec) -> Value:
    """Vd := bytes of Vm reversed inside halfwords."""
    return reverse(v, 16)


@two_registers("00", "1000", manual="VCLS", signed=True)
def vcls(v: Vec) -> Value:
    """Vd := number of bits after the sign that equal it."""
    value = v.m
    differing = v.op("xor", value, v.shift("ashr", value, 1))
    zeros = v.machine.block.op("lane_clz", differing, lane=v.lane)
    return v.op("sub", zeros, v.splat(1))


@two_registers("00", "1001", manual="VCLZ")
def vclz(v: Vec) -> Value:
    """Vd := leading zeros of Vm."""
    return v.machine.block.op("lane_clz", v.m, lane=v.lane)


@two_registers("00", "1010", manual="VCNT", lanes=(8,))
def vcnt(v: Vec) -> Value:
    """Vd := one bits of Vm."""
    return v.machine.block.op("lane_popcount", v.m, lane=v.lane)


@two_registers("00", "1011", manual="VMVN (register)", lanes=(8,))
def vmvn(v: Vec) -> Value:
    """Vd := ~Vm."""
    return v.invert(v.m)


# --- sums of pairs, widened -----------------------------------------------------------------------


def long_pairs(v: Vec) -> Value:
    """Lower and upper half of every lane of twice the width, extended and added."""
    wide = Vec(v.machine, v.ty, 2 * v.lane)
    right = "lshr" if v.unsigned else "ashr"
    value = v.m
    low = wide.shift(right, wide.shift("shl", value, v.lane), v.lane)
    return wide.op("add", low, wide.shift(right, value, v.lane))


def _accumulated(v: Vec) -> Value:
    wide = Vec(v.machine, v.ty, 2 * v.lane)
    return wide.op("add", v.d, long_pairs(v))


@two_registers("00", "0100", manual="VPADDL", signed=True)
def vpaddl_s(v: Vec) -> Value:
    """Vd := signed sums of neighbouring lanes of Vm."""
    return long_pairs(v)


@two_registers("00", "0101", manual="VPADDL")
def vpaddl_u(v: Vec) -> Value:
    """Vd := unsigned sums of neighbouring lanes of Vm."""
    return long_pairs(v)


@two_registers("00", "1100", manual="VPADAL", signed=True)
def vpadal_s(v: Vec) -> Value:
    """Vd := Vd + signed sums of neighbouring lanes of Vm."""
    return _accumulated(v)


@two_registers("00", "1101", manual="VPADAL")
def vpadal_u(v: Vec) -> Value:
    """Vd := Vd + unsigned sums of neighbouring lanes of Vm."""
    return _accumulated(v)


# --- against zero, sign ---------------------------------------------------------------------------


@two_registers("01", "0000", manual="VCGT (immediate #0)")
def vcgt_zero(v: Vec) -> Value:
    """Vd := Vm > 0."""
    return v.op("sgt", v.m, v.splat(0))


@two_registers("01", "0001", manual="VCGE (immediate #0)")
def vcge_zero(v: Vec) -> Value:
    """Vd := Vm >= 0."""
    return v.op("sge", v.m, v.splat(0))


@two_registers("01", "0010", manual="VCEQ (immediate #0)")
def vceq_zero(v: Vec) -> Value:
    """Vd := Vm = 0."""
    return v.op("eq", v.m, v.splat(0))


@two_registers("01", "0011", manual="VCLE (immediate #0)")
def vcle_zero(v: Vec) -> Value:
    """Vd := Vm <= 0."""
    return v.op("sge", v.splat(0), v.m)


@two_registers("01", "0100", manual="VCLT (immediate #0)")
def vclt_zero(v: Vec) -> Value:
    """Vd := Vm < 0."""
    return v.op("sgt", v.splat(0), v.m)


@two_registers("01", "0110", manual="VABS")
def vabs_i(v: Vec) -> Value:
    """Vd := |Vm|, wrapping."""
    return v.absolute(v.m)


@two_registers("01", "0111", manual="VNEG")
def vneg_i(v: Vec) -> Value:
    """Vd := -Vm, wrapping."""
    return v.op("sub", v.splat(0), v.m)


@two_registers("00", "1110", manual="VQABS", signed=True)
def vqabs(v: Vec) -> Value:
    """Vd := |Vm|, saturated."""
    return _not_least(v, v.absolute(v.m))


@two_registers("00", "1111", manual="VQNEG", signed=True)
def vqneg(v: Vec) -> Value:
    """Vd := -Vm, saturated."""
    return _not_least(v, v.op("sub", v.splat(0), v.m))


def _not_least(v: Vec, value: Value) -> Value:
    """The least number has no opposite: where Vm is that, the greatest."""
    least = v.op("eq", v.m, v.splat(1 << (v.lane - 1)))
    v.saturated(least)
    return v.op("xor", value, least)


# --- both registers change ------------------------------------------------------------------------

Permute = Callable[[Vec, Value, Value], tuple[Value, Value]]


def permute(
    code: str, *, manual: str, quad_lanes: tuple[int, ...], lanes: tuple[int, ...]
) -> Callable[[Permute], Permute]:
    """Row that writes Vd and Vm from both; lane widths differ for D and Q registers."""

    def register(fn: Permute) -> Permute:
        def row(m: Arm32, D: Imm, size: int, Vd: Reg, Q: int, M: Imm, Vm: Reg) -> None:
            lane = 8 << size
            if lane not in (quad_lanes if Q else lanes):
                m.undefined("lane width")
            check_quad(m, Q, Vd | Vm)
            if d_number(Vd, D) == d_number(Vm, M):
                m.unpredictable("both results in one register")
            v = vector(m, Q, lane, 1, d=vector_offset(Vd, D), m_=vector_offset(Vm, M))
            first, second = fn(v, v.d, v.m)
            v.write("d", first)
            v.write("m", second)

        row.__doc__ = fn.__doc__
        tail = f"1 D:1 11 size:2 10 Vd:4 0 {code} Q:1 M:1 0 Vm:4"
        neon_row("1", tail, manual=manual, name=fn.__name__)(row)
        return fn

    return register


@permute("0000", manual="VSWP", quad_lanes=(8,), lanes=(8,))
def vswp(v: Vec, d: Value, m: Value) -> tuple[Value, Value]:
    """Vd, Vm := Vm, Vd."""
    return m, d


@permute("0001", manual="VTRN", quad_lanes=SMALL, lanes=SMALL)
def vtrn(v: Vec, d: Value, m: Value) -> tuple[Value, Value]:
    """Vd, Vm := their even lanes in turn, their odd lanes in turn."""
    wide, n = Vec(v.machine, v.ty, 2 * v.lane), v.lane
    d_even = wide.shift("lshr", wide.shift("shl", d, n), n)
    m_odd = wide.shift("shl", wide.shift("lshr", m, n), n)
    even = wide.op("or", d_even, wide.shift("shl", m, n))
    return even, wide.op("or", wide.shift("lshr", d, n), m_odd)


@permute("0010", manual="VUZP", quad_lanes=SMALL, lanes=(8, 16))
def vuzp(v: Vec, d: Value, m: Value) -> tuple[Value, Value]:
    """Vd, Vm := the even lanes of Vm:Vd, the odd lanes."""
    block, wide = v.machine.block, Vec(v.machine, "v128", 2 * v.lane)

    def narrow(value: Value) -> Value:
        return block.op("narrow", value, ty="v64", lane=wide.lane)

    def odd(value: Value) -> Value:
        return narrow(wide.shift("lshr", value, v.lane))

    if v.ty == "v64":
        both = block.op("concat", d, m, ty="v128")
        return narrow(both), odd(both)
    even = block.op("concat", narrow(d), narrow(m), ty="v128")
    return even, block.op("concat", odd(d), odd(m), ty="v128")


@permute("0011", manual="VZIP", quad_lanes=SMALL, lanes=(8, 16))
def vzip(v: Vec, d: Value, m: Value) -> tuple[Value, Value]:
    """Vd, Vm := low half and high half of the lanes of Vd and Vm in turn."""
    block, wide = v.machine.block, Vec(v.machine, "v128", 2 * v.lane)

    def half(value: Value, index: int) -> Value:
        return block.op("half", value, ty="v64", index=index)

    def interleave(a: Value, b: Value) -> Value:
        low, high = (block.op("widen", x, ty="v128", lane=v.lane, signed=0) for x in (a, b))
        return wide.op("or", low, wide.shift("shl", high, v.lane))

    if v.ty == "v64":
        both = interleave(d, m)
        return half(both, 0), half(both, 1)
    return interleave(half(d, 0), half(m, 0)), interleave(half(d, 1), half(m, 1))


# --- extraction and copies ------------------------------------------------------------------------


@neon_row("0", "1 D:1 11 Vn:4 Vd:4 imm4:4 N:1 Q:1 M:1 0 Vm:4", manual="VEXT")
def vext(m: Arm32, D: Imm, Vn: Reg, Vd: Reg, imm4: int, N: Imm, Q: int, M: Imm, Vm: Reg) -> None:
    """Vd := bytes imm4 and following of Vm:Vn."""
    if not Q and imm4 >= 8:
        m.undefined("start beyond the doubleword")
    check_quad(m, Q, Vn | Vd | Vm)
    low, high = (m.get_state(vector_offset(V, x), VECTOR[Q]) for V, x in ((Vn, N), (Vm, M)))
    value = m.block.op("bytes_ext", low, high, index=imm4)
    m.set_state(vector_offset(Vd, D), value)


def _register_vdup(lane: int, index: str) -> None:
    def vdup_scalar(m: Arm32, D: Imm, index: Imm, Vd: Reg, Q: int, M: Imm, Vm: Reg) -> None:
        """Every lane of Vd := one lane of Dm."""
        check_quad(m, Q, Vd)
        scalar = m.get_state(d_offset(d_number(Vm, M)) + index * (lane // 8), f"i{lane}")
        value = m.block.op("splat", scalar, ty=VECTOR[Q], lane=lane)
        m.set_state(vector_offset(Vd, D), value)

    tail = f"1 D:1 11 {index} Vd:4 11000 Q:1 M:1 0 Vm:4"
    neon_row("1", tail, manual="VDUP (scalar)", name=f"vdup_scalar_{lane}")(vdup_scalar)


for _lane, _index in ((8, "index:3 1"), (16, "index:2 10"), (32, "index:1 100")):
    _register_vdup(_lane, _index)
