"""What IEEE 754 fixes to the last bit is right under xlate-run, by fractions instead of hardware.

The program (``corpus/programs/correct_rounding.c``) prints operands and results in four rounding
modes; here the exact result is a fraction and is rounded by integer arithmetic. No processor and
no emulator is asked. fma, fmod and remainder are glibc's own code, of which fma works with the
rounding mode and the inexact flag; the others are single instructions.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

from corpus import build
from tests.run.conftest import Runner

ROWS = 60


@dataclass(frozen=True)
class Format:
    """A binary format: bits of a significand, exponents of the least normal and largest number."""

    precision: int
    least: int
    largest: int


DOUBLE, SINGLE = Format(53, -1022, 1023), Format(24, -126, 127)
Exact = Callable[[Fraction, Fraction, Fraction], Fraction]
OPERATIONS: dict[str, Exact] = {
    "add": lambda a, b, c: a + b,
    "mul": lambda a, b, c: a * b,
    "div": lambda a, b, c: a / b,
    "fma": lambda a, b, c: a * b + c,
    "fmod": lambda a, b, c: a - b * math.trunc(a / b),
    "remainder": lambda a, b, c: a - b * round(a / b),
    "to": lambda a, b, c: a,
}


def up(rest: Fraction, odd: bool, negative: bool, mode: str) -> bool:
    """Say whether a magnitude is rounded up, of which a part of the last place is left."""
    if mode == "n":
        return rest > Fraction(1, 2) or (rest == Fraction(1, 2) and odd)
    return rest > 0 and mode == ("m" if negative else "p")


def place(x: Fraction, form: Format) -> int:
    """Return the exponent of the last place that a magnitude has."""
    exponent = x.numerator.bit_length() - x.denominator.bit_length()
    while Fraction(2) ** exponent > x:
        exponent -= 1
    while Fraction(2) ** (exponent + 1) <= x:
        exponent += 1
    return max(exponent, form.least) - form.precision + 1


def rounded(x: Fraction, form: Format, mode: str, zero: float) -> float:
    """Return the number of the format; ``zero`` is what an exact zero is."""
    if x == 0:
        return zero
    last = place(abs(x), form)
    scaled = abs(x) / Fraction(2) ** last
    whole = math.floor(scaled)
    whole += up(scaled - whole, bool(whole & 1), x < 0, mode)
    return limited(whole, last, form, mode, -1.0 if x < 0 else 1.0)


def limited(whole: int, last: int, form: Format, mode: str, sign: float) -> float:
    """Return whole x 2^last, or what overflow gives: infinity or the largest number."""
    largest = (2**form.precision - 1, form.largest - form.precision + 1)
    if whole * Fraction(2) ** last <= largest[0] * Fraction(2) ** largest[1]:
        return math.copysign(math.ldexp(whole, last), sign)
    toward = mode == "n" or mode == ("p" if sign > 0 else "m")
    return sign * (math.inf if toward else math.ldexp(*largest))


def root(x: Fraction, form: Format, mode: str) -> float:
    """Return the square root of a positive number, rounded."""
    exponent = (x.numerator.bit_length() - x.denominator.bit_length()) // 2 - form.precision - 2
    last = exponent + exponent % 2
    scaled = x / Fraction(4) ** last
    whole = math.isqrt(math.floor(scaled))
    # Half a place, where something is left, tells as much as the root itself.
    more = Fraction(1, 2) if whole * whole != scaled else 0
    return rounded((whole + more) * Fraction(2) ** last, form, mode, 0.0)


def expected(what: str, mode: str, a: float, b: float, c: float) -> float:
    """Return the result that IEEE 754 wants."""
    form = SINGLE if what.endswith("f") else DOUBLE
    name = what.removesuffix("f")
    if math.isinf(c):
        return c
    if name == "sqrt":
        return root(Fraction(a), form, mode)
    zero = math.copysign(0.0, a) if name in ("fmod", "remainder") else -0.0 if mode == "m" else 0.0
    return rounded(OPERATIONS[name](Fraction(a), Fraction(b or 1), Fraction(c)), form, mode, zero)


def wrong(line: str) -> str:
    """Return what is wrong with a line of the program, or nothing."""
    what, mode, *operands, result = line.split()
    want = expected(what, mode, *map(float.fromhex, operands))
    bits = struct.pack("<d", float.fromhex(result))
    return "" if bits == struct.pack("<d", want) else f"{line}: not {want.hex()}"


@pytest.mark.parametrize("mode", ["thumb", "arm"])
def test_results_are_rounded_correctly(
    mode: str, runner: Runner, guest_cc: list[str], tmp_path: Path
) -> None:
    program = next(p for p in build.programs() if p.name == "correct_rounding")
    if program.zig_differs and build.is_zig(guest_cc):
        pytest.skip(program.zig_differs)
    case = build.Case("many", (str(ROWS),), "", {}, (mode,), 0, b"")
    binary = build.build(program, mode, guest_cc)
    lines = build.run_case(runner.words, binary, case, cwd=tmp_path).stdout.decode().splitlines()
    assert len(lines) == 4 * ROWS * 15
    assert [found for line in lines if (found := wrong(line))] == []


def test_a_wrong_last_bit_is_seen() -> None:
    """The check itself: of two neighbours one is right, and it depends on the mode."""
    one, tiny = (1.0).hex(), (2.0**-60).hex()
    above = math.nextafter(1.0, 2.0).hex()
    assert not wrong(f"add n {one} {tiny} 0x0p+0 {one}")
    assert wrong(f"add n {one} {tiny} 0x0p+0 {above}")
    assert not wrong(f"add p {one} {tiny} 0x0p+0 {above}")
    assert wrong(f"add p {one} {tiny} 0x0p+0 {one}")
    assert wrong(f"sqrt n {(2.0).hex()} 0x0p+0 0x0p+0 {math.nextafter(2**0.5, 2).hex()}")
    assert not wrong(f"sqrt n {(2.0).hex()} 0x0p+0 0x0p+0 {(2**0.5).hex()}")
    assert not wrong("add n 0x1p+0 -0x1p+0 0x0p+0 0x0p+0")
    assert not wrong("add m 0x1p+0 -0x1p+0 0x0p+0 -0x0p+0")
