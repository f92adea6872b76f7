"""Half precision: conversions from and to single and double precision, on bits.

The host of the feature baseline has none, so a conversion is integer arithmetic on one value, and its
exceptions go to the state's own cumulative bits. Half-precision denormals are never flushed. With
FPSCR.AHP the format has no infinities and no NaNs, but one more exponent.
"""

from __future__ import annotations

from dataclasses import dataclass

from frontends.arm32.fp_mode import default_nans, flushed
from frontends.arm32.machine import OFFSET, Arm32
from xlate.ir import Value

AHP_BIT, RMODE_BIT = 26, 22
IOC, OFC, UFC, IXC = 1, 4, 8, 16
_INFINITY, _LARGEST, _QUIET = 0x7C00, 0x7BFF, 0x200
_ALTERNATIVE_LARGEST = 0x7FFF
_SINGLE_INFINITY, _SINGLE_QUIET, _DEFAULT_NAN = 0x7F800000, 0x00400000, 0x7FC00000
_LEAST_NORMAL = 0x38800000  # 2^-14, in single precision


@dataclass(frozen=True)
class Mode:
    """How conversions are done: FPSCR.AHP as i1; rounding as i32 and FPSCR.DN as i1.

    None for both is the standard mode: to nearest, with default NaNs.
    """

    alternative: Value
    rounding: Value | None
    default_nan: Value | None

    def nan(self, m: Arm32, default: int, kept: Value) -> Value:
        """The default NaN, or the one kept."""
        if self.default_nan is None:
            return m.const(default)
        return m.select(self.default_nan, m.const(default), kept)


def mode_of(m: Arm32, *, standard: bool) -> Mode:
    """Mode by FPSCR, or the standard one of Advanced SIMD, which has FPSCR's AHP too."""
    fpscr = m.get_state(OFFSET["fpscr"], "i32")
    alternative = (fpscr >> AHP_BIT).trunc(1)
    if standard:
        return Mode(alternative, None, None)
    return Mode(alternative, (fpscr >> RMODE_BIT) & 3, default_nans(m))


def raise_flags(m: Arm32, flags: Value) -> None:
    """FPSCR's cumulative bits |= flags."""
    m.set_state(OFFSET["qc"], m.get_state(OFFSET["qc"], "i32") | flags)


def flag(m: Arm32, when: Value, flags: int) -> Value:
    """The flags where the i1 is 1."""
    return m.select(when, m.const(flags), m.const(0))


def single_of_half(m: Arm32, half: Value, mode: Mode) -> tuple[Value, Value]:
    """Bits of the single (i32) that a half (i32) is, and flags."""
    sign, magnitude = (half & 0x8000) << 16, half & 0x7FFF
    special = m.const(_INFINITY - 1).ult(magnitude) & (mode.alternative ^ 1)
    nan = m.const(_INFINITY).ult(magnitude) & special
    normal = (magnitude << 13) + (112 << 23)
    infinite = m.select(nan, (magnitude << 13) | (_SINGLE_INFINITY | _SINGLE_QUIET),
                        m.const(_SINGLE_INFINITY))  # fmt: skip
    leading = m.block.op("clz", magnitude)  # a denormal's first bit becomes the hidden one
    denormal = ((magnitude << (leading - 8)) & 0x7FFFFF) | ((m.const(134) - leading) << 23)
    number = m.select(magnitude.ult(0x400), denormal, normal)
    number = m.select(magnitude.eq(0), magnitude, number)
    result = sign | m.select(special, infinite, number)
    result = m.select(nan, mode.nan(m, _DEFAULT_NAN, result), result)
    return result, flag(m, nan & (magnitude & _QUIET).eq(0), IOC)


def half_of_single(m: Arm32, single: Value, mode: Mode) -> tuple[Value, Value]:
    """Bits of the half (i32) nearest to a single (i32) that is no denormal to flush, and flags."""
    sign, magnitude = (single >> 16) & 0x8000, single & 0x7FFFFFFF
    number, flags = _rounded(m, sign, magnitude, mode)
    infinite = m.select(mode.alternative, m.const(_ALTERNATIVE_LARGEST), m.const(_INFINITY))
    special = m.const(_SINGLE_INFINITY - 1).ult(magnitude)
    result = m.select(special, infinite, number)
    flags = m.select(special, flag(m, mode.alternative, IOC), flags)
    nan = m.const(_SINGLE_INFINITY).ult(magnitude)
    signalling = nan & (magnitude & _SINGLE_QUIET).eq(0)
    quiet = _INFINITY | _QUIET
    payload = mode.nan(m, quiet, m.const(quiet) | ((magnitude >> 13) & 0x1FF))
    result = m.select(nan, m.select(mode.alternative, m.const(0), payload), result)
    unsigned = m.select(nan & (mode.alternative ^ 1), mode.nan(m, 0, sign), sign)
    return unsigned | result, flags | flag(m, signalling, IOC)


def single_to_odd(m: Arm32, double: Value) -> Value:
    """Bits of a single (i32) that rounds to the half that the double (i64) rounds to.

    Its last bit is 1 where bits were lost, and it goes to the next number that is far beyond
    the halves where a double is. A NaN stays one of its kind.
    """
    magnitude = double & ((1 << 63) - 1)
    lost = (magnitude & ((1 << 29) - 1)).ne(0)
    less_bias = (magnitude >> 29) - ((1023 - 127) << 23)
    number = less_bias.trunc(32) | flag(m, lost, 1)
    tiny = magnitude.ult((1023 - 126) << 52)
    number = m.select(tiny, flag(m, magnitude.ne(0), 1), number)
    huge = m.const(((1023 + 128) << 52) - 1, 64).ult(magnitude)
    number = m.select(huge, m.const(_SINGLE_INFINITY - 1), number)
    special = (magnitude >> 29).trunc(32) & 0x7FFFFF | flag(m, lost, 1) | _SINGLE_INFINITY
    number = m.select(m.const((0x7FF << 52) - 1, 64).ult(magnitude), special, number)
    return number | ((double >> 32).trunc(32) & 0x80000000)


def half_by_fpscr(m: Arm32, bits: Value, mode: Mode) -> tuple[Value, Value]:
    """The half of a single (i32) or double (i64) by FPSCR, and flags.

    A denormal operand is flushed as FPSCR.FZ says, while one that comes out never is.
    """
    bits, flags = flushed(m, bits)
    single = bits if bits.ty == "i32" else single_to_odd(m, bits)
    value, more = half_of_single(m, single, mode)
    return value, flags | more


def _rounded(m: Arm32, sign: Value, magnitude: Value, mode: Mode) -> tuple[Value, Value]:
    """Magnitude of a half, rounded once, and flags; what is not a number comes out as anything."""
    exponent = magnitude >> 23
    fraction = (magnitude & 0x7FFFFF) | flag(m, exponent.ne(0), 0x800000)
    # Below the least normal half the last place stays where it is: more bits go.
    more = m.select(exponent.ult(113), m.const(113) - exponent, m.const(0))
    more = m.select(more.ult(18), more, m.const(18))
    gone = more + 13
    kept = fraction >> gone
    rest = fraction & ((m.const(1) << gone) - 1)
    above = m.select(exponent.ult(113), m.const(0), exponent - 113) << 10
    result = above + kept + _up(m, sign, kept, rest, m.const(1) << (gone - 1), mode).zext(32)
    inexact = rest.ne(0)
    tiny = inexact & magnitude.ult(_LEAST_NORMAL)
    flags = flag(m, inexact, IXC) | flag(m, tiny, UFC)
    limit = m.select(mode.alternative, m.const(_ALTERNATIVE_LARGEST), m.const(_LARGEST))
    over = limit.ult(result)
    instead = m.select(mode.alternative, m.const(IOC), m.const(OFC | IXC))
    return m.select(over, _overflow(m, sign, mode), result), m.select(over, instead, flags)


def _up(m: Arm32, sign: Value, kept: Value, rest: Value, half: Value, mode: Mode) -> Value:
    """i1: the number kept goes up by one."""
    nearest = half.ult(rest) | (rest.eq(half) & kept.trunc(1))
    if mode.rounding is None:
        return nearest
    directed = rest.ne(0) & away_from_zero(sign, mode.rounding)
    return m.select(mode.rounding.eq(0), nearest, directed)


def away_from_zero(sign: Value, rounding: Value) -> Value:
    """i1: a directed mode (1 up, 2 down, 3 to zero) goes away from zero for this sign."""
    negative = sign.ne(0)
    return (rounding.eq(1) & (negative ^ 1)) | (rounding.eq(2) & negative)


def _overflow(m: Arm32, sign: Value, mode: Mode) -> Value:
    result = m.const(_INFINITY)
    if mode.rounding is not None:
        infinite = mode.rounding.eq(0) | away_from_zero(sign, mode.rounding)
        result = m.select(infinite, result, m.const(_LARGEST))
    return m.select(mode.alternative, m.const(_ALTERNATIVE_LARGEST), result)
