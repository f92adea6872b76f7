"""Lowering of fused multiply-add: integers, since hosts of the feature baseline have none.

Product and addend are brought to one exponent in 128 bits, with a sticky bit for what falls off,
and their sum is rounded once, by MXCSR's mode. Exceptions are put into MXCSR as the host's own are.
Tininess is found before rounding, as ARM does.
"""

from __future__ import annotations

from dataclasses import dataclass

from backends.llvm.modal import DN, FZ, mode_is, operand
from backends.llvm.text import Text, args_of, arm, llvm_type, mxcsr_read, mxcsr_written
from xlate.ir import Op
from xlate.ir.block import WIDTHS

IE, OE, UE, PE = 1, 8, 16, 32  # of MXCSR
_PRECISION = {32: 24, 64: 53}
_GONE = -16384  # exponent of a zero: less than any


@dataclass(frozen=True)
class _Operand:
    """Bits of an operand and what it is: LLVM operands, predicates as i1."""

    bits: str
    magnitude: str
    sign: str
    nan: str
    signalling: str
    infinite: str
    zero: str


class _Fused:
    """The lowering in one format; every method appends lines and returns operands."""

    def __init__(self, t: Text, width: int) -> None:
        self.t = t
        self.width = width
        self.precision = _PRECISION[width]
        self.fraction = (1 << (self.precision - 1)) - 1
        self.infinity = ((1 << (width - self.precision)) - 1) << (self.precision - 1)
        self.quiet = 1 << (self.precision - 2)
        self.guard = 125 - 2 * self.precision

    # Shorthand: one line each.
    def op(self, name: str, ty: str, a: str, b: str | int) -> str:
        """Append an instruction of two operands."""
        return self.t.new(f"{name} {ty} {a}, {b}")

    def of(self, name: str, a: str, b: str | int) -> str:
        """The same on integers of the format's width."""
        return self.op(name, f"i{self.width}", a, b)

    def both(self, a: str, b: str) -> str:
        """I1 a and b."""
        return self.op("and", "i1", a, b)

    def either(self, *values: str) -> str:
        """I1 or of all."""
        found = values[0]
        for value in values[1:]:
            found = self.op("or", "i1", found, value)
        return found

    def no(self, a: str) -> str:
        """I1 complement."""
        return self.op("xor", "i1", a, "true")

    def pick(self, when: str, ty: str, a: str | int, b: str | int) -> str:
        """Select."""
        return self.t.new(f"select i1 {when}, {ty} {a}, {ty} {b}")

    def number(self, when: str, a: str | int, b: str | int) -> str:
        """Select of the format's width."""
        return self.pick(when, f"i{self.width}", a, b)

    def wide(self, a: str) -> str:
        """Zero-extend from the format's width to 128 bits."""
        return self.t.new(f"zext i{self.width} {a} to i128")

    def count(self, a: str) -> str:
        """Zero-extend or cut from the format's width to an i32."""
        return a if self.width == 32 else self.t.new(f"trunc i{self.width} {a} to i32")

    def most(self, a: str, b: str | int, name: str = "smax") -> str:
        """Greater (or less) of two i32."""
        return self.t.new(f"call i32 @llvm.{name}.i32(i32 {a}, i32 {b})")

    def operand(self, value: str, ty: str) -> _Operand:
        """Look at one operand."""
        bits = self.t.new(f"bitcast {ty} {value} to i{self.width}")
        magnitude = self.of("and", bits, (1 << (self.width - 1)) - 1)
        nan = self.of("icmp ugt", magnitude, self.infinity)
        loud = self.of("icmp eq", self.of("and", bits, self.quiet), 0)
        return _Operand(
            bits,
            magnitude,
            self.of("icmp slt", bits, 0),
            nan,
            self.both(nan, loud),
            self.of("icmp eq", magnitude, self.infinity),
            self.of("icmp eq", magnitude, 0),
        )

    def parts(self, x: _Operand) -> tuple[str, str]:
        """Mantissa with its first bit in place, and biased exponent (i32), of a finite number."""
        field = self.count(self.of("lshr", x.magnitude, self.precision - 1))
        normal = self.op("icmp ne", "i32", field, 0)
        fraction = self.of("and", x.magnitude, self.fraction)
        mantissa = self.of("or", fraction, self.number(normal, self.fraction + 1, 0))
        ty = f"i{self.width}"
        zeros = self.t.new(f"call {ty} @llvm.ctlz.{ty}({ty} {mantissa}, i1 false)")
        left = self.of("sub", zeros, self.width - self.precision)
        left = self.number(x.zero, 0, left)
        exponent = self.op("sub", "i32", self.most(field, 1), self.count(left))
        return self.of("shl", mantissa, left), self.pick(x.zero, "i32", _GONE, exponent)

    def total(self, a: _Operand, b: _Operand, c: _Operand) -> tuple[str, str, str, str]:
        """Sum of product and addend: magnitude (i128), exponent (i32), sign, same signs."""
        (ma, ea), (mb, eb), (mc, ec) = (self.parts(x) for x in (a, b, c))
        bias = (1 << (self.width - self.precision - 1)) - 1
        ep = self.op("sub", "i32", self.op("add", "i32", ea, eb), bias)
        product = self.op("mul", "i128", self.wide(ma), self.wide(mb))
        product = self.op("shl", "i128", product, self.guard)
        addend = self.op("shl", "i128", self.wide(mc), self.guard + self.precision - 1)
        sp = self.op("xor", "i1", a.sign, b.sign)
        same = self.no(self.op("xor", "i1", sp, c.sign))
        first = self.op("icmp sge", "i32", ep, ec)
        big, small = (
            self.pick(first, "i128", *pair) for pair in ((product, addend), (addend, product))
        )
        distance = self.op("sub", "i32", self.most(ep, ec), self.most(ep, ec, "smin"))
        distance = self.t.new(f"zext i32 {self.most(distance, 127, 'umin')} to i128")
        moved = self.op("lshr", "i128", small, distance)
        lost = self.op("icmp ne", "i128", self.op("shl", "i128", moved, distance), small)
        moved = self.op("or", "i128", moved, self.t.new(f"zext i1 {lost} to i128"))
        moved = self.pick(same, "i128", moved, self.op("sub", "i128", "0", moved))
        value = self.op("add", "i128", big, moved)
        below = self.op("icmp slt", "i128", value, 0)
        value = self.pick(below, "i128", self.op("sub", "i128", "0", value), value)
        sign = self.op("xor", "i1", self.pick(first, "i1", sp, c.sign), below)
        return value, self.most(ep, ec), sign, same

    def rounded(self, value: str, exponent: str, sign: str, mode: str) -> tuple[str, str]:
        """Magnitude of the result and MXCSR flags (i32) of a sum that is not 0."""
        zeros = self.t.new(f"call i128 @llvm.ctlz.i128(i128 {value}, i1 false)")
        lead = self.op("sub", "i32", "127", self.t.new(f"trunc i128 {zeros} to i32"))
        below = self.guard + 2 * (self.precision - 1)
        biased = self.op("sub", "i32", self.op("add", "i32", lead, exponent), below)
        kept_at = self.most(biased, 1)
        drop = self.op("sub", "i32", lead, self.precision - 1)
        drop = self.op("add", "i32", drop, self.op("sub", "i32", kept_at, biased))
        right = self._amount(self.most(self.most(drop, 0), 127, "smin"))
        left = self._amount(self.most(self.op("sub", "i32", "0", drop), 0))
        kept = self.op("shl", "i128", self.op("lshr", "i128", value, right), left)
        lowest = self.op("shl", "i128", "1", right)
        rest = self.op("and", "i128", value, self.op("sub", "i128", lowest, 1))
        inexact = self.op("icmp ne", "i128", rest, 0)
        kept = self.t.new(f"trunc i128 {kept} to i{self.width}")
        up = self._up(kept, rest, self.op("lshr", "i128", lowest, 1), sign, mode)
        above = self.op(
            "sub", "i32", self.most(kept_at, self.infinity >> (self.precision - 1), "smin"), 1
        )
        if self.width != 32:
            above = self.t.new(f"zext i32 {above} to i{self.width}")
        number = self.of("add", self.of("shl", above, self.precision - 1), kept)
        number = self.of("add", number, self.t.new(f"zext i1 {up} to i{self.width}"))
        tiny = self.op("icmp slt", "i32", biased, 1)
        return self._edges(number, sign, mode, tiny, inexact)

    def _amount(self, a: str) -> str:
        return self.t.new(f"zext i32 {a} to i128")

    def _up(self, kept: str, rest: str, half: str, sign: str, mode: str) -> str:
        odd = self.t.new(f"trunc i{self.width} {kept} to i1")
        above = self.op("icmp ugt", "i128", rest, half)
        tie = self.both(self.op("icmp eq", "i128", rest, half), odd)
        there = self.op("icmp ne", "i128", rest, 0)
        nearest = self.both(there, self.either(above, tie))
        directed = self.both(there, self._away(sign, mode))
        return self.pick(self.op("icmp eq", "i32", mode, 0), "i1", nearest, directed)

    def _away(self, sign: str, mode: str) -> str:
        """MXCSR.RC is 1 down, 2 up, 3 to zero."""
        down = self.both(self.op("icmp eq", "i32", mode, 1), sign)
        return self.either(down, self.both(self.op("icmp eq", "i32", mode, 2), self.no(sign)))

    def _edges(self, number: str, sign: str, mode: str, tiny: str, inexact: str) -> tuple[str, str]:
        """Overflow and underflow."""
        over = self.of("icmp uge", number, self.infinity)
        away = self.either(self.op("icmp eq", "i32", mode, 0), self._away(sign, mode))
        greatest = self.number(away, self.infinity, self.infinity - 1)
        under = self.pick(self.both(tiny, inexact), "i32", UE, 0)
        flags = self.op("or", "i32", self.pick(inexact, "i32", PE, 0), under)
        if self.t.scalars == "modal":
            flushed = self.both(tiny, mode_is(self.t, FZ))
            number = self.number(flushed, 0, number)
            flags = self.pick(flushed, "i32", UE, flags)
        return self.number(over, greatest, number), self.pick(over, "i32", OE | PE, flags)

    def result(self, a: _Operand, b: _Operand, c: _Operand, mode: str) -> tuple[str, str]:
        """Bits of the result and MXCSR flags of everything."""
        value, exponent, sign, same = self.total(a, b, c)
        number, flags = self.rounded(value, exponent, sign, mode)
        nothing = self.op("icmp eq", "i128", value, 0)
        down = self.op("icmp eq", "i32", mode, 1)
        sign = self.pick(nothing, "i1", self.pick(same, "i1", c.sign, down), sign)
        number, flags = self.number(nothing, 0, number), self.pick(nothing, "i32", 0, flags)
        infinite = self.either(a.infinite, b.infinite)
        sp = self.op("xor", "i1", a.sign, b.sign)
        sign = self.pick(c.infinite, "i1", c.sign, self.pick(infinite, "i1", sp, sign))
        either = self.either(infinite, c.infinite)
        number, flags = (
            self.number(either, self.infinity, number),
            self.pick(either, "i32", 0, flags),
        )
        top = self.number(sign, 1 << (self.width - 1), 0)
        return self._invalid(a, b, c, same, self.of("or", number, top), flags)

    def _invalid(
        self, a: _Operand, b: _Operand, c: _Operand, same: str, bits: str, flags: str
    ) -> tuple[str, str]:
        """NaNs: signalling before quiet, the addend first; the default one where ARM makes one."""
        default = self.infinity | self.quiet
        nowhere = self.either(self.both(a.infinite, b.zero), self.both(a.zero, b.infinite))
        infinite = self.both(self.either(a.infinite, b.infinite), c.infinite)
        apart = self.both(infinite, self.no(same))
        nan = self.either(a.nan, b.nan, c.nan)
        made = self.either(nowhere, self.both(apart, self.no(nan)))
        picked = str(default)
        for x in (b, a, c):
            picked = self.number(x.nan, x.bits, picked)
        picked = self.number(nowhere, default, picked)
        for x in (b, a, c):
            picked = self.number(x.signalling, x.bits, picked)
        picked = self.of("or", picked, self.quiet)
        if self.t.scalars == "modal":
            picked = self.number(mode_is(self.t, DN), default, picked)
        special = self.either(nan, made)
        raised = self.either(a.signalling, b.signalling, c.signalling, made)
        flags = self.pick(special, "i32", self.pick(raised, "i32", IE, 0), flags)
        return self.number(special, picked, bits), flags


@arm("fma")
def _fma(t: Text, op: Op) -> str:
    ty, width = llvm_type(op.ty), WIDTHS[op.ty]
    operands = [operand(t, op.ty, x) for x in args_of(t, op)]
    slot = t.new("alloca i32, align 4")
    t.line(mxcsr_read(slot))
    old = t.new(f"load i32, ptr {slot}, align 4")
    mode = t.new(f"and i32 {t.new(f'lshr i32 {old}, 13')}, 3")
    fused = _Fused(t, width)
    a, b, c = (fused.operand(x, ty) for x in operands)
    bits, flags = fused.result(a, b, c, mode)
    new = t.new(f"or i32 {old}, {flags}")
    with t.seldom(t.new(f"icmp ne i32 {new}, {old}")):
        t.line(f"store i32 {new}, ptr {slot}, align 4")
        t.line(mxcsr_written(slot))
    return t.new(f"bitcast i{width} {bits} to {ty}")
