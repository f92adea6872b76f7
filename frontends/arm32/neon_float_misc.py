"""Advanced SIMD, two registers: single precision against zero, estimates, conversions.

The manual gives the estimates as integer loops over nine bits of the operand; here each bit of the
answer is tried for itself, in all lanes at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from frontends.arm32.fp_shared import neon_row
from frontends.arm32.half import half_of_single, mode_of, raise_flags, single_of_half
from frontends.arm32.machine import Arm32
from frontends.arm32.neon_float import (
    DEFAULT_NAN,
    DZC,
    INFINITY,
    IOC,
    SIGN,
    UFC,
    compare,
    invalid_if_signalling,
    is_nan,
    magnitude,
    operands,
)
from frontends.arm32.neon_narrow import fixed_size
from frontends.arm32.neon_shared import Vec, check_quad, cumulative, vector, vector_offset
from frontends.arm32.neon_two_registers import two_registers
from frontends.arm32.vfp_convert import as_double, power_of_two, scale_up, to_integer
from xlate.ir import Value
from xlate.isa import Imm, Reg

WORDS = (32,)
FRACTION = 0x7FFFFF


# --- against zero, sign ---------------------------------------------------------------------------


@two_registers("01", "1000", manual="VCGT (immediate #0)", lanes=WORDS)
def vcgt_zero_f32(v: Vec) -> Value:
    """Vd := Vm > 0."""
    return compare(v, "gt", v.m, v.splat(0))


@two_registers("01", "1001", manual="VCGE (immediate #0)", lanes=WORDS)
def vcge_zero_f32(v: Vec) -> Value:
    """Vd := Vm >= 0."""
    return compare(v, "ge", v.m, v.splat(0))


@two_registers("01", "1010", manual="VCEQ (immediate #0)", lanes=WORDS)
def vceq_zero_f32(v: Vec) -> Value:
    """Vd := Vm = 0."""
    return compare(v, "eq", v.m, v.splat(0))


@two_registers("01", "1011", manual="VCLE (immediate #0)", lanes=WORDS)
def vcle_zero_f32(v: Vec) -> Value:
    """Vd := Vm <= 0."""
    return compare(v, "ge", v.splat(0), v.m)


@two_registers("01", "1100", manual="VCLT (immediate #0)", lanes=WORDS)
def vclt_zero_f32(v: Vec) -> Value:
    """Vd := Vm < 0."""
    return compare(v, "gt", v.splat(0), v.m)


@two_registers("01", "1110", manual="VABS", lanes=WORDS)
def vabs_f32(v: Vec) -> Value:
    """Vd := |Vm|: the sign bits go."""
    return magnitude(v, v.m)


@two_registers("01", "1111", manual="VNEG", lanes=WORDS)
def vneg_f32(v: Vec) -> Value:
    """Vd := -Vm: the sign bits change."""
    return v.op("xor", v.m, v.splat(SIGN))


# --- estimates ------------------------------------------------------------------------------------


def _estimate(v: Vec, goes: Callable[[Value], Value]) -> Value:
    """Half, rounded up, of the greatest number from 512 to 1023 that goes: 256 to 511."""
    found = v.splat(512)
    for bit in range(8, -1, -1):
        more = v.splat(1 << bit)
        found = v.op("or", found, v.op("and", more, goes(v.op("or", found, more))))
    return v.shift("lshr", v.op("add", found, v.splat(1)), 1)


def reciprocal(v: Vec, a: Value) -> Value:
    """RecipEstimate of 256 to 511, that is 1/2 to 1."""
    odd = v.op("or", v.shift("shl", a, 1), v.splat(1))
    most = v.splat((1 << 19) + 1)
    return _estimate(v, lambda x: v.op("sgt", most, v.op("mul", odd, x)))


def reciprocal_root(v: Vec, a: Value) -> Value:
    """RecipSqrtEstimate of 128 to 511, that is 1/4 to 1; above 255 the last bit does not count."""
    odd = v.op("or", v.shift("shl", a, 1), v.splat(1))
    wide = v.op("xor", v.op("or", v.shift("shl", a, 1), v.splat(3)), v.splat(1))
    number = v.choose(v.op("sgt", v.splat(256), a), odd, wide)
    most = v.splat(1 << 28)
    return _estimate(v, lambda x: v.op("sgt", most, v.op("mul", number, v.op("mul", x, x))))


def _fixed_estimate(v: Vec, top_bits: int, estimate: Callable[[Vec, Value], Value]) -> Value:
    """Estimate of a fraction; all ones where none of the top bits is set."""
    value = v.m
    top = v.splat(((1 << top_bits) - 1) << (32 - top_bits))
    small = v.op("eq", v.op("and", value, top), v.splat(0))
    return v.op("or", small, v.shift("shl", estimate(v, v.shift("lshr", value, 23)), 23))


@two_registers("11", "1000", manual="VRECPE", lanes=WORDS)
def vrecpe_u32(v: Vec) -> Value:
    """Vd := about 1 / Vm, of fractions."""
    return _fixed_estimate(v, 1, reciprocal)


@two_registers("11", "1001", manual="VRSQRTE", lanes=WORDS)
def vrsqrte_u32(v: Vec) -> Value:
    """Vd := about 1 / square root of Vm, of fractions."""
    return _fixed_estimate(v, 2, reciprocal_root)


def _float_operand(v: Vec) -> tuple[Value, Value, Value, Value]:
    """Vm, and masks of its NaNs, infinities and zeros; flags of what they raise."""
    (value,) = operands(v, v.m)
    invalid_if_signalling(v, value)
    zero = v.op("eq", magnitude(v, value), v.splat(0))
    cumulative(v.machine, DZC, zero)
    return value, is_nan(v, value), v.op("eq", magnitude(v, value), v.splat(INFINITY)), zero


def _special(v: Vec, number: Value, nan: Value, infinite: Value, zero: Value) -> Value:
    """Magnitudes with those of NaNs, infinities and zeros put in."""
    number = v.op("and", number, v.invert(infinite))
    number = v.choose(zero, v.splat(INFINITY), number)
    return v.choose(nan, v.splat(DEFAULT_NAN), number)


@two_registers("11", "1010", manual="VRECPE", lanes=WORDS)
def vrecpe_f32(v: Vec) -> Value:
    """Vd := about 1 / Vm; from 2^126 on 0, with UFC."""
    value, nan, infinite, zero = _float_operand(v)
    great = v.op("sgt", magnitude(v, value), v.splat((253 << 23) - 1))
    under = v.op("and", great, v.invert(v.op("or", nan, infinite)))
    cumulative(v.machine, UFC, under)
    scaled = v.op("or", v.shift("lshr", v.op("and", value, v.splat(FRACTION)), 15), v.splat(256))
    fraction = v.shift("shl", v.op("and", reciprocal(v, scaled), v.splat(255)), 15)
    exponent = v.op("sub", v.splat(253), v.shift("lshr", magnitude(v, value), 23))
    number = v.op("or", v.shift("shl", exponent, 23), fraction)
    number = v.op("and", number, v.invert(under))
    sign = v.op("and", value, v.op("and", v.splat(SIGN), v.invert(nan)))
    return v.op("or", sign, _special(v, number, nan, infinite, zero))


@two_registers("11", "1011", manual="VRSQRTE", lanes=WORDS)
def vrsqrte_f32(v: Vec) -> Value:
    """Vd := about 1 / square root of Vm; of what is below 0 the default NaN, with IOC."""
    value, nan, infinite, zero = _float_operand(v)
    negative = v.op("and", v.op("sgt", v.splat(0), value), v.invert(v.op("or", zero, nan)))
    cumulative(v.machine, IOC, negative)
    biased = v.shift("lshr", magnitude(v, value), 23)
    odd = v.op("sub", v.splat(0), v.op("and", biased, v.splat(1)))
    scaled = v.op("or", v.shift("lshr", v.op("and", value, v.splat(FRACTION)), 15), v.splat(256))
    scaled = v.choose(odd, v.shift("lshr", scaled, 1), scaled)
    fraction = v.shift("shl", v.op("and", reciprocal_root(v, scaled), v.splat(255)), 15)
    exponent = v.shift("lshr", v.op("sub", v.splat(380), biased), 1)
    number = v.op("or", v.shift("shl", exponent, 23), fraction)
    sign = v.op("and", value, v.op("and", v.splat(SIGN), zero))
    special = _special(v, number, v.op("or", nan, negative), infinite, zero)
    return v.op("or", sign, special)


# --- conversions ----------------------------------------------------------------------------------


def from_fixed(v: Vec, signed: int, fraction_bits: Any) -> Value:
    """Integers of Vm / 2^fraction_bits, to nearest."""
    scale = power_of_two(v.machine, 0 - fraction_bits)
    return v.machine.block.op("vf_from_int", v.m, scale, signed=signed)


def to_fixed(v: Vec, signed: int, fraction_bits: Any) -> Value:
    """Vm * 2^fraction_bits as saturated integers, toward zero; one lane after the other."""
    m, block = v.machine, v.machine.block
    (value,) = operands(v, v.m)
    found = value
    for index in range(v.width // 32):
        bits = block.op("extract", value, ty="i32", lane=32, index=index)
        number = block.op("bitcast", bits, ty="f32")
        if fraction_bits is not None:
            number = scale_up(m, as_double(m, number), fraction_bits)
        integer = to_integer(m, number, signed, "zero")
        found = block.op("insert", found, integer, lane=32, index=index)
    return found


@two_registers("11", "1100", manual="VCVT (between floating-point and integer)", lanes=WORDS)
def vcvt_f32_s32(v: Vec) -> Value:
    """Vd := signed integers of Vm."""
    return from_fixed(v, 1, 0)


@two_registers("11", "1101", manual="VCVT (between floating-point and integer)", lanes=WORDS)
def vcvt_f32_u32(v: Vec) -> Value:
    """Vd := unsigned integers of Vm."""
    return from_fixed(v, 0, 0)


@two_registers("11", "1110", manual="VCVT (between floating-point and integer)", lanes=WORDS)
def vcvt_s32_f32(v: Vec) -> Value:
    """Vd := Vm as signed integers, toward zero."""
    return to_fixed(v, 1, None)


@two_registers("11", "1111", manual="VCVT (between floating-point and integer)", lanes=WORDS)
def vcvt_u32_f32(v: Vec) -> Value:
    """Vd := Vm as unsigned integers, toward zero."""
    return to_fixed(v, 0, None)


@neon_row(
    "U:1",
    "1 D:1 1 imm:5 Vd:4 111 op:1 0 Q:1 M:1 1 Vm:4",
    manual="VCVT (between floating-point and fixed-point, Advanced SIMD)",
)
def vcvt_fixed_f32(
    m: Arm32, U: int, D: Imm, imm: Imm, Vd: Reg, op: int, Q: int, M: Imm, Vm: Reg
) -> None:
    """Vd := fixed point of Vm, or back."""
    check_quad(m, Q, Vd | Vm)
    v = vector(m, Q, 32, U, d=vector_offset(Vd, D), m_=vector_offset(Vm, M))
    v.write("d", (to_fixed if op else from_fixed)(v, 1 - U, 32 - imm))


# --- half precision -------------------------------------------------------------------------------


@fixed_size(
    "1100 0",
    manual="VCVT (between half-precision and single-precision, Advanced SIMD)",
    name="vcvt_f16_f32",
)
def vcvt_f16_f32(m: Arm32, D: Imm, size: int, Vd: Reg, M: Imm, Vm: Reg) -> None:
    """Dd := singles of Qm as halves."""
    if size != 1:
        m.undefined("lane width")
    check_quad(m, 1, Vm)
    v = vector(m, 1, 32, 0, d=vector_offset(Vd, D), m_=vector_offset(Vm, M))
    (value,) = operands(v, v.m)
    mode, block = mode_of(m, standard=True), m.block
    found, flags = m.const(0, 64), m.const(0)
    for index in range(4):
        single = block.op("extract", value, ty="i32", lane=32, index=index)
        half, more = half_of_single(m, single, mode)
        found, flags = found | (half.zext(64) << (16 * index)), flags | more
    v.write("d", found)
    raise_flags(m, flags)


@fixed_size(
    "1110 0",
    manual="VCVT (between half-precision and single-precision, Advanced SIMD)",
    name="vcvt_f32_f16",
)
def vcvt_f32_f16(m: Arm32, D: Imm, size: int, Vd: Reg, M: Imm, Vm: Reg) -> None:
    """Qd := halves of Dm as singles."""
    if size != 1:
        m.undefined("lane width")
    check_quad(m, 1, Vd)
    source = m.get_state(vector_offset(Vm, M), "i64")
    mode, block = mode_of(m, standard=True), m.block
    found, flags = block.op("splat", m.const(0), ty="v128", lane=32), m.const(0)
    for index in range(4):
        half = (source >> (16 * index)).trunc(32) & 0xFFFF
        single, more = single_of_half(m, half, mode)
        found = block.op("insert", found, single, lane=32, index=index)
        flags = flags | more
    m.set_state(vector_offset(Vd, D), found)
    raise_flags(m, flags)
