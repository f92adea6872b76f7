"""IEEE 754 arithmetic on bit patterns, exact in every rounding mode, with flags.

A finite number is sign, mantissa (any Python int) and exponent; operations are exact, or carry
a sticky low bit, and are rounded once at the end. Underflow is found before rounding, as ARM
does. A NaN result is the default NaN here: which NaN the guest sees is the business of the
operation ``nan_fix``. With ``flush`` denormal operands are zeros with their sign (IDC), and so are
results that are tiny before they are rounded (UFC, and nothing else).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from math import isqrt
from typing import NamedTuple

IOC, DZC, OFC, UFC, IXC, IDC = 1, 2, 4, 8, 16, 128


class Round(IntEnum):
    """FPSCR.RMode."""

    NEAREST = 0
    UP = 1
    DOWN = 2
    ZERO = 3


@dataclass
class FloatMode:
    """Rounding mode, cumulative exceptions, FPSCR.FZ and FPSCR.DN of a thread."""

    round: Round = Round.NEAREST
    flags: int = 0
    flush: bool = False
    default_nan: bool = False


class Format(NamedTuple):
    """A binary interchange format: bits, precision (hidden bit included), exponent range."""

    width: int
    precision: int
    emax: int

    @property
    def emin(self) -> int:
        """Exponent of the smallest normal number."""
        return 1 - self.emax

    @property
    def fraction_mask(self) -> int:
        """The stored fraction bits."""
        return (1 << (self.precision - 1)) - 1

    @property
    def infinity(self) -> int:
        """Bits of plus infinity: also the mask of the exponent field."""
        return (2 * self.emax + 1) << (self.precision - 1)

    @property
    def sign_bit(self) -> int:
        """Bits of minus zero."""
        return 1 << (self.width - 1)

    @property
    def quiet_bit(self) -> int:
        """The bit of a NaN that makes it quiet."""
        return 1 << (self.precision - 2)

    @property
    def default_nan(self) -> int:
        """The positive quiet NaN without payload."""
        return self.infinity | self.quiet_bit


F32 = Format(32, 24, 127)
F64 = Format(64, 53, 1023)


class Number(NamedTuple):
    """A finite number: (-1)^sign * mantissa * 2^exponent."""

    sign: int
    mantissa: int
    exponent: int


def is_nan(fmt: Format, bits: int) -> bool:
    """Any NaN."""
    return bits & ~fmt.sign_bit > fmt.infinity


def is_signalling(fmt: Format, bits: int) -> bool:
    """A NaN whose quiet bit is clear."""
    return is_nan(fmt, bits) and not bits & fmt.quiet_bit


def is_infinite(fmt: Format, bits: int) -> bool:
    """Either infinity."""
    return bits & ~fmt.sign_bit == fmt.infinity


def flushed(fmt: Format, mode: FloatMode, bits: int) -> int:
    """An operand as arithmetic sees it: a denormal is a zero where the mode says so."""
    if not mode.flush or bits & fmt.infinity or not bits & fmt.fraction_mask:
        return bits
    mode.flags |= IDC
    return bits & fmt.sign_bit


def unpack(fmt: Format, bits: int) -> Number:
    """Return the number that finite ``bits`` stand for."""
    biased = (bits & fmt.infinity) >> (fmt.precision - 1)
    mantissa = bits & fmt.fraction_mask
    if biased:
        mantissa |= 1 << (fmt.precision - 1)
    return Number(bits >> (fmt.width - 1), mantissa, max(biased, 1) + fmt.emin - fmt.precision)


def rounds_away(mode: Round, sign: int, kept: int, rest: int, half: int) -> bool:
    """Decide whether ``kept`` goes up by one when ``rest`` is cut off."""
    if mode is Round.NEAREST:
        return rest > half or (rest == half and kept & 1 == 1)
    if mode is Round.ZERO:
        return False
    return rest != 0 and bool(sign) == (mode is Round.DOWN)


def pack(fmt: Format, mode: FloatMode, number: Number) -> int:
    """Round an exact number (or one with a sticky low bit) to ``fmt`` and set the flags."""
    sign, mantissa, exponent = number
    sign_bits = sign << (fmt.width - 1)
    if mantissa == 0:
        return sign_bits
    leading = exponent + mantissa.bit_length() - 1
    if mode.flush and leading < fmt.emin:
        mode.flags |= UFC
        return sign_bits
    ulp = max(leading, fmt.emin) - (fmt.precision - 1)
    shift = ulp - exponent
    rest = 0
    if shift <= 0:
        kept = mantissa << -shift
    else:
        kept = mantissa >> shift
        rest = mantissa & ((1 << shift) - 1)
        kept += rounds_away(mode.round, sign, kept, rest, 1 << (shift - 1))
    if rest:
        mode.flags |= IXC | (UFC if leading < fmt.emin else 0)
    if kept.bit_length() > fmt.precision:
        kept >>= 1
        ulp += 1
    if kept.bit_length() == fmt.precision and ulp + fmt.precision - 1 > fmt.emax:
        return sign_bits | _overflow(fmt, mode, sign)
    # A subnormal has no hidden bit, so its biased exponent comes out as 0 from the same sum.
    biased = ulp + fmt.precision - 1 - fmt.emin
    return sign_bits | ((biased << (fmt.precision - 1)) + kept)


def _overflow(fmt: Format, mode: FloatMode, sign: int) -> int:
    mode.flags |= OFC | IXC
    to_infinity = mode.round is Round.NEAREST or mode.round is (Round.DOWN if sign else Round.UP)
    return fmt.infinity if to_infinity else fmt.infinity - 1


def _invalid(fmt: Format, mode: FloatMode) -> int:
    mode.flags |= IOC
    return fmt.default_nan


def _any_nan(fmt: Format, mode: FloatMode, *operands: int) -> bool:
    """Say whether a NaN comes in; a signalling one raises invalid."""
    if any(is_signalling(fmt, x) for x in operands):
        mode.flags |= IOC
    return any(is_nan(fmt, x) for x in operands)


def add(fmt: Format, mode: FloatMode, a: int, b: int) -> int:
    """A + b."""
    a, b = (flushed(fmt, mode, x) for x in (a, b))
    if _any_nan(fmt, mode, a, b):
        return fmt.default_nan
    if is_infinite(fmt, a) or is_infinite(fmt, b):
        if is_infinite(fmt, a) and is_infinite(fmt, b) and a != b:
            return _invalid(fmt, mode)
        return a if is_infinite(fmt, a) else b
    x, y = unpack(fmt, a), unpack(fmt, b)
    exponent = min(x.exponent, y.exponent)
    total = sum((-n.mantissa if n.sign else n.mantissa) << (n.exponent - exponent) for n in (x, y))
    if total == 0:
        same = x.sign if x.sign == y.sign else int(mode.round is Round.DOWN)
        return same << (fmt.width - 1)
    return pack(fmt, mode, Number(int(total < 0), abs(total), exponent))


def sub(fmt: Format, mode: FloatMode, a: int, b: int) -> int:
    """A - b."""
    return add(fmt, mode, a, b if is_nan(fmt, b) else b ^ fmt.sign_bit)


def mul(fmt: Format, mode: FloatMode, a: int, b: int) -> int:
    """A * b."""
    a, b = (flushed(fmt, mode, x) for x in (a, b))
    if _any_nan(fmt, mode, a, b):
        return fmt.default_nan
    sign = (a ^ b) & fmt.sign_bit
    if is_infinite(fmt, a) or is_infinite(fmt, b):
        if not a & ~fmt.sign_bit or not b & ~fmt.sign_bit:
            return _invalid(fmt, mode)
        return sign | fmt.infinity
    x, y = unpack(fmt, a), unpack(fmt, b)
    product = Number(x.sign ^ y.sign, x.mantissa * y.mantissa, x.exponent + y.exponent)
    return pack(fmt, mode, product)


def fma(fmt: Format, mode: FloatMode, a: int, b: int, c: int, *, mark: bool = False) -> int:
    """A * b + c rounded once, without NaNs; ``mark``: what is tiny is its sign and a 1."""
    a, b, c = (flushed(fmt, mode, x) for x in (a, b, c))
    product = (a ^ b) & fmt.sign_bit
    if is_infinite(fmt, a) or is_infinite(fmt, b):
        nothing = not a & ~fmt.sign_bit or not b & ~fmt.sign_bit
        if nothing or (is_infinite(fmt, c) and c & fmt.sign_bit != product):
            return _invalid(fmt, mode)
        return product | fmt.infinity
    if is_infinite(fmt, c):
        return c
    x, y, z = unpack(fmt, a), unpack(fmt, b), unpack(fmt, c)
    exponent = min(x.exponent + y.exponent, z.exponent)
    total = (x.mantissa * y.mantissa) << (x.exponent + y.exponent - exponent)
    addend = z.mantissa << (z.exponent - exponent)
    total = (-total if product else total) + (-addend if z.sign else addend)
    if total == 0:
        same = product == c & fmt.sign_bit
        return product if same else fmt.sign_bit * (mode.round is Round.DOWN)
    if mark and exponent + abs(total).bit_length() - 1 < fmt.emin:
        return fmt.sign_bit * (total < 0) | 1
    return pack(fmt, mode, Number(int(total < 0), abs(total), exponent))


def div(fmt: Format, mode: FloatMode, a: int, b: int) -> int:
    """A / b."""
    a, b = (flushed(fmt, mode, x) for x in (a, b))
    if _any_nan(fmt, mode, a, b):
        return fmt.default_nan
    sign = (a ^ b) & fmt.sign_bit
    if is_infinite(fmt, a):
        return _invalid(fmt, mode) if is_infinite(fmt, b) else sign | fmt.infinity
    if is_infinite(fmt, b):
        return sign
    x, y = unpack(fmt, a), unpack(fmt, b)
    if y.mantissa == 0:
        if x.mantissa == 0:
            return _invalid(fmt, mode)
        mode.flags |= DZC
        return sign | fmt.infinity
    extra = 2 * fmt.precision + 2
    quotient, rest = divmod(x.mantissa << extra, y.mantissa)
    exact = Number(
        x.sign ^ y.sign, quotient << 1 | (rest != 0), x.exponent - y.exponent - extra - 1
    )
    return pack(fmt, mode, exact)


def sqrt(fmt: Format, mode: FloatMode, a: int) -> int:
    """Square root; that of -0 is -0."""
    a = flushed(fmt, mode, a)
    if _any_nan(fmt, mode, a):
        return fmt.default_nan
    if not a & ~fmt.sign_bit:
        return a
    if a & fmt.sign_bit:
        return _invalid(fmt, mode)
    if is_infinite(fmt, a):
        return a
    x = unpack(fmt, a)
    shift = 2 * fmt.precision + 4 + (x.exponent & 1)
    wide = x.mantissa << shift
    root = isqrt(wide)
    sticky = root << 1 | (root * root != wide)
    return pack(fmt, mode, Number(0, sticky, (x.exponent - shift) // 2 - 1))


def compare(fmt: Format, mode: FloatMode, a: int, b: int, *, signal: bool) -> int:
    """0 less, 1 equal, 2 greater, 3 unordered; ``signal``: a quiet NaN raises invalid too."""
    a, b = (flushed(fmt, mode, x) for x in (a, b))
    if _any_nan(fmt, mode, a, b):
        if signal:
            mode.flags |= IOC
        return 3
    x, y = (-(v ^ fmt.sign_bit) if v & fmt.sign_bit else v for v in (a, b))
    return 1 + (x > y) - (x < y)


def convert(source: Format, target: Format, mode: FloatMode, a: int) -> int:
    """Between formats; a NaN keeps sign and top payload bits and becomes quiet, or the default."""
    a = flushed(source, mode, a)
    sign = (a >> (source.width - 1)) << (target.width - 1)
    if is_nan(source, a):
        _any_nan(source, mode, a)
        if mode.default_nan:
            return target.default_nan
        shift = target.precision - source.precision
        payload = a & source.fraction_mask
        payload = payload << shift if shift >= 0 else payload >> -shift
        return sign | target.infinity | target.quiet_bit | payload
    if is_infinite(source, a):
        return sign | target.infinity
    return pack(target, mode, unpack(source, a))


def to_integer(fmt: Format, mode: FloatMode, a: int, bits: int, *, signed: bool, how: Round) -> int:
    """Nearest integer by ``how``, saturated to ``bits``; 0 for a NaN. Negative as a Python int."""
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    if is_nan(fmt, a):
        mode.flags |= IOC
        return 0
    if is_infinite(fmt, a):
        mode.flags |= IOC
        return low if a & fmt.sign_bit else high
    sign, mantissa, exponent = unpack(fmt, flushed(fmt, mode, a))
    rest = 0
    if exponent >= 0:
        kept = mantissa << exponent
    else:
        kept, rest = mantissa >> -exponent, mantissa & ((1 << -exponent) - 1)
        kept += rounds_away(how, sign, kept, rest, 1 << (-exponent - 1))
    value = -kept if sign else kept
    if not low <= value <= high:
        mode.flags |= IOC
        return low if sign else high
    mode.flags |= IXC if rest else 0
    return value


def from_integer(fmt: Format, mode: FloatMode, value: int) -> int:
    """The Python int ``value`` in ``fmt``; zero is +0."""
    return pack(fmt, mode, Number(int(value < 0), abs(value), 0))
