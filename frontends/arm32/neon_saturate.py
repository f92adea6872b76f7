"""Advanced SIMD, three registers of the same length: saturation, shifts by a register, polynomials.

A shift amount is the signed low byte of a lane, and may be any: left when positive, right when
negative. Shifts by a lane are total, so an amount of the wrong sign, read as a great unsigned one,
shifts everything out.
"""

from __future__ import annotations

from collections.abc import Callable

from frontends.arm32.neon_shared import ALL, Vec
from frontends.arm32.neon_three_same import three_same
from xlate.ir import Value

HALVES = (16, 32)

# --- addition and subtraction ---------------------------------------------------------------------


def _saturating(v: Vec, op: str, a: Value, b: Value) -> Value:
    result = v.signed_op(f"{op}_sat", a, b)
    v.saturated(result, v.op(op, a, b))
    return result


@three_same("U:1", "0000 1", manual="VQADD", lanes=ALL)
def vqadd(v: Vec) -> Value:
    """Vd := Vn + Vm, saturated."""
    return _saturating(v, "add", v.n, v.m)


@three_same("U:1", "0010 1", manual="VQSUB", lanes=ALL)
def vqsub(v: Vec) -> Value:
    """Vd := Vn - Vm, saturated."""
    return _saturating(v, "sub", v.n, v.m)


# --- shifts by a register -------------------------------------------------------------------------


def _amounts(v: Vec) -> Value:
    """Signed low byte of every lane of Vn."""
    value, above = v.n, v.lane - 8
    return v.shift("ashr", v.shift("shl", value, above), above) if above else value


def _right(v: Vec, amounts: Value, *, rounded: bool) -> Value:
    """Vm shifted right by minus the amounts; where they are not negative, 0 or all sign.

    Rounding adds the last bit shifted out: it is the lowest of a shift by one less, which is the
    amount's complement.
    """
    op = "lshr" if v.unsigned else "ashr"
    if not rounded:
        return v.shift_by(op, v.m, v.op("sub", v.splat(0), amounts))
    almost = v.shift_by(op, v.m, v.invert(amounts))
    return v.op("add", v.shift(op, almost, 1), v.op("and", almost, v.splat(1)))


def _shift(v: Vec, *, rounded: bool) -> Value:
    amounts = _amounts(v)
    to_right = v.op("sgt", v.splat(0), amounts)
    left = v.shift_by("shl", v.m, amounts)
    return v.choose(to_right, _right(v, amounts, rounded=rounded), left)


def _saturating_shift(v: Vec, *, rounded: bool) -> Value:
    amounts = _amounts(v)
    to_right = v.op("sgt", v.splat(0), amounts)
    left = saturating_left(v, v.m, lambda op, a: v.shift_by(op, a, amounts), ignored=to_right)
    return v.choose(to_right, _right(v, amounts, rounded=rounded), left)


def saturating_left(
    v: Vec, value: Value, shift: Callable[[str, Value], Value], *, ignored: Value | None = None
) -> Value:
    """Left shift whose lanes saturate when shifting back does not give them again.

    Lanes of the mask ``ignored`` leave FPSCR.QC as it is.
    """
    left = shift("shl", value)
    back = shift("lshr" if v.unsigned else "ashr", left)
    fits = v.op("eq", back, value)
    limits = v.splat(-1) if v.unsigned else v.limits(v.op("sgt", v.splat(0), value))
    over = v.invert(fits if ignored is None else v.op("or", fits, ignored))
    v.saturated(over)
    return v.choose(fits, left, limits)


@three_same("U:1", "0100 0", manual="VSHL (register)", lanes=ALL)
def vshl_register(v: Vec) -> Value:
    """Vd := Vm << Vn, or right when that is negative."""
    return _shift(v, rounded=False)


@three_same("U:1", "0101 0", manual="VRSHL", lanes=ALL)
def vrshl_register(v: Vec) -> Value:
    """Vd := Vm << Vn, or right and rounded when that is negative."""
    return _shift(v, rounded=True)


@three_same("U:1", "0100 1", manual="VQSHL (register)", lanes=ALL)
def vqshl_register(v: Vec) -> Value:
    """Vd := Vm << Vn, saturated, or right when that is negative."""
    return _saturating_shift(v, rounded=False)


@three_same("U:1", "0101 1", manual="VQRSHL", lanes=ALL)
def vqrshl_register(v: Vec) -> Value:
    """Vd := Vm << Vn, saturated, or right and rounded when that is negative."""
    return _saturating_shift(v, rounded=True)


# --- multiplication -------------------------------------------------------------------------------


def both_least(v: Vec, a: Value, b: Value) -> Value:
    """Mask of the lanes whose doubled product is one too great: both are the least number."""
    least = v.splat(1 << (v.lane - 1))
    return v.op("and", v.op("eq", a, least), v.op("eq", b, least))


def _doubled_high(v: Vec, a: Value, b: Value, *, rounded: bool) -> Value:
    """High half of twice the product of D registers."""
    block, wide = v.machine.block, Vec(v.machine, "v128", 2 * v.lane)
    x, y = (block.op("widen", value, ty="v128", lane=v.lane, signed=1) for value in (a, b))
    product = wide.op("mul", x, y)
    if rounded:
        product = wide.op("add", product, wide.splat(1 << (v.lane - 2)))
    high = wide.shift("lshr", product, v.lane - 1)
    return block.op("narrow", high, ty="v64", lane=wide.lane)


def doubling_high(v: Vec, *, rounded: bool) -> Value:
    """High half of twice the product, saturated."""
    block, n, m = v.machine.block, v.n, v.m
    if v.ty == "v64":
        result = _doubled_high(v, n, m, rounded=rounded)
    else:
        halves = [[block.op("half", x, ty="v64", index=i) for x in (n, m)] for i in (0, 1)]
        low, high = (_doubled_high(v, a, b, rounded=rounded) for a, b in halves)
        result = block.op("concat", low, high, ty="v128")
    over = both_least(v, n, m)
    v.saturated(over)
    return v.op("xor", result, over)


@three_same("0", "1011 0", manual="VQDMULH", lanes=HALVES)
def vqdmulh(v: Vec) -> Value:
    """Vd := high half of 2 * Vn * Vm, saturated."""
    return doubling_high(v, rounded=False)


@three_same("1", "1011 0", manual="VQRDMULH", lanes=HALVES)
def vqrdmulh(v: Vec) -> Value:
    """Vd := high half of 2 * Vn * Vm, rounded and saturated."""
    return doubling_high(v, rounded=True)


def carryless(v: Vec, a: Value, b: Value, bits: int) -> Value:
    """Product of polynomials over {0, 1} in lanes; ``b`` has that many bits."""
    result = v.splat(0)
    for bit in range(bits):
        there = v.splat(1 << bit)
        mask = v.op("eq", v.op("and", b, there), there)
        result = v.op("xor", result, v.op("and", v.shift("shl", a, bit) if bit else a, mask))
    return result


@three_same("1", "1001 1", manual="VMUL, VMULL (integer and polynomial)", lanes=(8,))
def vmul_p8(v: Vec) -> Value:
    """Vd := Vn * Vm as polynomials over {0, 1}."""
    return carryless(v, v.n, v.m, 8)
