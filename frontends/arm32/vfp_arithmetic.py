"""Floating-point data processing: arithmetic, sign, comparison, immediates. Conversions are apart.

Multiply-accumulate is unfused: product and sum are rounded, and choose their NaN, one after the other.
FPSCR.Len and Stride are always 0 here (see vfp_system), so every operation is a scalar one.
"""

from __future__ import annotations

from collections.abc import Callable

from frontends.arm32.fp_shared import (
    fp_binary,
    fp_const,
    fp_neg,
    get_bits,
    get_fp,
    set_fp,
    vfp_row,
)
from frontends.arm32.machine import OFFSET, Arm32
from xlate.ir import Value
from xlate.isa import Imm, Reg
from xlate.isa.insn import Semantics

NZCV_BY_ORDER = 0x3268  # nibble k: NZCV of less, equal, greater, unordered

_Binary = Callable[[Arm32, Value, Value], Value]


def _three(opc: str, low: str, manual: str, fn: _Binary, row: Semantics) -> None:
    """Register ``row`` under the name and meaning of ``fn``."""
    row.__doc__ = fn.__doc__
    tail = f"1110 {opc} Vn:4 Vd:4 101 sz:1 N:1 {low} M:1 0 Vm:4"
    vfp_row(tail, manual=manual, name=fn.__name__)(row)


def binary(opc: str, low: str, *, manual: str) -> Callable[[_Binary], _Binary]:
    """Row of a three-register operation: ``opc`` is bits 23 to 20, ``low`` bit 6."""

    def register(fn: _Binary) -> _Binary:
        def row(m: Arm32, D: Imm, Vn: Reg, Vd: Reg, sz: int, N: Imm, M: Imm, Vm: Reg) -> None:
            set_fp(m, sz, Vd, D, fn(m, get_fp(m, sz, Vn, N), get_fp(m, sz, Vm, M)))

        _three(opc, low, manual, fn, row)
        return fn

    return register


def accumulate(opc: str, low: str, *, manual: str) -> Callable[[_Binary], _Binary]:
    """Row of a multiply-accumulate: the function gets the old destination and the product."""

    def register(fn: _Binary) -> _Binary:
        def row(m: Arm32, D: Imm, Vn: Reg, Vd: Reg, sz: int, N: Imm, M: Imm, Vm: Reg) -> None:
            product = fp_binary(m, "fmul", get_fp(m, sz, Vn, N), get_fp(m, sz, Vm, M))
            set_fp(m, sz, Vd, D, fn(m, get_fp(m, sz, Vd, D), product))

        _three(opc, low, manual, fn, row)
        return fn

    return register


# --- three registers ------------------------------------------------------------------------------


@binary("0 D:1 11", "0", manual="VADD (floating-point)")
def vadd_fp(m: Arm32, n: Value, m_: Value) -> Value:
    """Vd := Vn + Vm."""
    return fp_binary(m, "fadd", n, m_)


@binary("0 D:1 11", "1", manual="VSUB (floating-point)")
def vsub_fp(m: Arm32, n: Value, m_: Value) -> Value:
    """Vd := Vn - Vm."""
    return fp_binary(m, "fsub", n, m_)


@binary("0 D:1 10", "0", manual="VMUL (floating-point)")
def vmul_fp(m: Arm32, n: Value, m_: Value) -> Value:
    """Vd := Vn * Vm."""
    return fp_binary(m, "fmul", n, m_)


@binary("0 D:1 10", "1", manual="VNMLA, VNMLS, VNMUL")
def vnmul_fp(m: Arm32, n: Value, m_: Value) -> Value:
    """Vd := -(Vn * Vm)."""
    return fp_neg(m, fp_binary(m, "fmul", n, m_))


@binary("1 D:1 00", "0", manual="VDIV")
def vdiv_fp(m: Arm32, n: Value, m_: Value) -> Value:
    """Vd := Vn / Vm."""
    return fp_binary(m, "fdiv", n, m_)


@accumulate("0 D:1 00", "0", manual="VMLA, VMLS (floating-point)")
def vmla_fp(m: Arm32, d: Value, product: Value) -> Value:
    """Vd := Vd + Vn * Vm."""
    return fp_binary(m, "fadd", d, product)


@accumulate("0 D:1 00", "1", manual="VMLA, VMLS (floating-point)")
def vmls_fp(m: Arm32, d: Value, product: Value) -> Value:
    """Vd := Vd + -(Vn * Vm)."""
    return fp_binary(m, "fadd", d, fp_neg(m, product))


@accumulate("0 D:1 01", "1", manual="VNMLA, VNMLS, VNMUL")
def vnmla_fp(m: Arm32, d: Value, product: Value) -> Value:
    """Vd := -Vd + -(Vn * Vm)."""
    return fp_binary(m, "fadd", fp_neg(m, d), fp_neg(m, product))


@accumulate("0 D:1 01", "0", manual="VNMLA, VNMLS, VNMUL")
def vnmls_fp(m: Arm32, d: Value, product: Value) -> Value:
    """Vd := -Vd + Vn * Vm."""
    return fp_binary(m, "fadd", fp_neg(m, d), product)


@vfp_row(
    "1110 1 D:1 01 Vn:4 Vd:4 101 sz:1 N:1 op:1 M:1 0 Vm:4", manual="VFNMA, VFNMS", name="vfnma_fp"
)
def vfnma_fp(m: Arm32, D: Imm, Vn: Reg, Vd: Reg, sz: int, N: Imm, op: int, M: Imm, Vm: Reg) -> None:
    """Vd := -Vd + Vn * Vm (or -Vn * Vm) with one rounding."""
    n, m_, d = (get_fp(m, sz, V, x) for V, x in ((Vn, N), (Vm, M), (Vd, D)))
    n = fp_neg(m, n) if op else n
    set_fp(m, sz, Vd, D, m.block.op("fma", n, m_, fp_neg(m, d)))


@vfp_row(
    "1110 1 D:1 10 Vn:4 Vd:4 101 sz:1 N:1 op:1 M:1 0 Vm:4", manual="VFMA, VFMS", name="vfma_fp"
)
def vfma_fp(m: Arm32, D: Imm, Vn: Reg, Vd: Reg, sz: int, N: Imm, op: int, M: Imm, Vm: Reg) -> None:
    """Vd := Vd + Vn * Vm (or -Vn * Vm) with one rounding."""
    n, m_, d = (get_fp(m, sz, V, x) for V, x in ((Vn, N), (Vm, M), (Vd, D)))
    n = fp_neg(m, n) if op else n
    set_fp(m, sz, Vd, D, m.block.op("fma", n, m_, d))


# --- one operand ----------------------------------------------------------------------------------


@vfp_row("1110 1 D:1 11 imm4H:4 Vd:4 101 sz:1 x 0 x 0 imm4L:4", manual="VMOV (immediate)")
def vmov_immediate_fp(m: Arm32, D: Imm, imm4H: Imm, Vd: Reg, sz: int, imm4L: Imm) -> None:
    """Vd := VFPExpandImm(imm4H:imm4L)."""
    sign, b, fraction = imm4H >> 3, (imm4H >> 2) & 1, (imm4H & 3) << 4 | imm4L
    if sz:  # exponent NOT(b):bbbbbbbb: one below 1024 when b, which is a subtraction
        bits = (sign << 63) | (0x4000000000000000 - b * 0x0040000000000000) | (fraction << 48)
    else:
        bits = (sign << 31) | (0x40000000 - b * 0x02000000) | (fraction << 19)
    set_fp(m, sz, Vd, D, m.const(bits, 64 if sz else 32))


@vfp_row("1110 1 D:1 11 0000 Vd:4 101 sz:1 0 1 M:1 0 Vm:4", manual="VMOV (register)")
def vmov_register_fp(m: Arm32, D: Imm, Vd: Reg, sz: int, M: Imm, Vm: Reg) -> None:
    """Vd := Vm."""
    set_fp(m, sz, Vd, D, get_bits(m, sz, Vm, M))


@vfp_row("1110 1 D:1 11 0000 Vd:4 101 sz:1 1 1 M:1 0 Vm:4", manual="VABS")
def vabs_fp(m: Arm32, D: Imm, Vd: Reg, sz: int, M: Imm, Vm: Reg) -> None:
    """Vd := |Vm|."""
    set_fp(m, sz, Vd, D, m.block.op("fabs", get_fp(m, sz, Vm, M)))


@vfp_row("1110 1 D:1 11 0001 Vd:4 101 sz:1 0 1 M:1 0 Vm:4", manual="VNEG")
def vneg_fp(m: Arm32, D: Imm, Vd: Reg, sz: int, M: Imm, Vm: Reg) -> None:
    """Vd := -Vm."""
    set_fp(m, sz, Vd, D, fp_neg(m, get_fp(m, sz, Vm, M)))


@vfp_row("1110 1 D:1 11 0001 Vd:4 101 sz:1 1 1 M:1 0 Vm:4", manual="VSQRT")
def vsqrt_fp(m: Arm32, D: Imm, Vd: Reg, sz: int, M: Imm, Vm: Reg) -> None:
    """Vd := square root of Vm."""
    value = get_fp(m, sz, Vm, M)
    set_fp(m, sz, Vd, D, m.block.op("nan_fix", value, value, m.block.op("fsqrt", value)))


# --- comparison -----------------------------------------------------------------------------------


def compare(m: Arm32, a: Value, b: Value, *, signal: int) -> None:
    """FPSCR.NZCV := FPCompare(a, b)."""
    order = m.block.op("fcmp", a, b, ty="i32", signal=signal)
    nzcv = (m.const(NZCV_BY_ORDER) >> (order << 2)) << 28
    rest = m.get_state(OFFSET["fpscr"], "i32") & 0x0FFFFFFF
    m.set_state(OFFSET["fpscr"], rest | nzcv)


@vfp_row("1110 1 D:1 11 0100 Vd:4 101 sz:1 E:1 1 M:1 0 Vm:4", manual="VCMP, VCMPE")
def vcmp_fp(m: Arm32, D: Imm, Vd: Reg, sz: int, E: int, M: Imm, Vm: Reg) -> None:
    """FPSCR.NZCV := order of Vd and Vm; with E a quiet NaN is invalid too."""
    compare(m, get_fp(m, sz, Vd, D), get_fp(m, sz, Vm, M), signal=E)


@vfp_row("1110 1 D:1 11 0101 Vd:4 101 sz:1 E:1 1 x 0 xxxx", manual="VCMP, VCMPE")
def vcmp_zero_fp(m: Arm32, D: Imm, Vd: Reg, sz: int, E: int) -> None:
    """FPSCR.NZCV := order of Vd and +0."""
    compare(m, get_fp(m, sz, Vd, D), fp_const(m, sz, 0), signal=E)
