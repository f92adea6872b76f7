"""Advanced SIMD: maxNum and minNum, rounding to integral values, directed conversion (ARMv8).

The lanes are single precision, denormals are zeros and every NaN is the default one. Rounding goes
lane by lane, as scalars do. In an IT block, where they are UNPREDICTABLE, they execute under its
condition.
"""

from __future__ import annotations

from collections.abc import Callable

from frontends.arm32.integral import (
    DIRECTED,
    SINGLE,
    Direction,
    convert_directed,
    downward,
    round_to_integral,
    to_away,
    to_even,
    to_zero,
    upward,
)
from frontends.arm32.neon_float import (
    DEFAULT_NAN,
    greater_lanes,
    invalid_if_signalling,
    is_nan,
    is_signalling,
    operands,
    three_same_float,
)
from frontends.arm32.neon_shared import Vec
from frontends.arm32.neon_two_registers import two_registers
from xlate.ir import Value

WORDS = (32,)


def greater_number(v: Vec, *, smaller: bool) -> Value:
    """FPMaxNum or FPMinNum of every lane: a number beside a quiet NaN is the answer."""
    n, m = operands(v, v.n, v.m)
    invalid_if_signalling(v, n, m)
    nan_n, nan_m = is_nan(v, n), is_nan(v, m)
    loud = v.op("or", is_signalling(v, n), is_signalling(v, m))
    found = v.choose(nan_n, m, v.choose(nan_m, n, greater_lanes(v, n, m, smaller=smaller)))
    return v.choose(v.op("or", loud, v.op("and", nan_n, nan_m)), v.splat(DEFAULT_NAN), found)


@three_same_float("1", "0", "1111 1", manual="VMAXNM, VMINNM")
def vmaxnm_f32(v: Vec) -> Value:
    """Vd := the greater number of Vn, Vm."""
    return greater_number(v, smaller=False)


@three_same_float("1", "1", "1111 1", manual="VMAXNM, VMINNM")
def vminnm_f32(v: Vec) -> Value:
    """Vd := the smaller number of Vn, Vm."""
    return greater_number(v, smaller=True)


def lane_by_lane(v: Vec, fn: Callable[[Value], Value]) -> Value:
    """Vm without denormals, every word of it replaced by what the function makes of it."""
    (value,) = operands(v, v.m)
    block, found = v.machine.block, value
    for index in range(v.width // 32):
        bits = block.op("extract", value, ty="i32", lane=32, index=index)
        found = block.op("insert", found, fn(bits), lane=32, index=index)
    return found


def _register_vrint(name: str, code: str, how: Direction, *, exact: bool = False) -> None:
    def vrint(v: Vec) -> Value:
        """Vd := Vm as integral values."""
        return lane_by_lane(
            v,
            lambda bits: round_to_integral(
                v.machine, SINGLE, bits, how, exact=exact, standard=True
            ),
        )

    vrint.__name__ = name
    two_registers("10", code, manual="VRINTN, VRINTX, VRINTA, VRINTZ, VRINTM, VRINTP", lanes=WORDS)(
        vrint
    )


_register_vrint("vrintn_f32", "1000", to_even)
_register_vrint("vrintx_f32", "1001", to_even, exact=True)
_register_vrint("vrinta_f32", "1010", to_away)
_register_vrint("vrintz_f32", "1011", to_zero)
_register_vrint("vrintm_f32", "1101", downward)
_register_vrint("vrintp_f32", "1111", upward)


def _register_vcvt(letter: str, rm: int, unsigned: int) -> None:
    def vcvt(v: Vec) -> Value:
        """Vd := Vm as saturated integers, rounded by the instruction."""
        how = DIRECTED[rm]
        return lane_by_lane(
            v, lambda bits: convert_directed(v.machine, SINGLE, bits, how, 1 - unsigned)
        )

    vcvt.__name__ = f"vcvt{letter}_{'us'[1 - unsigned]}32_f32"
    manual = "VCVTA, VCVTN, VCVTP, VCVTM (Advanced SIMD)"
    two_registers("11", f"0{rm:02b}{unsigned}", manual=manual, lanes=WORDS)(vcvt)


for _rm, _letter in enumerate("anpm"):
    for _unsigned in (0, 1):
        _register_vcvt(_letter, _rm, _unsigned)
