"""Rounding to integral values, in every direction the architecture names, on bits.

Hosts of the feature baseline have no such instruction, and their conversions hold 32 bits only and
raise what ARM does not. So it is integer arithmetic on one value: the fraction behind the point is
looked at, taken away, and the last place before the point added where the direction says so, a
carry into the exponent being right by itself. Exceptions go to the state's own cumulative bits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from frontends.arm32.fp_mode import default_nans, flushed
from frontends.arm32.half import IOC, IXC, away_from_zero, flag, raise_flags
from frontends.arm32.machine import OFFSET, Arm32
from frontends.arm32.vfp_convert import to_integer
from xlate.ir import Value

_RMODE_BIT = 22


@dataclass(frozen=True)
class Format:
    """A binary format: what its bits are."""

    width: int
    fraction_bits: int
    bias: int

    @property
    def sign(self) -> int:
        """The sign bit."""
        return 1 << (self.width - 1)

    @property
    def infinity(self) -> int:
        """Bits of +infinity."""
        return self.power(self.bias + 1)

    @property
    def quiet(self) -> int:
        """The bit that makes a NaN quiet."""
        return 1 << (self.fraction_bits - 1)

    @property
    def default_nan(self) -> int:
        """The positive quiet NaN without payload."""
        return self.infinity | self.quiet

    def power(self, exponent: int) -> int:
        """Bits of 2^exponent."""
        return (exponent + self.bias) << self.fraction_bits


SINGLE, DOUBLE = Format(32, 23, 127), Format(64, 52, 1023)
FORMATS = (SINGLE, DOUBLE)  # by the field sz


@dataclass(frozen=True)
class Split:
    """A magnitude at its point: before it, behind it, and what one half and one are there."""

    before: Value
    behind: Value
    half: Value
    one: Value
    odd: Value  # i1: the integer before the point


Direction = Callable[[Arm32, Value, Split], Value]  # sign (i1): i1 of going up in magnitude


def to_even(m: Arm32, sign: Value, s: Split) -> Value:
    """To nearest, ties to even (N)."""
    return s.half.ult(s.behind) | (s.half.eq(s.behind) & s.odd)


def to_away(m: Arm32, sign: Value, s: Split) -> Value:
    """To nearest, ties away from zero (A)."""
    return s.half.ule(s.behind)


def upward(m: Arm32, sign: Value, s: Split) -> Value:
    """Toward plus infinity (P)."""
    return s.behind.ne(0) & (sign ^ 1)


def downward(m: Arm32, sign: Value, s: Split) -> Value:
    """Toward minus infinity (M)."""
    return s.behind.ne(0) & sign


def to_zero(m: Arm32, sign: Value, s: Split) -> Value:
    """Toward zero (Z)."""
    return m.const(0, 1)


def by_fpscr(m: Arm32, sign: Value, s: Split) -> Value:
    """As FPSCR.RMode says (R, X)."""
    rounding = (m.get_state(OFFSET["fpscr"], "i32") >> _RMODE_BIT) & 3
    directed = s.behind.ne(0) & away_from_zero(sign, rounding)
    return m.select(rounding.eq(0), to_even(m, sign, s), directed)


DIRECTED: tuple[Direction, ...] = (to_away, to_even, upward, downward)  # by the field RM


def _split(m: Arm32, fmt: Format, magnitude: Value) -> Split:
    """Split below 2^fraction_bits: above, there is nothing behind the point.

    The bias is odd, so that the last bit of the exponent of 1 stands for the hidden bit.
    """
    w = fmt.width
    behind_bits = m.const(fmt.bias + fmt.fraction_bits, w) - (magnitude >> fmt.fraction_bits)
    one = m.const(1, w) << behind_bits
    behind = magnitude & (one - 1)
    small = magnitude.ult(fmt.power(0))
    return Split(
        before=m.select(small, m.const(0, w), magnitude - behind),
        behind=m.select(small, magnitude, behind),
        half=m.select(small, m.const(fmt.power(-1), w), one >> 1),
        one=m.select(small, m.const(fmt.power(0), w), one),
        odd=(magnitude & one).ne(0) & (small ^ 1),
    )


def integral(m: Arm32, fmt: Format, bits: Value, how: Direction) -> tuple[Value, Value]:
    """Bits of the integral number that the direction gives, and i1 of its being another number.

    Infinities and NaNs stay as they are.
    """
    magnitude = bits & (fmt.sign - 1)
    sign = bits.slt(0)
    split = _split(m, fmt, magnitude)
    up = how(m, sign, split)
    rounded = split.before + m.select(up, split.one, m.const(0, fmt.width))
    fractional = magnitude.ult(fmt.power(fmt.fraction_bits))
    result = (bits & fmt.sign) | m.select(fractional, rounded, magnitude)
    return result, fractional & split.behind.ne(0)


def is_nan(fmt: Format, bits: Value) -> Value:
    """I1 of a NaN."""
    return bits.block.const(fmt.infinity, fmt.width).ult(bits & (fmt.sign - 1))


def is_loud(fmt: Format, bits: Value) -> Value:
    """I1 of a signalling NaN."""
    return is_nan(fmt, bits) & (bits & fmt.quiet).eq(0)


def operand(m: Arm32, bits: Value) -> Value:
    """FPUnpack of a scalar operand: a denormal may be a zero, which raises IDC."""
    bits, flags = flushed(m, bits)
    raise_flags(m, flags)
    return bits


def round_to_integral(
    m: Arm32, fmt: Format, bits: Value, how: Direction, *, exact: bool, standard: bool = False
) -> Value:
    """FPRoundInt: bits of the integral number; ``exact`` raises IXC for another number.

    ``standard``: in Advanced SIMD's mode, its denormals having been flushed.
    """
    if not standard:
        bits = operand(m, bits)
    number, changed = integral(m, fmt, bits, how)
    nan = m.const(fmt.default_nan, fmt.width)
    if not standard:
        nan = m.select(default_nans(m), nan, bits | fmt.quiet)
    flags = flag(m, is_loud(fmt, bits), IOC)
    raise_flags(m, flags | flag(m, changed, IXC) if exact else flags)
    return m.select(is_nan(fmt, bits), nan, number)


def convert_directed(m: Arm32, fmt: Format, bits: Value, how: Direction, sgn: int) -> Value:
    """FPToFixed without fraction bits in a direction, as saturated i32.

    The conversion itself, which is exact by then, raises IOC; IXC is only for what fits.
    """
    number, changed = integral(m, fmt, bits, how)
    magnitude = number & (fmt.sign - 1)
    if sgn:
        fits = magnitude.ult(fmt.power(31)) | number.eq(fmt.power(31) | fmt.sign)
    else:
        fits = number.ult(fmt.power(32)) | magnitude.eq(0)
    raise_flags(m, flag(m, changed & fits, IXC))
    value = m.block.op("bitcast", number, ty=f"f{fmt.width}")
    return to_integer(m, value, sgn, "zero")
