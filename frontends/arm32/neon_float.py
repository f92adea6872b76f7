"""Advanced SIMD in single precision: three registers of the same length, and what their lanes do.

Advanced SIMD has one mode, whatever FPSCR says (the manual's StandardFPSCRValue): round to nearest,
denormal operands and results are zeros with their sign (IDC, UFC), every NaN result is the default
one. The host's arithmetic knows neither, so denormals go before and after it. Multiplication and
addition of VMLA and of the steps are rounded one after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, reduce

from frontends.arm32.fp_shared import neon_row
from frontends.arm32.machine import Arm32
from frontends.arm32.neon_shared import Vec, VecFn, check_quad, cumulative, vector, vector_offset
from xlate.ir import Value
from xlate.isa import Imm, Reg

SIGN, MAGNITUDE, INFINITY, DEFAULT_NAN, QUIET = (
    0x80000000,
    0x7FFFFFFF,
    0x7F800000,
    0x7FC00000,
    0x00400000,
)
ONE_HALF, TWO, THREE = 0x3F000000, 0x40000000, 0x40400000
IOC, DZC, UFC, IDC = 0, 1, 3, 7  # bits of FPSCR


# --- lanes ----------------------------------------------------------------------------------------


def magnitude(v: Vec, a: Value) -> Value:
    """Every lane without its sign."""
    return v.op("and", a, v.splat(MAGNITUDE))


def is_nan(v: Vec, a: Value) -> Value:
    """Mask of the NaNs."""
    return v.op("sgt", magnitude(v, a), v.splat(INFINITY))


def without_denormals(v: Vec, a: Value) -> Value:
    """Zeros with their sign for denormal lanes."""
    small = v.op("eq", v.op("and", a, v.splat(INFINITY)), v.splat(0))
    return v.op("and", a, v.op("or", v.invert(small), v.splat(SIGN)))


def operands(v: Vec, *values: Value) -> tuple[Value, ...]:
    """The values without denormals; IDC where there were any."""
    flushed = tuple(without_denormals(v, a) for a in values)
    changed = [v.op("xor", a, b) for a, b in zip(values, flushed, strict=True)]
    cumulative(v.machine, IDC, reduce(partial(v.op, "or"), changed))
    return flushed


def result(v: Vec, a: Value) -> Value:
    """What arithmetic gives: no denormals (UFC), no NaN but the default one."""
    flushed = without_denormals(v, a)
    cumulative(v.machine, UFC, v.op("xor", a, flushed))
    return v.choose(is_nan(v, a), v.splat(DEFAULT_NAN), flushed)


def invalid_if_signalling(v: Vec, *values: Value) -> None:
    """IOC where a lane of the values is a signalling NaN."""
    for a in values:
        cumulative(v.machine, IOC, is_signalling(v, a))


def is_signalling(v: Vec, a: Value) -> Value:
    """Mask of the signalling NaNs."""
    quiet = v.splat(QUIET)
    silent = v.op("eq", v.op("and", a, quiet), quiet)
    return v.op("and", is_nan(v, a), v.invert(silent))


def vf(v: Vec, op: str, a: Value, b: Value) -> Value:
    """The host's operation on every lane, to nearest."""
    return v.machine.block.op("vf", a, b, op=op)


def or_plain(v: Vec, op: str, exact: Value, a: Value, b: Value) -> Value:
    """``exact``, or the host's ``op`` of a and b where nothing is a denormal or a NaN."""
    return v.machine.block.op("vf_fix", exact, a, b, op=op)


def arithmetic(v: Vec, op: str, a: Value, b: Value) -> Value:
    """FPAdd, FPSub or FPMul of every lane."""
    return or_plain(v, op, result(v, vf(v, op, *operands(v, a, b))), a, b)


def add_product(v: Vec, op: str, a: Value, b: Value) -> Value:
    """Vd + or - a * b, rounded twice."""
    product = arithmetic(v, "mul", a, b)
    old = v.d
    (d,) = operands(v, old)
    return or_plain(v, op, result(v, vf(v, op, d, product)), old, product)


def three_same_float(
    u: str, op: str, code: str, *, manual: str, double_only: bool = False
) -> Callable[[VecFn], VecFn]:
    """Row with U = ``u``, bit 21 = ``op`` and bits 11-8, 4 = ``code``."""

    def register(fn: VecFn) -> VecFn:
        def row(m: Arm32, D: Imm, Vn: Reg, Vd: Reg, N: Imm, Q: int, M: Imm, Vm: Reg) -> None:
            if Q and double_only:
                m.undefined("vector width")
            check_quad(m, Q, Vn | Vd | Vm)
            offsets = [vector_offset(V, x) for V, x in ((Vd, D), (Vm, M), (Vn, N))]
            v = vector(m, Q, 32, 0, d=offsets[0], m_=offsets[1], n=offsets[2])
            v.write("d", fn(v))

        row.__doc__ = fn.__doc__
        a, b = code.split()
        tail = f"0 D:1 {op} 0 Vn:4 Vd:4 {a} N:1 Q:1 M:1 {b} Vm:4"
        neon_row(u, tail, manual=manual, name=fn.__name__)(row)
        return fn

    return register


# --- arithmetic -----------------------------------------------------------------------------------


@three_same_float("0", "0", "1101 0", manual="VADD (floating-point)")
def vadd_f32(v: Vec) -> Value:
    """Vd := Vn + Vm."""
    return arithmetic(v, "add", v.n, v.m)


@three_same_float("0", "1", "1101 0", manual="VSUB (floating-point)")
def vsub_f32(v: Vec) -> Value:
    """Vd := Vn - Vm."""
    return arithmetic(v, "sub", v.n, v.m)


@three_same_float("1", "0", "1101 1", manual="VMUL (floating-point)")
def vmul_f32(v: Vec) -> Value:
    """Vd := Vn * Vm."""
    return arithmetic(v, "mul", v.n, v.m)


@three_same_float("1", "1", "1101 0", manual="VABD (floating-point)")
def vabd_f32(v: Vec) -> Value:
    """Vd := |Vn - Vm|."""
    return magnitude(v, arithmetic(v, "sub", v.n, v.m))


@three_same_float("0", "0", "1101 1", manual="VMLA, VMLS (floating-point)")
def vmla_f32(v: Vec) -> Value:
    """Vd := Vd + Vn * Vm."""
    return add_product(v, "add", v.n, v.m)


@three_same_float("0", "1", "1101 1", manual="VMLA, VMLS (floating-point)")
def vmls_f32(v: Vec) -> Value:
    """Vd := Vd - Vn * Vm."""
    return add_product(v, "sub", v.n, v.m)


def pairs(v: Vec) -> tuple[Value, Value]:
    """Even and odd lanes of the doubleword registers Vm:Vn."""
    whole, n, m = Vec(v.machine, v.ty, 64), v.n, v.m
    low = whole.splat(0xFFFFFFFF)
    even = whole.op("or", whole.op("and", n, low), whole.shift("shl", m, 32))
    odd = whole.op("or", whole.shift("lshr", n, 32), whole.op("and", m, whole.invert(low)))
    return even, odd


@three_same_float("1", "0", "1101 0", manual="VPADD (floating-point)", double_only=True)
def vpadd_f32(v: Vec) -> Value:
    """Vd := sums of neighbouring lanes of Vm:Vn."""
    return arithmetic(v, "add", *pairs(v))


# --- comparison -----------------------------------------------------------------------------------


def compare(v: Vec, op: str, a: Value, b: Value) -> Value:
    """All ones where a = b (eq), a >= b (ge) or a > b (gt); IOC for NaNs that the manual names."""
    return or_plain(v, op, vf(v, op, *operands(v, a, b)), a, b)


@three_same_float("0", "0", "1110 0", manual="VCEQ (register)")
def vceq_f32(v: Vec) -> Value:
    """Vd := Vn = Vm."""
    return compare(v, "eq", v.n, v.m)


@three_same_float("1", "0", "1110 0", manual="VCGE (register)")
def vcge_f32(v: Vec) -> Value:
    """Vd := Vn >= Vm."""
    return compare(v, "ge", v.n, v.m)


@three_same_float("1", "1", "1110 0", manual="VCGT (register)")
def vcgt_f32(v: Vec) -> Value:
    """Vd := Vn > Vm."""
    return compare(v, "gt", v.n, v.m)


@three_same_float("1", "0", "1110 1", manual="VACGE, VACGT, VACLE, VACLT")
def vacge_f32(v: Vec) -> Value:
    """Vd := |Vn| >= |Vm|."""
    return compare(v, "ge", magnitude(v, v.n), magnitude(v, v.m))


@three_same_float("1", "1", "1110 1", manual="VACGE, VACGT, VACLE, VACLT")
def vacgt_f32(v: Vec) -> Value:
    """Vd := |Vn| > |Vm|."""
    return compare(v, "gt", magnitude(v, v.n), magnitude(v, v.m))


def greater(v: Vec, a: Value, b: Value, *, smaller: bool = False) -> Value:
    """FPMax or FPMin of every lane, +0 above -0; a NaN gives the default one."""
    a, b = operands(v, a, b)
    invalid_if_signalling(v, a, b)
    unordered = v.op("or", is_nan(v, a), is_nan(v, b))
    return v.choose(unordered, v.splat(DEFAULT_NAN), greater_lanes(v, a, b, smaller=smaller))


def greater_lanes(v: Vec, a: Value, b: Value, *, smaller: bool) -> Value:
    """The greater or smaller of numbers."""
    first = v.op("sgt", *(_ordered(v, x) for x in ((b, a) if smaller else (a, b))))
    return v.choose(first, a, b)


def _ordered(v: Vec, a: Value) -> Value:
    """Signed integers that are ordered as the numbers are."""
    negative = v.shift("ashr", a, 31)
    return v.op("xor", a, v.op("and", negative, v.splat(MAGNITUDE)))


@three_same_float("0", "0", "1111 0", manual="VMAX, VMIN (floating-point)")
def vmax_f32(v: Vec) -> Value:
    """Vd := the greater of Vn, Vm."""
    return greater(v, v.n, v.m)


@three_same_float("0", "1", "1111 0", manual="VMAX, VMIN (floating-point)")
def vmin_f32(v: Vec) -> Value:
    """Vd := the smaller of Vn, Vm."""
    return greater(v, v.n, v.m, smaller=True)


@three_same_float("1", "0", "1111 0", manual="VPMAX, VPMIN (floating-point)", double_only=True)
def vpmax_f32(v: Vec) -> Value:
    """Vd := greater of neighbouring lanes of Vm:Vn."""
    return greater(v, *pairs(v))


@three_same_float("1", "1", "1111 0", manual="VPMAX, VPMIN (floating-point)", double_only=True)
def vpmin_f32(v: Vec) -> Value:
    """Vd := smaller of neighbouring lanes of Vm:Vn."""
    return greater(v, *pairs(v), smaller=True)


# --- steps of Newton and Raphson ------------------------------------------------------------------


def _product_of_step(v: Vec) -> Value:
    """Vn * Vm, but 0 of infinity and zero."""
    n, m = operands(v, v.n, v.m)
    infinity, zero = v.splat(INFINITY), v.splat(0)
    masks = [[v.op("eq", magnitude(v, x), y) for x in (n, m)] for y in (infinity, zero)]
    (inf_n, inf_m), (zero_n, zero_m) = masks
    odd = v.op("or", v.op("and", inf_n, zero_m), v.op("and", zero_n, inf_m))
    kept = v.invert(odd)
    return result(v, vf(v, "mul", v.op("and", n, kept), v.op("and", m, kept)))


@three_same_float("0", "0", "1111 1", manual="VRECPS")
def vrecps_f32(v: Vec) -> Value:
    """Vd := 2 - Vn * Vm."""
    return result(v, vf(v, "sub", v.splat(TWO), _product_of_step(v)))


@three_same_float("0", "1", "1111 1", manual="VRSQRTS")
def vrsqrts_f32(v: Vec) -> Value:
    """Vd := (3 - Vn * Vm) / 2; to halve is exact here."""
    difference = result(v, vf(v, "sub", v.splat(THREE), _product_of_step(v)))
    return result(v, vf(v, "mul", difference, v.splat(ONE_HALF)))


# --- one rounding ---------------------------------------------------------------------------------


def fused(v: Vec, n: Value) -> Value:
    """Vd + n * Vm, rounded once."""
    n, m, d = operands(v, n, v.m, v.d)
    return result(v, v.machine.block.op("vf_fma", n, m, d))


@three_same_float("0", "0", "1100 1", manual="VFMA, VFMS")
def vfma_f32(v: Vec) -> Value:
    """Vd := Vd + Vn * Vm with one rounding."""
    return fused(v, v.n)


@three_same_float("0", "1", "1100 1", manual="VFMA, VFMS")
def vfms_f32(v: Vec) -> Value:
    """Vd := Vd - Vn * Vm with one rounding."""
    return fused(v, v.op("xor", v.n, v.splat(SIGN)))
