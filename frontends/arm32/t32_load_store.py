"""T32 loads and stores of single registers, and the memory hints that stand where a load of the pc would.

One row for each form of address; size and sign are fields. The unprivileged forms (LDRT and the like)
are the positive immediate offset without write-back, and access what a user program may access anyway.
The accesses themselves are ``load_store``.
"""

from __future__ import annotations

from frontends.arm32.load_store import Place, indexed, literal, load_narrow, load_word, store
from frontends.arm32.machine import PC, Arm32
from frontends.arm32.operands import refuse_pc, signed_offset
from frontends.arm32.rows import T32
from xlate.isa import Imm, Reg

BYTE, HALFWORD, WORD = range(3)


def _refuse_size(m: Arm32, size: int, *, signed: int = 0) -> None:
    if size > WORD or (signed and size == WORD):
        m.undefined("no such size of access")


def _is_hint(size: int, Rt: Reg) -> bool:
    """PLD, PLDW, PLI, or a hint that is not allocated: no effect on a user program."""
    return size != WORD and Rt == PC


def _load(m: Arm32, size: int, signed: int, Rt: Reg, place: Place) -> None:
    if size == WORD:
        load_word(m, Rt, place)
    else:
        load_narrow(m, Rt, place, 8 << size, signed=signed)


def _store(m: Arm32, size: int, Rt: Reg, place: Place) -> None:
    refuse_pc(m, Rt)
    store(m, Rt, place, 8 << size)


def _refuse_pc_base(m: Arm32, Rn: Reg) -> None:
    if Rn == PC:
        m.undefined("store relative to the pc")


def _by_imm8(m: Arm32, Rn: Reg, P: Imm, U: Imm, W: Imm, imm8: Imm) -> Place:
    """Offset, pre-indexed or post-indexed; not indexed and not written back is no address."""
    if P == 0 and W == 0:
        m.undefined("no such form of address")
    return indexed(m, Rn, signed_offset(m, imm8, U), P=P, W=W)


def _by_register(m: Arm32, Rn: Reg, Rm: Reg, imm2: int) -> Place:
    refuse_pc(m, Rm)
    return indexed(m, Rn, m.R[Rm] << m.const(imm2))


@T32("11111000 1 size:2 0 Rn:4 Rt:4 imm12:12", manual="STR, STRB, STRH (immediate, Thumb)")
def store_imm12_t32(m: Arm32, size: int, Rn: Reg, Rt: Reg, imm12: Imm) -> None:
    """mem[Rn + imm12] := Rt."""
    _refuse_size(m, size)
    _refuse_pc_base(m, Rn)
    _store(m, size, Rt, indexed(m, Rn, m.const(imm12)))


@T32(
    "11111000 0 size:2 0 Rn:4 Rt:4 1 P:1 U:1 W:1 imm8:8",
    manual="STR, STRB, STRH (immediate, Thumb), STRT, STRBT, STRHT",
)
def store_imm8_t32(
    m: Arm32, size: int, Rn: Reg, Rt: Reg, P: Imm, U: Imm, W: Imm, imm8: Imm
) -> None:
    """mem[Rn +- imm8 or Rn] := Rt; with write-back Rn := Rn +- imm8."""
    _refuse_size(m, size)
    _refuse_pc_base(m, Rn)
    _store(m, size, Rt, _by_imm8(m, Rn, P, U, W, imm8))


@T32("11111000 0 size:2 0 Rn:4 Rt:4 000000 imm2:2 Rm:4", manual="STR, STRB, STRH (register)")
def store_reg_t32(m: Arm32, size: int, Rn: Reg, Rt: Reg, imm2: int, Rm: Reg) -> None:
    """mem[Rn + (Rm << imm2)] := Rt."""
    _refuse_size(m, size)
    _refuse_pc_base(m, Rn)
    _store(m, size, Rt, _by_register(m, Rn, Rm, imm2))


@T32(
    "1111100 S:1 1 size:2 1 Rn:4 Rt:4 imm12:12",
    manual="LDR, LDRB, LDRSB, LDRH, LDRSH, PLD, PLDW, PLI (immediate)",
)
def load_imm12_t32(m: Arm32, S: int, size: int, Rn: Reg, Rt: Reg, imm12: Imm) -> None:
    """Rt := mem[Rn + imm12]."""
    _refuse_size(m, size, signed=S)
    if not _is_hint(size, Rt):
        _load(m, size, S, Rt, indexed(m, Rn, m.const(imm12)))


@T32(
    "1111100 S:1 0 size:2 1 Rn:4 Rt:4 1 P:1 U:1 W:1 imm8:8",
    manual="LDR, LDRB, LDRSB, LDRH, LDRSH (immediate), LDRT, LDRBT, .., PLD, PLDW, PLI",
)
def load_imm8_t32(
    m: Arm32, S: int, size: int, Rn: Reg, Rt: Reg, P: Imm, U: Imm, W: Imm, imm8: Imm
) -> None:
    """Rt := mem[Rn +- imm8 or Rn]; with write-back Rn := Rn +- imm8."""
    _refuse_size(m, size, signed=S)
    if _is_hint(size, Rt) and P and not U and not W:
        return
    _load(m, size, S, Rt, _by_imm8(m, Rn, P, U, W, imm8))


@T32(
    "1111100 S:1 U:1 size:2 1 1111 Rt:4 imm12:12",
    manual="LDR, LDRB, LDRSB, LDRH, LDRSH, PLD, PLI (literal)",
    over=("load_imm12_t32", "load_imm8_t32"),
)
def load_literal_t32(m: Arm32, S: int, U: Imm, size: int, Rt: Reg, imm12: Imm) -> None:
    """Rt := mem[Align(pc, 4) +- imm12]."""
    _refuse_size(m, size, signed=S)
    if not _is_hint(size, Rt):
        _load(m, size, S, Rt, literal(m, imm12, U))


@T32(
    "1111100 S:1 0 size:2 1 Rn:4 Rt:4 000000 imm2:2 Rm:4",
    manual="LDR, LDRB, LDRSB, LDRH, LDRSH, PLD, PLDW, PLI (register)",
    over=("load_literal_t32",),
)
def load_reg_t32(m: Arm32, S: int, size: int, Rn: Reg, Rt: Reg, imm2: int, Rm: Reg) -> None:
    """Rt := mem[Rn + (Rm << imm2)]."""
    _refuse_size(m, size, signed=S)
    if not _is_hint(size, Rt):
        _load(m, size, S, Rt, _by_register(m, Rn, Rm, imm2))


@T32(
    "1111100 S:1 0 size:2 1 1111 Rt:4 000000 imm6:6",
    manual="LDR, LDRB, LDRSB, LDRH, LDRSH, PLD, PLI (literal)",
    over=("load_reg_t32", "load_literal_t32"),
)
def load_literal_near_t32(m: Arm32, S: int, size: int, Rt: Reg, imm6: Imm) -> None:
    """Rt := mem[Align(pc, 4) - imm6], where the form by register has no pc as base."""
    load_literal_t32(m, S, 0, size, Rt, imm6)
