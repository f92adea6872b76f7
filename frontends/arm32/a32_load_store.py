"""A32 loads and stores of one or two registers, exclusives and swap.

The unprivileged forms (LDRT and others) are the post-indexed rows with W set: in User mode they
differ in nothing.
"""

from __future__ import annotations

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
from frontends.arm32.machine import Arm32
from frontends.arm32.operands import refuse_pc, signed_offset
from frontends.arm32.rows import A32
from frontends.arm32.shifts import LSL, shift_imm
from xlate.isa import Imm, Reg

_EXTRA = ("multiply_extra_space",)


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


def _shifted(m: Arm32, P: int, U: int, W: int, Rn: Reg, imm5: Imm, typ: int, Rm: Reg) -> Place:
    refuse_pc(m, Rm)
    if typ == LSL and imm5 == 2:  # an array of words: a known amount becomes a scaled address
        offset = m.R[Rm] << 2
    else:
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


def _extra_immediate(m: Arm32, P: int, U: Imm, W: int, Rn: Reg, high: Imm, low: Imm) -> Place:
    return indexed(m, Rn, signed_offset(m, (high << 4) | low, U), P=P, W=W)


def _extra_register(m: Arm32, P: int, U: int, W: int, Rn: Reg, Rm: Reg) -> Place:
    refuse_pc(m, Rm)
    return indexed(m, Rn, m.R[Rm], P=P, W=W, add=U)


def _check_dual(m: Arm32, P: int, W: int, Rt: Reg) -> None:
    if W and not P:
        m.unpredictable("LDRD and STRD have no unprivileged form")
    if Rt & 1:
        m.unpredictable("odd first register of a doubleword")


@A32(
    "cond:4 000 P:1 U:1 1 W:1 1 Rn:4 Rt:4 imm4H:4 1011 imm4L:4",
    manual="LDRH (immediate), LDRHT",
    over=_EXTRA,
)
def ldrh_immediate(
    m: Arm32, P: int, U: Imm, W: int, Rn: Reg, Rt: Reg, imm4H: Imm, imm4L: Imm
) -> None:
    """Rt := zext mem16[Rn +- imm4H:imm4L]."""
    load_narrow(m, Rt, _extra_immediate(m, P, U, W, Rn, imm4H, imm4L), 16)


@A32(
    "cond:4 000 P:1 U:1 0 W:1 1 Rn:4 Rt:4 (0000) 1011 Rm:4",
    manual="LDRH (register), LDRHT",
    over=_EXTRA,
)
def ldrh_register(m: Arm32, P: int, U: int, W: int, Rn: Reg, Rt: Reg, Rm: Reg) -> None:
    """Rt := zext mem16[Rn +- Rm]."""
    load_narrow(m, Rt, _extra_register(m, P, U, W, Rn, Rm), 16)


@A32(
    "cond:4 000 P:1 U:1 1 W:1 1 Rn:4 Rt:4 imm4H:4 11 H:1 1 imm4L:4",
    manual="LDRSB (immediate), LDRSH, LDRSBT, LDRSHT",
    over=_EXTRA,
)
def ldrs_immediate(
    m: Arm32, P: int, U: Imm, W: int, Rn: Reg, Rt: Reg, imm4H: Imm, H: int, imm4L: Imm
) -> None:
    """Rt := sext mem[Rn +- imm4H:imm4L], a halfword when H, else a byte."""
    place = _extra_immediate(m, P, U, W, Rn, imm4H, imm4L)
    load_narrow(m, Rt, place, 16 if H else 8, signed=1)


@A32(
    "cond:4 000 P:1 U:1 0 W:1 1 Rn:4 Rt:4 (0000) 11 H:1 1 Rm:4",
    manual="LDRSB (register), LDRSH, LDRSBT, LDRSHT",
    over=_EXTRA,
)
def ldrs_register(m: Arm32, P: int, U: int, W: int, Rn: Reg, Rt: Reg, H: int, Rm: Reg) -> None:
    """Rt := sext mem[Rn +- Rm], a halfword when H, else a byte."""
    load_narrow(m, Rt, _extra_register(m, P, U, W, Rn, Rm), 16 if H else 8, signed=1)


@A32(
    "cond:4 000 P:1 U:1 1 W:1 0 Rn:4 Rt:4 imm4H:4 1011 imm4L:4",
    manual="STRH (immediate), STRHT",
    over=_EXTRA,
)
def strh_immediate(
    m: Arm32, P: int, U: Imm, W: int, Rn: Reg, Rt: Reg, imm4H: Imm, imm4L: Imm
) -> None:
    """mem16[Rn +- imm4H:imm4L] := Rt."""
    store(m, Rt, _extra_immediate(m, P, U, W, Rn, imm4H, imm4L), 16)


@A32(
    "cond:4 000 P:1 U:1 0 W:1 0 Rn:4 Rt:4 (0000) 1011 Rm:4",
    manual="STRH (register), STRHT",
    over=_EXTRA,
)
def strh_register(m: Arm32, P: int, U: int, W: int, Rn: Reg, Rt: Reg, Rm: Reg) -> None:
    """mem16[Rn +- Rm] := Rt."""
    store(m, Rt, _extra_register(m, P, U, W, Rn, Rm), 16)


@A32(
    "cond:4 000 P:1 U:1 1 W:1 0 Rn:4 Rt:4 imm4H:4 1101 imm4L:4",
    manual="LDRD (immediate)",
    over=_EXTRA,
)
def ldrd_immediate(
    m: Arm32, P: int, U: Imm, W: int, Rn: Reg, Rt: Reg, imm4H: Imm, imm4L: Imm
) -> None:
    """Rt, Rt+1 := mem64[Rn +- imm4H:imm4L]."""
    _check_dual(m, P, W, Rt)
    load_dual(m, Rt, Rt + 1, _extra_immediate(m, P, U, W, Rn, imm4H, imm4L))


@A32("cond:4 000 P:1 U:1 0 W:1 0 Rn:4 Rt:4 (0000) 1101 Rm:4", manual="LDRD (register)", over=_EXTRA)
def ldrd_register(m: Arm32, P: int, U: int, W: int, Rn: Reg, Rt: Reg, Rm: Reg) -> None:
    """Rt, Rt+1 := mem64[Rn +- Rm]."""
    if (Rm == Rt) | (Rm == Rt + 1):
        m.unpredictable("index is loaded")
    _check_dual(m, P, W, Rt)
    load_dual(m, Rt, Rt + 1, _extra_register(m, P, U, W, Rn, Rm))


@A32(
    "cond:4 000 P:1 U:1 1 W:1 0 Rn:4 Rt:4 imm4H:4 1111 imm4L:4",
    manual="STRD (immediate)",
    over=_EXTRA,
)
def strd_immediate(
    m: Arm32, P: int, U: Imm, W: int, Rn: Reg, Rt: Reg, imm4H: Imm, imm4L: Imm
) -> None:
    """mem64[Rn +- imm4H:imm4L] := Rt+1:Rt."""
    _check_dual(m, P, W, Rt)
    store_dual(m, Rt, Rt + 1, _extra_immediate(m, P, U, W, Rn, imm4H, imm4L))


@A32("cond:4 000 P:1 U:1 0 W:1 0 Rn:4 Rt:4 (0000) 1111 Rm:4", manual="STRD (register)", over=_EXTRA)
def strd_register(m: Arm32, P: int, U: int, W: int, Rn: Reg, Rt: Reg, Rm: Reg) -> None:
    """mem64[Rn +- Rm] := Rt+1:Rt."""
    _check_dual(m, P, W, Rt)
    store_dual(m, Rt, Rt + 1, _extra_register(m, P, U, W, Rn, Rm))


# --- exclusives, acquire and release, swap: sz 0 word, 1 doubleword, 2 byte, 3 halfword ----

_BITS = {0: 32, 2: 8, 3: 16}


@A32(
    "cond:4 00011 sz:2 1 Rn:4 Rt:4 (11) 1 relaxed:1 1001 (1111)",
    manual="LDREX, LDREXD, LDREXB, LDREXH (relaxed), LDAEX and others",
    over=_EXTRA,
)
def ldrex(m: Arm32, sz: int, Rn: Reg, Rt: Reg, relaxed: int) -> None:
    """Rt := mem[Rn], monitor open."""
    if sz == 1:
        _check_dual(m, 1, 0, Rt)
        exclusive.load_exclusive_dual(m, Rt, Rt + 1, Rn, acquire=not relaxed)
    else:
        exclusive.load_exclusive(m, Rt, Rn, _BITS[sz], acquire=not relaxed)


@A32(
    "cond:4 00011 sz:2 0 Rn:4 Rd:4 (11) 1 relaxed:1 1001 Rt:4",
    manual="STREX, STREXD, STREXB, STREXH (relaxed), STLEX and others",
    over=_EXTRA,
)
def strex(m: Arm32, sz: int, Rn: Reg, Rd: Reg, relaxed: Imm, Rt: Reg) -> None:
    """mem[Rn] := Rt if the monitor is open there, Rd := 0 when it was; release adds nothing."""
    if sz == 1:
        _check_dual(m, 1, 0, Rt)
        exclusive.store_exclusive_dual(m, Rd, Rt, Rt + 1, Rn)
    else:
        exclusive.store_exclusive(m, Rd, Rt, Rn, _BITS[sz])


@A32(
    "cond:4 00011 sz:2 1 Rn:4 Rt:4 (11) 00 1001 (1111)",
    manual="LDA, LDAB, LDAH (ARMv8)",
    over=_EXTRA,
)
def lda(m: Arm32, sz: int, Rn: Reg, Rt: Reg) -> None:
    """Rt := mem[Rn], ordered before all later accesses."""
    if sz == 1:
        m.undefined("no doubleword load-acquire")
    else:
        exclusive.load_acquire(m, Rt, Rn, _BITS[sz])


@A32(
    "cond:4 00011 sz:2 0 Rn:4 (1111 11) 00 1001 Rt:4",
    manual="STL, STLB, STLH (ARMv8)",
    over=_EXTRA,
)
def stl(m: Arm32, sz: int, Rn: Reg, Rt: Reg) -> None:
    """mem[Rn] := Rt, ordered after all earlier accesses."""
    if sz == 1:
        m.undefined("no doubleword store-release")
    else:
        exclusive.store_release(m, Rt, Rn, _BITS[sz])


@A32(
    "cond:4 00010 B:1 00 Rn:4 Rt:4 (0000) 1001 Rt2:4",
    manual="SWP, SWPB",
    over=_EXTRA,
)
def swp(m: Arm32, B: int, Rn: Reg, Rt: Reg, Rt2: Reg) -> None:
    """Rt := mem[Rn], mem[Rn] := Rt2, as one access."""
    exclusive.swap(m, Rt, Rt2, Rn, 8 if B else 32)
