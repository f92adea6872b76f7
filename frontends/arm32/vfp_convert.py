"""Floating-point conversions: between the formats, and to and from integers and fixed point.

Fixed point goes through a double, scaled by a power of two, which is exact: every single and every
32-bit integer is a double.
"""

from __future__ import annotations

from typing import Any

from frontends.arm32.fp_shared import (
    FLOAT,
    fp_const,
    get_bits,
    get_fp,
    s_number,
    s_offset,
    set_fp,
    vfp_row,
)
from frontends.arm32.half import (
    half_by_fpscr,
    mode_of,
    raise_flags,
    single_of_half,
)
from frontends.arm32.machine import OFFSET, Arm32
from xlate.ir import Value
from xlate.isa import Imm, Reg

BIAS, EXPONENT_AT = 1023, 52  # of a double


@vfp_row(
    "1110 1 D:1 11 0111 Vd:4 101 sz:1 1 1 M:1 0 Vm:4",
    manual="VCVT (between double-precision and single-precision)",
)
def vcvt_format(m: Arm32, D: Imm, Vd: Reg, sz: int, M: Imm, Vm: Reg) -> None:
    """Vd := Vm in the other format; sz is the source's."""
    value = m.block.op("fcvt", get_fp(m, sz, Vm, M), ty=FLOAT[1 - sz])
    set_fp(m, 1 - sz, Vd, D, value)


@vfp_row("1110 1 D:1 11 001 op:1 Vd:4 1010 T:1 1 M:1 0 Vm:4", manual="VCVTB, VCVTT")
def vcvt_half(m: Arm32, D: Imm, op: int, Vd: Reg, T: int, M: Imm, Vm: Reg) -> None:
    """S[d] := half of S[m] as a single, or half of S[d] := S[m] as a half; T is which half."""
    d, source = (s_offset(s_number(V, x)) for V, x in ((Vd, D), (Vm, M)))
    mode = mode_of(m, standard=False)
    if op:
        value, flags = half_by_fpscr(m, m.get_state(source, "i32"), mode)
        m.set_state(d + 2 * T, value.trunc(16))
    else:
        half = m.get_state(source + 2 * T, "i16").zext(32)
        value, flags = single_of_half(m, half, mode)
        m.set_state(d, value)
    raise_flags(m, flags)


@vfp_row("1110 1 D:1 11 001 op:1 Vd:4 1011 T:1 1 M:1 0 Vm:4", manual="VCVTB, VCVTT")
def vcvt_half_double(m: Arm32, D: Imm, op: int, Vd: Reg, T: int, M: Imm, Vm: Reg) -> None:
    """D[d] := half of S[m] as a double, or half of S[d] := D[m] as a half; T is which half."""
    mode = mode_of(m, standard=False)
    if op:
        value, flags = half_by_fpscr(m, get_bits(m, 1, Vm, M), mode)
        m.set_state(s_offset(s_number(Vd, D)) + 2 * T, value.trunc(16))
    else:
        half = m.get_state(s_offset(s_number(Vm, M)) + 2 * T, "i16").zext(32)
        bits, flags = single_of_half(m, half, mode)
        set_fp(m, 1, Vd, D, as_double(m, m.block.op("bitcast", bits, ty="f32")))
    raise_flags(m, flags)


# --- integers -------------------------------------------------------------------------------------


@vfp_row(
    "1110 1 D:1 11 1000 Vd:4 101 sz:1 sgn:1 1 M:1 0 Vm:4",
    manual="VCVT, VCVTR (between floating-point and integer)",
)
def vcvt_from_integer(m: Arm32, D: Imm, Vd: Reg, sz: int, sgn: int, M: Imm, Vm: Reg) -> None:
    """Vd := the 32-bit integer S[m], rounded by FPSCR."""
    value = m.block.op("int_to_f", get_bits(m, 0, Vm, M), ty=FLOAT[sz], signed=sgn)
    set_fp(m, sz, Vd, D, value)


@vfp_row(
    "1110 1 D:1 11 110 sgn:1 Vd:4 101 sz:1 zero:1 1 M:1 0 Vm:4",
    manual="VCVT, VCVTR (between floating-point and integer)",
)
def vcvt_to_integer(
    m: Arm32, D: Imm, sgn: int, Vd: Reg, sz: int, zero: int, M: Imm, Vm: Reg
) -> None:
    """S[d] := Vm as a saturated 32-bit integer, toward zero or (VCVTR) by FPSCR."""
    value = to_integer(m, get_fp(m, sz, Vm, M), sgn, "zero" if zero else "mode")
    m.set_state(s_offset(s_number(Vd, D)), value)


def to_integer(m: Arm32, value: Value, sgn: int, how: str) -> Value:
    """FPToFixed without fraction bits, as i32."""
    return m.block.op("f_to_int", value, ty="i32", signed=sgn, round=how)


# --- fixed point ----------------------------------------------------------------------------------


def power_of_two(m: Arm32, exponent: Any) -> Value:
    """2^exponent as f64; the exponent is a number or an expression (negative: modulo 2^64)."""
    return fp_const(m, 1, (exponent + BIAS) << EXPONENT_AT)


def as_double(m: Arm32, value: Value) -> Value:
    """Widen to f64, which is exact."""
    return value if value.ty == "f64" else m.block.op("fcvt", value, ty="f64")


def magnitude_bits(m: Arm32, value: Value) -> Value:
    """Bits of |value| as i64: ordered as the magnitudes are, NaNs highest."""
    return m.block.op("bitcast", value, ty="i64") & ((1 << 63) - 1)


def _large(m: Arm32, value: Value) -> Value:
    """From 2^64 on, or a NaN."""
    return m.const((BIAS + 64) << EXPONENT_AT, 64).ule(magnitude_bits(m, value))


def scale_up(m: Arm32, value: Value, fraction_bits: Any) -> Value:
    """Value * 2^fraction_bits, but unscaled from 2^64 on: no overflow where it saturates anyway."""
    factor = m.select(_large(m, value), power_of_two(m, 0), power_of_two(m, fraction_bits))
    return m.block.op("fmul", value, factor)


def double(m: Arm32, value: int) -> Value:
    """Give a whole number as an f64 constant."""
    if value == 0:
        return fp_const(m, 1, 0)
    magnitude = abs(value)
    top = magnitude.bit_length() - 1
    bits = ((top + BIAS) << EXPONENT_AT) | ((magnitude ^ (1 << top)) << (EXPONENT_AT - top))
    return fp_const(m, 1, bits | (int(value < 0) << 63))


def to_16_bits(m: Arm32, value: Value, sgn: int) -> Value:
    """FPToFixed to 16 bits toward zero, extended to i32.

    What does not fit (its exponent is 15 or more) is made greater still by one exponent bit, so that
    the conversion itself reports it as invalid. From 2^64 on it does, and the bit might make a NaN.
    """
    low, high = (-0x8000, 0x7FFF) if sgn else (0, 0xFFFF)
    above = m.block.op("fcmp", value, double(m, low - 1), ty="i32", signal=0).eq(2)
    below = m.block.op("fcmp", value, double(m, high + 1), ty="i32", signal=0).eq(0)
    bit = m.select(_large(m, value), m.const(0, 64), m.const(1 << (EXPONENT_AT + 6), 64))
    larger = m.block.op("bitcast", value, ty="i64") | bit
    value = m.select(above & below, value, m.block.op("bitcast", larger, ty="f64"))
    number = to_integer(m, value, sgn, "zero")
    if not sgn:
        return m.select(number.ule(high), number, m.const(high))
    number = m.select(number.slt(low), m.const(low), number)
    return m.select(m.const(high).slt(number), m.const(high), number)


@vfp_row(
    "1110 1 D:1 11 101 U:1 Vd:4 101 sz:1 wide:1 1 i:1 0 imm4:4",
    manual="VCVT (between floating-point and fixed-point, Floating-point)",
)
def vcvt_from_fixed(
    m: Arm32, D: Imm, U: int, Vd: Reg, sz: int, wide: int, i: Imm, imm4: Imm
) -> None:
    """Vd := fixed-point integer in Vd / 2^fraction_bits, always to nearest."""
    fraction_bits = _fraction_bits(m, wide, i, imm4)
    rounds = wide and not sz  # everything else is exact
    if rounds:
        to_nearest(m)
    bits = get_bits(m, 0, *_low_single(sz, Vd, D))
    if not wide:
        bits = bits.trunc(16)
        bits = bits.zext(32) if U else bits.sext(32)
    exact = m.block.op("int_to_f", bits, ty="f64", signed=1 - U)
    value = m.block.op("fmul", exact, power_of_two(m, 0 - fraction_bits))
    set_fp(m, sz, Vd, D, value if sz else m.block.op("fcvt", value, ty="f32"))
    if rounds:
        to_fpscr(m)


def to_nearest(m: Arm32) -> None:
    """Begin a step that rounds to nearest whatever FPSCR says; cumulative flags go on."""
    m.block.op("set_fp_mode", m.block.op("get_fp_flags", ty="i32"))
    m.next_step()


def to_fpscr(m: Arm32) -> None:
    """End such a step: round as FPSCR says again."""
    m.next_step()
    fpscr = m.get_state(OFFSET["fpscr"], "i32")
    m.block.op("set_fp_mode", fpscr | m.block.op("get_fp_flags", ty="i32"))


@vfp_row(
    "1110 1 D:1 11 111 U:1 Vd:4 101 sz:1 wide:1 1 i:1 0 imm4:4",
    manual="VCVT (between floating-point and fixed-point, Floating-point)",
)
def vcvt_to_fixed(m: Arm32, D: Imm, U: int, Vd: Reg, sz: int, wide: int, i: Imm, imm4: Imm) -> None:
    """Vd := Vd * 2^fraction_bits toward zero, saturated and extended to the register."""
    fraction_bits = _fraction_bits(m, wide, i, imm4)
    value = scale_up(m, as_double(m, get_fp(m, sz, Vd, D)), fraction_bits)
    sgn = 1 - U
    result = to_integer(m, value, sgn, "zero") if wide else to_16_bits(m, value, sgn)
    if sz:
        result = result.sext(64) if sgn else result.zext(64)
    set_fp(m, sz, Vd, D, result)


def _fraction_bits(m: Arm32, wide: int, i: Imm, imm4: Imm) -> Any:
    size, imm5 = (32 if wide else 16), imm4 * 2 + i
    if imm5 > size:
        m.unpredictable("negative number of fraction bits")
    return size - imm5


def _low_single(sz: int, V: Any, x: Any) -> tuple[Any, Any]:
    """Return the pair V, x that names the low word of the register as a single (numbers above 31 too)."""
    return (x * 16 + V, 0) if sz else (V, x)
