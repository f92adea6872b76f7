"""Floating-point selection, maxNum and minNum, rounding to integral values, directed conversion.

ARMv8's additions to VFP. In an IT block those of the space without a condition are UNPREDICTABLE: they
execute under the block's condition, like all others.
"""

from __future__ import annotations

from frontends.arm32.fp_mode import default_nans
from frontends.arm32.fp_shared import (
    get_bits,
    s_number,
    s_offset,
    set_fp,
    unconditional_vfp_row,
    vfp_row,
)
from frontends.arm32.half import IOC, flag, raise_flags
from frontends.arm32.integral import (
    DIRECTED,
    FORMATS,
    Direction,
    Format,
    by_fpscr,
    convert_directed,
    is_loud,
    is_nan,
    operand,
    round_to_integral,
    to_zero,
)
from frontends.arm32.machine import Arm32
from xlate.ir import Value
from xlate.isa import Imm, Reg
from xlate.isa.nzcv import CONDITIONS

_SELECTED = tuple(CONDITIONS.index(name) for name in ("EQ", "VS", "GE", "GT"))


@unconditional_vfp_row("1110 0 D:1 cc:2 Vn:4 Vd:4 101 sz:1 N:1 0 M:1 0 Vm:4", manual="VSEL")
def vsel(m: Arm32, D: Imm, cc: int, Vn: Reg, Vd: Reg, sz: int, N: Imm, M: Imm, Vm: Reg) -> None:
    """Vd := Vn when the condition (EQ, VS, GE, GT) holds, else Vm."""
    n, m_ = get_bits(m, sz, Vn, N), get_bits(m, sz, Vm, M)
    set_fp(m, sz, Vd, D, m.select(m.holds(_SELECTED[cc]), n, m_))


# --- maxNum and minNum ----------------------------------------------------------------------------


def _ordered(fmt: Format, bits: Value) -> Value:
    """Signed integer that is ordered as the number is, -0 below +0."""
    return bits ^ (bits.asr(fmt.width - 1) & (fmt.sign - 1))


def greater_number(m: Arm32, fmt: Format, n: Value, m_: Value, *, smaller: int) -> Value:
    """FPMaxNum or FPMinNum: a number beside a quiet NaN is the answer."""
    n, m_ = operand(m, n), operand(m, m_)
    loud_n, loud_m = is_loud(fmt, n), is_loud(fmt, m_)
    nan_n, nan_m = is_nan(fmt, n), is_nan(fmt, m_)
    first, second = (n, m_) if smaller else (m_, n)
    picked = m.select(_ordered(fmt, first).slt(_ordered(fmt, second)), n, m_)
    picked = m.select(nan_m, n, picked)
    picked = m.select(nan_n & (nan_m ^ 1), m_, picked)
    picked = m.select(loud_m, m_ | fmt.quiet, picked)
    picked = m.select(loud_n, n | fmt.quiet, picked)
    raise_flags(m, flag(m, loud_n | loud_m, IOC))
    instead = default_nans(m) & is_nan(fmt, picked)
    return m.select(instead, m.const(fmt.default_nan, fmt.width), picked)


@unconditional_vfp_row(
    "1110 1 D:1 00 Vn:4 Vd:4 101 sz:1 N:1 op:1 M:1 0 Vm:4", manual="VMAXNM, VMINNM"
)
def vmaxnm(m: Arm32, D: Imm, Vn: Reg, Vd: Reg, sz: int, N: Imm, op: int, M: Imm, Vm: Reg) -> None:
    """Vd := the greater (op: the smaller) number of Vn, Vm."""
    n, m_ = get_bits(m, sz, Vn, N), get_bits(m, sz, Vm, M)
    set_fp(m, sz, Vd, D, greater_number(m, FORMATS[sz], n, m_, smaller=op))


# --- integral values ------------------------------------------------------------------------------


def _round(
    m: Arm32, sz: int, d: tuple[Reg, Imm], source: tuple[Reg, Imm], how: Direction, *, exact: bool
) -> None:
    bits = get_bits(m, sz, *source)
    set_fp(m, sz, *d, round_to_integral(m, FORMATS[sz], bits, how, exact=exact))


@unconditional_vfp_row(
    "1110 1 D:1 1110 RM:2 Vd:4 101 sz:1 0 1 M:1 0 Vm:4",
    manual="VRINTA, VRINTN, VRINTP, VRINTM (floating-point)",
)
def vrint_directed(m: Arm32, D: Imm, RM: int, Vd: Reg, sz: int, M: Imm, Vm: Reg) -> None:
    """Vd := Vm as an integral value, rounded by the instruction."""
    _round(m, sz, (Vd, D), (Vm, M), DIRECTED[RM], exact=False)


@vfp_row("1110 1 D:1 11 0110 Vd:4 101 sz:1 op:1 1 M:1 0 Vm:4", manual="VRINTZ, VRINTR")
def vrintz(m: Arm32, D: Imm, Vd: Reg, sz: int, op: int, M: Imm, Vm: Reg) -> None:
    """Vd := Vm as an integral value, toward zero or (VRINTR) by FPSCR."""
    _round(m, sz, (Vd, D), (Vm, M), to_zero if op else by_fpscr, exact=False)


@vfp_row("1110 1 D:1 11 0111 Vd:4 101 sz:1 0 1 M:1 0 Vm:4", manual="VRINTX (floating-point)")
def vrintx(m: Arm32, D: Imm, Vd: Reg, sz: int, M: Imm, Vm: Reg) -> None:
    """Vd := Vm as an integral value by FPSCR; IXC when that is another number."""
    _round(m, sz, (Vd, D), (Vm, M), by_fpscr, exact=True)


@unconditional_vfp_row(
    "1110 1 D:1 1111 RM:2 Vd:4 101 sz:1 op:1 1 M:1 0 Vm:4",
    manual="VCVTA, VCVTN, VCVTP, VCVTM (floating-point)",
)
def vcvt_directed(m: Arm32, D: Imm, RM: int, Vd: Reg, sz: int, op: int, M: Imm, Vm: Reg) -> None:
    """S[d] := Vm as a saturated integer (op: signed), rounded by the instruction."""
    bits = operand(m, get_bits(m, sz, Vm, M))
    value = convert_directed(m, FORMATS[sz], bits, DIRECTED[RM], op)
    m.set_state(s_offset(s_number(Vd, D)), value)
