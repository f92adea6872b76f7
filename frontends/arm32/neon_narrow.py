"""Advanced SIMD, two registers miscellaneous: what narrows or widens, and table look-up."""

from __future__ import annotations

from collections.abc import Callable

from frontends.arm32.fp_shared import d_number, d_offset, neon_row
from frontends.arm32.machine import Arm32
from frontends.arm32.neon_shared import Vec, check_quad, vector, vector_offset
from xlate.ir import Value
from xlate.isa import Imm, Reg


def fixed_size(
    code: str, *, manual: str, name: str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Row whose registers have one length each; ``code`` is bits 10 to 6."""
    return neon_row("1", f"1 D:1 11 size:2 10 Vd:4 0 {code} M:1 0 Vm:4", manual=manual, name=name)


def limited(wide: Vec, value: Value, *, unsigned: int) -> Value:
    """Lanes that half of their bits can hold; others become the nearest number that does, with QC.

    The value is signed unless ``wide`` is unsigned, the result when not ``unsigned``.
    """
    half = wide.lane // 2
    low, high = (0, (1 << half) - 1) if unsigned else (-(1 << (half - 1)), (1 << (half - 1)) - 1)
    result = wide.signed_op("min", value, wide.splat(high))
    if not wide.unsigned:
        result = wide.op("smax", result, wide.splat(low))
    wide.saturated(result, value)
    return result


def _narrow(m: Arm32, size: int, fn: Callable[[Vec], Value], unsigned: int, *at: Imm) -> None:
    """Dd := low halves of what the function makes of Qm; ``at`` is Vd, D, Vm, M."""
    if size == 3:
        m.undefined("lane width")
    Vd, D, Vm, M = at
    check_quad(m, 1, Vm)
    v = vector(m, 1, 16 << size, unsigned, d=vector_offset(Vd, D), m_=vector_offset(Vm, M))
    v.write("d", m.block.op("narrow", fn(v), ty="v64", lane=v.lane))


@fixed_size("0100 0", manual="VMOVN", name="vmovn")
def vmovn(m: Arm32, D: Imm, size: int, Vd: Reg, M: Imm, Vm: Reg) -> None:
    """Dd := low half of the lanes of Qm."""
    _narrow(m, size, lambda v: v.m, 1, Vd, D, Vm, M)


@fixed_size("0100 1", manual="VQMOVN, VQMOVUN", name="vqmovun")
def vqmovun(m: Arm32, D: Imm, size: int, Vd: Reg, M: Imm, Vm: Reg) -> None:
    """Dd := signed lanes of Qm, saturated to unsigned."""
    _narrow(m, size, lambda v: limited(v, v.m, unsigned=1), 0, Vd, D, Vm, M)


@fixed_size("0101 0", manual="VQMOVN, VQMOVUN", name="vqmovn_s")
def vqmovn_s(m: Arm32, D: Imm, size: int, Vd: Reg, M: Imm, Vm: Reg) -> None:
    """Dd := signed lanes of Qm, saturated."""
    _narrow(m, size, lambda v: limited(v, v.m, unsigned=0), 0, Vd, D, Vm, M)


@fixed_size("0101 1", manual="VQMOVN, VQMOVUN", name="vqmovn_u")
def vqmovn_u(m: Arm32, D: Imm, size: int, Vd: Reg, M: Imm, Vm: Reg) -> None:
    """Dd := unsigned lanes of Qm, saturated."""
    _narrow(m, size, lambda v: limited(v, v.m, unsigned=1), 1, Vd, D, Vm, M)


@fixed_size("0110 0", manual="VSHLL", name="vshll_width")
def vshll_width(m: Arm32, D: Imm, size: int, Vd: Reg, M: Imm, Vm: Reg) -> None:
    """Qd := Dm widened << the narrow width."""
    if size == 3:
        m.undefined("lane width")
    check_quad(m, 1, Vd)
    lane = 8 << size
    source = m.get_state(vector_offset(Vm, M), "v64")
    wide = m.block.op("widen", source, ty="v128", lane=lane, signed=0)
    m.set_state(vector_offset(Vd, D), Vec(m, "v128", 2 * lane).shift("shl", wide, lane))


# --- table look-up --------------------------------------------------------------------------------


@neon_row("1", "1 D:1 11 Vn:4 Vd:4 10 len:2 N:1 op:1 M:1 0 Vm:4", manual="VTBL, VTBX", name="vtbl")
def vtbl(
    m: Arm32,
    D: Imm,
    Vn: Reg,
    Vd: Reg,
    len: int,  # noqa: A002 - the manual's name
    N: Imm,
    op: int,
    M: Imm,
    Vm: Reg,
) -> None:
    """Dd := bytes of a list of registers by the indices in Dm; beyond it 0, or (VTBX) Dd's own."""
    first = d_number(Vn, N)
    if first + len > 31:
        m.unpredictable("register list past D31")
    v = vector(m, 0, 8, 1, d=vector_offset(Vd, D), m_=vector_offset(Vm, M))
    low, high = (_two_of_list(m, first + i, len + 1 - i) for i in (0, 2))
    indices = v.m
    result = m.block.op("table", low, high, indices, ty="v64")
    if op:
        inside = v.op("ugt", v.splat(8 * (len + 1)), indices)
        result = v.choose(inside, result, v.d)
    v.write("d", result)


def _two_of_list(m: Arm32, number: Imm, count: int) -> Value:
    """Registers ``number`` and the next as one vector, zeros for those beyond the count."""
    if count >= 2:
        return m.get_state(d_offset(number), "v128")
    none = m.block.op("splat", m.const(0, 8), ty="v64", lane=8)
    one = m.get_state(d_offset(number), "v64") if count == 1 else none
    return m.block.op("concat", one, none, ty="v128")
