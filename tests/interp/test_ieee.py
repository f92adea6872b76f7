"""Exact floating-point arithmetic, compared with the host's and with rational numbers."""

from __future__ import annotations

import math
import struct
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.interp import ieee
from backends.interp.ieee import DZC, F32, F64, IOC, IXC, OFC, UFC, FloatMode, Round

doubles = st.one_of(st.floats(width=64), st.integers(0, (1 << 64) - 1).map(lambda b: value(b)))
singles = st.integers(0, (1 << 32) - 1)
modes = st.sampled_from(list(Round))


def bits(x: float) -> int:
    return struct.unpack("<Q", struct.pack("<d", x))[0]


def value(b: int) -> float:
    return struct.unpack("<d", struct.pack("<Q", b))[0]


def same(got: int, expected: float) -> bool:
    """NaNs are all alike here: which one the guest sees is decided by ``nan_fix``."""
    return ieee.is_nan(F64, got) if math.isnan(expected) else got == bits(expected)


@given(a=doubles, b=doubles)
def test_like_the_host_when_rounding_to_nearest(a, b):
    mode = FloatMode()
    assert same(ieee.add(F64, mode, bits(a), bits(b)), a + b)
    assert same(ieee.sub(F64, mode, bits(a), bits(b)), a - b)
    assert same(ieee.mul(F64, mode, bits(a), bits(b)), a * b)
    if b != 0:
        assert same(ieee.div(F64, mode, bits(a), bits(b)), a / b)
    if a >= 0:
        assert same(ieee.sqrt(F64, mode, bits(a)), math.sqrt(a))
    expected = 3 if math.isnan(a) or math.isnan(b) else 1 + (a > b) - (a < b)
    assert ieee.compare(F64, mode, bits(a), bits(b), signal=False) == expected


def exact(fmt: ieee.Format, b: int) -> Fraction:
    sign, mantissa, exponent = ieee.unpack(fmt, b)
    return (-1) ** sign * mantissa * Fraction(2) ** exponent


def neighbour(fmt: ieee.Format, b: int, up: bool) -> int:
    """The next number toward plus (or minus) infinity."""
    negative = bool(b & fmt.sign_bit)
    if b & ~fmt.sign_bit == 0:
        return 1 if up else fmt.sign_bit | 1
    return b + 1 if up != negative else b - 1


@given(a=singles, b=singles, how=modes, op=st.sampled_from(["add", "sub", "mul", "div"]))
def test_every_rounding_mode_brackets_the_exact_result(a, b, how, op):
    mode = FloatMode(how)
    got = getattr(ieee, op)(F32, mode, a, b)
    special = any(ieee.is_nan(F32, x) or ieee.is_infinite(F32, x) for x in (a, b, got))
    if special or (op == "div" and b & 0x7FFFFFFF == 0):
        return
    x, y, z = exact(F32, a), exact(F32, b), exact(F32, got)
    wanted = {"add": x + y, "sub": x - y, "mul": x * y, "div": x / y if y else x}[op]
    assert bool(mode.flags & IXC) == (z != wanted)
    if how is Round.DOWN or (how is Round.ZERO and wanted > 0):
        assert z <= wanted
    elif how is Round.UP or (how is Round.ZERO and wanted < 0):
        assert z >= wanted
    if z != wanted:
        other = neighbour(F32, got, up=z < wanted)
        if not ieee.is_infinite(F32, other):
            assert (z < wanted) == (exact(F32, other) > wanted)
            if how is Round.NEAREST:
                gap = abs(z - wanted) - abs(exact(F32, other) - wanted)
                assert gap < 0 or (gap == 0 and got & 1 == 0)


@pytest.mark.parametrize(
    ("op", "a", "b", "result", "flags"),
    [
        ("add", 0x7F7FFFFF, 0x7F7FFFFF, 0x7F800000, OFC | IXC),
        ("mul", 0x00800000, 0x3F000000, 0x00400000, 0),
        ("mul", 0x00800001, 0x3F000000, 0x00400000, UFC | IXC),
        ("div", 0x3F800000, 0x00000000, 0x7F800000, DZC),
        ("div", 0x00000000, 0x00000000, 0x7FC00000, IOC),
        ("sub", 0x7F800000, 0x7F800000, 0x7FC00000, IOC),
        ("mul", 0x7F800000, 0x00000000, 0x7FC00000, IOC),
        ("add", 0x7F800001, 0x3F800000, 0x7FC00000, IOC),
        ("add", 0x7FC00001, 0x3F800000, 0x7FC00000, 0),
        ("sub", 0x3F800000, 0x3F800000, 0x00000000, 0),
    ],
)
def test_exceptions(op, a, b, result, flags):
    mode = FloatMode()
    assert getattr(ieee, op)(F32, mode, a, b) == result
    assert mode.flags == flags


@pytest.mark.parametrize(
    ("how", "result"),
    [
        (Round.NEAREST, 0x7F800000),
        (Round.UP, 0x7F800000),
        (Round.DOWN, 0x7F7FFFFF),
        (Round.ZERO, 0x7F7FFFFF),
    ],
)
def test_overflow_goes_where_the_mode_says(how, result):
    assert ieee.add(F32, FloatMode(how), 0x7F7FFFFF, 0x7F7FFFFF) == result


def test_exact_zero_sum_is_minus_zero_only_when_rounding_down():
    assert ieee.sub(F32, FloatMode(Round.DOWN), 0x3F800000, 0x3F800000) == 0x80000000


@given(a=doubles, how=modes, is_signed=st.booleans())
def test_to_integer(a, how, is_signed):
    mode = FloatMode()
    got = ieee.to_integer(F64, mode, bits(a), 32, signed=is_signed, how=how)
    low, high = (-(1 << 31), (1 << 31) - 1) if is_signed else (0, (1 << 32) - 1)
    if math.isnan(a):
        assert (got, mode.flags) == (0, IOC)
        return
    if math.isinf(a):
        assert (got, mode.flags) == (low if a < 0 else high, IOC)
        return
    rounded = {
        Round.NEAREST: round,
        Round.UP: math.ceil,
        Round.DOWN: math.floor,
        Round.ZERO: math.trunc,
    }[how](a)
    inside = low <= rounded <= high
    assert got == min(max(rounded, low), high)
    assert mode.flags == ((IXC if rounded != a else 0) if inside else IOC)


@given(a=st.integers(-(1 << 31), (1 << 32) - 1))
def test_from_integer(a):
    mode = FloatMode()
    assert ieee.from_integer(F64, mode, a) == bits(float(a))
    assert ieee.from_integer(F32, mode, a) == ieee.convert(F64, F32, FloatMode(), bits(float(a)))


@given(a=doubles)
def test_narrowing_is_the_hosts(a):
    if not math.isnan(a) and abs(a) < 3.4e38:
        expected = struct.unpack("<I", struct.pack("<f", a))[0]
        assert ieee.convert(F64, F32, FloatMode(), bits(a)) == expected


@given(b=singles)
def test_widening_and_back_changes_nothing_but_quiet_bits(b):
    mode = FloatMode()
    back = ieee.convert(F64, F32, mode, ieee.convert(F32, F64, mode, b))
    assert back == (b | F32.quiet_bit if ieee.is_nan(F32, b) else b)
    assert mode.flags == (IOC if ieee.is_signalling(F32, b) else 0)
