"""Moves between general and extension registers, and VFP loads and stores.

A list of registers is a loop of single transfers from the unmodified base; the base is written last, so
a fault inside the list leaves it as it was. Alignment faults are not raised (docs/limits.md).
"""

from __future__ import annotations

from typing import Any

from frontends.arm32.fp_shared import (
    INT,
    VECTOR,
    d_number,
    d_offset,
    fp_offset,
    s_number,
    s_offset,
    vfp_row,
)
from frontends.arm32.machine import PC, Arm32
from xlate.ir import Value
from xlate.isa import Imm, Reg


def _no_pc(m: Arm32, Rt: Reg) -> None:
    if Rt == PC:
        m.unpredictable("transfer of the pc")


# --- one core register ----------------------------------------------------------------------------


@vfp_row(
    "1110 000 0 Vn:4 Rt:4 1010 N:1 xx 1 xxxx",
    manual="VMOV (between ARM core register and single-precision register)",
)
def vmov_core_to_single(m: Arm32, Vn: Reg, Rt: Reg, N: Imm) -> None:
    """S[n] := Rt."""
    _no_pc(m, Rt)
    m.set_state(s_offset(s_number(Vn, N)), m.R[Rt])


@vfp_row(
    "1110 000 1 Vn:4 Rt:4 1010 N:1 xx 1 xxxx",
    manual="VMOV (between ARM core register and single-precision register)",
)
def vmov_single_to_core(m: Arm32, Vn: Reg, Rt: Reg, N: Imm) -> None:
    """Rt := S[n]."""
    _no_pc(m, Rt)
    m.R[Rt] = m.get_state(s_offset(s_number(Vn, N)), "i32")


def core_to_scalar(m: Arm32, D: Imm, Vd: Reg, Rt: Reg, width: int, index: Imm) -> None:
    """Lane ``index`` of D[d] := Rt."""
    _no_pc(m, Rt)
    offset = d_offset(d_number(Vd, D)) + index * (width // 8)
    m.set_state(offset, m.R[Rt].trunc(width))


def scalar_to_core(
    m: Arm32, N: Imm, Vn: Reg, Rt: Reg, width: int, index: Imm, unsigned: int
) -> None:
    """Rt := lane ``index`` of D[n]."""
    _no_pc(m, Rt)
    value = m.get_state(d_offset(d_number(Vn, N)) + index * (width // 8), f"i{width}")
    m.R[Rt] = value.zext(32) if unsigned else value.sext(32)


@vfp_row(
    "1110 0 1 high:1 0 Vd:4 Rt:4 1011 D:1 low:2 1 xxxx", manual="VMOV (ARM core register to scalar)"
)
def vmov_core_to_scalar_8(m: Arm32, high: Imm, Vd: Reg, Rt: Reg, D: Imm, low: Imm) -> None:
    """D[d] byte lane := Rt."""
    core_to_scalar(m, D, Vd, Rt, 8, high * 4 + low)


@vfp_row(
    "1110 0 0 high:1 0 Vd:4 Rt:4 1011 D:1 low:1 1 1 xxxx",
    manual="VMOV (ARM core register to scalar)",
)
def vmov_core_to_scalar_16(m: Arm32, high: Imm, Vd: Reg, Rt: Reg, D: Imm, low: Imm) -> None:
    """D[d] halfword lane := Rt."""
    core_to_scalar(m, D, Vd, Rt, 16, high * 2 + low)


@vfp_row(
    "1110 0 0 index:1 0 Vd:4 Rt:4 1011 D:1 00 1 xxxx", manual="VMOV (ARM core register to scalar)"
)
def vmov_core_to_scalar_32(m: Arm32, index: Imm, Vd: Reg, Rt: Reg, D: Imm) -> None:
    """D[d] word lane := Rt."""
    core_to_scalar(m, D, Vd, Rt, 32, index)


@vfp_row(
    "1110 U:1 1 high:1 1 Vn:4 Rt:4 1011 N:1 low:2 1 xxxx",
    manual="VMOV (scalar to ARM core register)",
)
def vmov_scalar_to_core_8(m: Arm32, U: int, high: Imm, Vn: Reg, Rt: Reg, N: Imm, low: Imm) -> None:
    """Rt := D[n] byte lane."""
    scalar_to_core(m, N, Vn, Rt, 8, high * 4 + low, U)


@vfp_row(
    "1110 U:1 0 high:1 1 Vn:4 Rt:4 1011 N:1 low:1 1 1 xxxx",
    manual="VMOV (scalar to ARM core register)",
)
def vmov_scalar_to_core_16(m: Arm32, U: int, high: Imm, Vn: Reg, Rt: Reg, N: Imm, low: Imm) -> None:
    """Rt := D[n] halfword lane."""
    scalar_to_core(m, N, Vn, Rt, 16, high * 2 + low, U)


@vfp_row(
    "1110 0 0 index:1 1 Vn:4 Rt:4 1011 N:1 00 1 xxxx", manual="VMOV (scalar to ARM core register)"
)
def vmov_scalar_to_core_32(m: Arm32, index: Imm, Vn: Reg, Rt: Reg, N: Imm) -> None:
    """Rt := D[n] word lane."""
    scalar_to_core(m, N, Vn, Rt, 32, index, 1)


@vfp_row("1110 1 B:1 Q:1 0 Vd:4 Rt:4 1011 D:1 0 E:1 1 xxxx", manual="VDUP (ARM core register)")
def vdup_core(m: Arm32, B: int, Q: int, Vd: Reg, Rt: Reg, D: Imm, E: int) -> None:
    """Every lane of Vd := Rt."""
    if B and E:
        m.undefined("lane width")
    if Q and Vd & 1:
        m.undefined("odd quadword register")
    _no_pc(m, Rt)
    lane = 8 if B else 16 if E else 32
    value = m.block.op("splat", m.R[Rt], ty=VECTOR[Q], lane=lane)
    m.set_state(d_offset(d_number(Vd, D)), value)


# --- two core registers ---------------------------------------------------------------------------


def _pair(m: Arm32, to_core: int, Rt: Reg, Rt2: Reg, low: Any, high: Any) -> None:
    """Rt, Rt2 from or to the words of the state at two offsets."""
    _no_pc(m, Rt)
    _no_pc(m, Rt2)
    if to_core:
        if Rt == Rt2:
            m.unpredictable("both halves to one register")
        first, second = m.get_state(low, "i32"), m.get_state(high, "i32")
        m.R[Rt], m.R[Rt2] = first, second
    else:
        first, second = m.R[Rt], m.R[Rt2]
        m.set_state(low, first)
        m.set_state(high, second)


@vfp_row(
    "1100 010 to_core:1 Rt2:4 Rt:4 1010 00 M:1 1 Vm:4",
    manual="VMOV (between two ARM core registers and two single-precision registers)",
)
def vmov_two_singles(m: Arm32, to_core: int, Rt2: Reg, Rt: Reg, M: Imm, Vm: Reg) -> None:
    """S[m], S[m+1] := Rt, Rt2 or the reverse."""
    number = s_number(Vm, M)
    if number == 31:
        m.unpredictable("past S31")
    _pair(m, to_core, Rt, Rt2, s_offset(number), s_offset(number + 1))


@vfp_row(
    "1100 010 to_core:1 Rt2:4 Rt:4 1011 00 M:1 1 Vm:4",
    manual="VMOV (between two ARM core registers and a doubleword extension register)",
)
def vmov_double(m: Arm32, to_core: int, Rt2: Reg, Rt: Reg, M: Imm, Vm: Reg) -> None:
    """D[m] := Rt2:Rt or the reverse."""
    offset = d_offset(d_number(Vm, M))
    _pair(m, to_core, Rt, Rt2, offset, offset + 4)


# --- loads and stores -----------------------------------------------------------------------------


@vfp_row("1101 U:1 D:1 0 load:1 Rn:4 Vd:4 101 sz:1 imm8:8", manual="VLDR; VSTR")
def vldr_vstr(m: Arm32, U: Imm, D: Imm, load: int, Rn: Reg, Vd: Reg, sz: int, imm8: Imm) -> None:
    """Vd := mem[Rn +- 4*imm8] or the reverse."""
    offset = (imm8 * 4) * U - (imm8 * 4) * (1 - U)
    if Rn == PC:
        if m.thumb and not load:
            m.unpredictable("store relative to the pc")
        addr = m.const(m.pc_aligned + offset)
    else:
        addr = m.R[Rn] + m.const(offset)
    _transfer(m, load, addr, sz, fp_offset(sz, Vd, D))


def _transfer(m: Arm32, load: int, addr: Value, sz: int, state: Any) -> None:
    """Move one S or D register from or to memory."""
    if load:
        m.set_state(state, m.load(addr, 64 if sz else 32))
    else:
        m.store(addr, m.get_state(state, INT[sz]))


@vfp_row("110 0 1 D:1 W:1 load:1 Rn:4 Vd:4 101 sz:1 imm8:8", manual="VLDM; VSTM; VPOP; VPUSH")
def vldm_ia(m: Arm32, D: Imm, W: int, load: int, Rn: Reg, Vd: Reg, sz: int, imm8: Imm) -> None:
    """List from Vd := memory from Rn up, or the reverse; with W Rn := Rn + 4*imm8."""
    if (W or m.thumb) and Rn == PC:
        m.unpredictable("the pc as base")
    _list(m, D, load, Rn, Vd, sz, imm8, start=0)
    if W:
        m.R[Rn] = m.R[Rn] + m.const(imm8 * 4)


@vfp_row("110 1 0 D:1 1 load:1 Rn:4 Vd:4 101 sz:1 imm8:8", manual="VLDM; VSTM; VPOP; VPUSH")
def vldm_db(m: Arm32, D: Imm, load: int, Rn: Reg, Vd: Reg, sz: int, imm8: Imm) -> None:
    """List from Vd := memory below Rn, or the reverse; Rn := Rn - 4*imm8."""
    if Rn == PC:
        m.unpredictable("the pc as base")
    _list(m, D, load, Rn, Vd, sz, imm8, start=0 - imm8 * 4)
    m.R[Rn] = m.R[Rn] + m.const(0 - imm8 * 4)


def _list(m: Arm32, D: Imm, load: int, Rn: Reg, Vd: Reg, sz: int, imm8: Imm, *, start: Any) -> None:
    """Transfer imm8 singles or imm8 / 2 doubles (odd: FLDMX, FSTMX, a word more in the base only)."""
    count = imm8 >> 1 if sz else imm8
    number = d_number(Vd, D) if sz else s_number(Vd, D)
    if count == 0:
        m.unpredictable("empty register list")
    if (sz and count > 16) or number + count > 32:
        m.unpredictable("register list too long")
    step = 8 if sz else 4

    def one(_: Any, index: Any) -> None:
        offset = d_offset(number + index) if sz else s_offset(number + index)
        _transfer(m, load, m.R[Rn] + m.const(index * step + start), sz, offset)

    m.repeat(count, one)
