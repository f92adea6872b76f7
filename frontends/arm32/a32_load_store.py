"""A32 loads and stores of one or two registers, exclusives and swap.

The unprivileged forms (LDRT and others) are the post-indexed rows with W set: in User mode they differ in
nothing.
"""

from __future__ import annotations

from typing import Any

from frontends.arm32 import exclusive
from frontends.arm32.load_store import (
    Place,
    indexed,
    literal,
    load_dual,
    load_narrow,
    load_word,
    store,
    store_dual,
)
from frontends.arm32.machine import PC, Arm32
from frontends.arm32.operands import refuse_pc, signed_offset
from frontends.arm32.rows import A32
from frontends.arm32.shifts import shift_imm
from xlate.isa import Imm, Reg


# --- words and bytes ----------------------------------------------------------------------


def _load(m: Arm32, B: int, Rt: Reg, place: Place) -> None:
    if B:
        load_narrow(m, Rt, place, 8)
    else:
        load_word(m, Rt, place)


@A32("cond:4 010 P:1 U:1 B:1 W:1 1 Rn:4 Rt:4 imm12:12", manual="LDR (immediate), LDRB, LDRT, LDRBT")
def ldr_immediate(m: Arm32, P: int, U: Imm, B: int, W: int, Rn: Reg, Rt: Reg, imm12: Imm) -> None:
    """Rt := mem[Rn +- imm12]."""
    _load(m, B, Rt, indexed(m, Rn, signed_offset(m, imm12, U), P=P, W=W))


@A32("cond:4 0101 U:1 B:1 01 1111 Rt:4 imm12:12", manual="LDR (literal)", over=("ldr_immediate",))
def ldr_literal(m: Arm32, U: Imm, B: int, Rt: Reg, imm12: Imm) -> None:
    """Rt := mem[pc +- imm12]."""
    _load(m, B, Rt, literal(m, imm12, U))


@A32("cond:4 010 P:1 U:1 B:1 W:1 0 Rn:4 Rt:4 imm12:12", manual="STR (immediate), STRB, STRT, STRBT")
def str_immediate(m: Arm32, P: int, U: Imm, B: int, W: int, Rn: Reg, Rt: Reg, imm12: Imm) -> None:
    """mem[Rn +- imm12] := Rt."""
    store(m, Rt, indexed(m, Rn, signed_offset(m, imm12, U), P=P, W=W), 8 if B else 32)


def _shifted(
    m: Arm32, P: int, U: int, W: int, Rn: Reg, imm5: Imm, typ: int, Rm: Reg
) -> Place:
    refuse_pc(m, Rm)
    offset, _ = shift_imm(m, m.R[Rm], typ, imm5, S=0)
    return indexed(m, Rn, offset, P=P, W=W, add=U)


@A32(
    "cond:4 011 P:1 U:1 B:1 W:1 1 Rn:4 Rt:4 imm5:5 typ:2 0 Rm:4",
    manual="LDR (register), LDRB, LDRT, LDRBT",
)
def ldr_register(
    m: Arm32, P: int, U: int, B: int, W: int, Rn: Reg, Rt: Reg, imm5: Imm, typ: int, Rm: Reg
) -> None:
    """Rt := mem[Rn +- (Rm shifted by imm5)]."""
    _load(m, B, Rt, _shifted(m, P, U, W, Rn, imm5, typ, Rm))


@A32(
    "cond:4 011 P:1 U:1 B:1 W:1 0 Rn:4 Rt:4 imm5:5 typ:2 0 Rm:4",
    manual="STR (register), STRB, STRT, STRBT",
)
def str_register(
    m: Arm32, P: int, U: int, B: int, W: int, Rn: Reg, Rt: Reg, imm5: Imm, typ: int, Rm: Reg
) -> None:
    """mem[Rn +- (Rm shifted by imm5)] := Rt."""
    store(m, Rt, _shifted(m, P, U, W, Rn, imm5, typ, Rm), 8 if B else 32)


# --- halfwords, signed bytes, doublewords -------------------------------------------------


def _extra(m: Arm32, P: int, U: Any, I: int, W: int, Rn: Reg, imm4H: Imm, Rm: Reg) -> Place:  # noqa: E741
    """The address of the extra space: I chooses imm4H:Rm as immediate, else R[m]."""
    if I:
        offset = signed_offset(m, (imm4H << 4) | Rm, U)
        return indexed(m, Rn, offset, P=P, W=W)
    refuse_pc(m, Rm)
    return indexed(m, Rn, m.R[Rm], P=P, W=W, add=U)
