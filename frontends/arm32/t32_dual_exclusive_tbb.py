"""T32 loads and stores of register pairs, exclusive, acquire and release accesses, table branches.

The accesses are ``load_store`` and ``exclusive``.
"""

from __future__ import annotations

from frontends.arm32 import exclusive
from frontends.arm32.load_store import (
    indexed,
    literal,
    load_dual,
    store_dual,
)
from frontends.arm32.machine import PC, Arm32
from frontends.arm32.operands import refuse_pc, refuse_same, signed_offset
from frontends.arm32.rows import T32
from xlate.isa import Imm, Reg

# --- pairs --------------------------------------------------------------------------------


def _store_dual(m: Arm32, P: int, U: Imm, W: Imm, Rn: Reg, Rt: Reg, Rt2: Reg, imm8: Imm) -> None:
    if Rn == PC:
        m.unpredictable("store relative to the pc")
    store_dual(m, Rt, Rt2, indexed(m, Rn, signed_offset(m, imm8 << 2, U), P=P, W=W))


def _load_dual(m: Arm32, P: int, U: Imm, W: Imm, Rn: Reg, Rt: Reg, Rt2: Reg, imm8: Imm) -> None:
    refuse_same(m, Rt, Rt2)
    load_dual(m, Rt, Rt2, indexed(m, Rn, signed_offset(m, imm8 << 2, U), P=P, W=W))


@T32("1110100 1 U:1 1 W:1 0 Rn:4 Rt:4 Rt2:4 imm8:8", manual="STRD (immediate)")
def strd_offset_t32(m: Arm32, U: Imm, W: Imm, Rn: Reg, Rt: Reg, Rt2: Reg, imm8: Imm) -> None:
    """mem64[Rn +- imm8:00] := Rt2:Rt; W writes the address back."""
    _store_dual(m, 1, U, W, Rn, Rt, Rt2, imm8)


@T32("1110100 0 U:1 1 1 0 Rn:4 Rt:4 Rt2:4 imm8:8", manual="STRD (immediate)")
def strd_post_t32(m: Arm32, U: Imm, Rn: Reg, Rt: Reg, Rt2: Reg, imm8: Imm) -> None:
    """mem64[Rn] := Rt2:Rt, Rn := Rn +- imm8:00."""
    _store_dual(m, 0, U, 1, Rn, Rt, Rt2, imm8)


@T32("1110100 1 U:1 1 W:1 1 Rn:4 Rt:4 Rt2:4 imm8:8", manual="LDRD (immediate)")
def ldrd_offset_t32(m: Arm32, U: Imm, W: Imm, Rn: Reg, Rt: Reg, Rt2: Reg, imm8: Imm) -> None:
    """Rt2:Rt := mem64[Rn +- imm8:00]; W writes the address back."""
    _load_dual(m, 1, U, W, Rn, Rt, Rt2, imm8)


@T32("1110100 0 U:1 1 1 1 Rn:4 Rt:4 Rt2:4 imm8:8", manual="LDRD (immediate)")
def ldrd_post_t32(m: Arm32, U: Imm, Rn: Reg, Rt: Reg, Rt2: Reg, imm8: Imm) -> None:
    """Rt2:Rt := mem64[Rn], Rn := Rn +- imm8:00."""
    _load_dual(m, 0, U, 1, Rn, Rt, Rt2, imm8)


@T32(
    "1110100 1 U:1 1 0 1 1111 Rt:4 Rt2:4 imm8:8",
    manual="LDRD (literal)",
    over=("ldrd_offset_t32",),
)
def ldrd_literal_t32(m: Arm32, U: Imm, Rt: Reg, Rt2: Reg, imm8: Imm) -> None:
    """Rt2:Rt := mem64[Align(pc, 4) +- imm8:00]."""
    refuse_same(m, Rt, Rt2)
    load_dual(m, Rt, Rt2, literal(m, imm8 << 2, U))


# --- exclusives ---------------------------------------------------------------------------


@T32("11101000 0100 Rn:4 Rt:4 Rd:4 imm8:8", manual="STREX")
def strex_t32(m: Arm32, Rn: Reg, Rt: Reg, Rd: Reg, imm8: Imm) -> None:
    """mem32[Rn + imm8:00] := Rt if the monitor allows; Rd := 0 or 1."""
    exclusive.store_exclusive(m, Rd, Rt, Rn, 32, imm=imm8 << 2)


@T32("11101000 0101 Rn:4 Rt:4 (1111) imm8:8", manual="LDREX")
def ldrex_t32(m: Arm32, Rn: Reg, Rt: Reg, imm8: Imm) -> None:
    """Rt := mem32[Rn + imm8:00], monitor opened."""
    exclusive.load_exclusive(m, Rt, Rn, 32, imm=imm8 << 2)


@T32("11101000 1100 Rn:4 Rt:4 (1111) 010 H:1 Rd:4", manual="STREXB, STREXH")
def strex_narrow_t32(m: Arm32, Rn: Reg, Rt: Reg, H: int, Rd: Reg) -> None:
    """mem8 or mem16[Rn] := Rt if the monitor allows; Rd := 0 or 1."""
    exclusive.store_exclusive(m, Rd, Rt, Rn, 8 << H)


@T32("11101000 1101 Rn:4 Rt:4 (1111) 010 H:1 (1111)", manual="LDREXB, LDREXH")
def ldrex_narrow_t32(m: Arm32, Rn: Reg, Rt: Reg, H: int) -> None:
    """Rt := mem8 or mem16[Rn], monitor opened."""
    exclusive.load_exclusive(m, Rt, Rn, 8 << H)


@T32("11101000 1100 Rn:4 Rt:4 Rt2:4 0111 Rd:4", manual="STREXD")
def strexd_t32(m: Arm32, Rn: Reg, Rt: Reg, Rt2: Reg, Rd: Reg) -> None:
    """mem64[Rn] := Rt2:Rt if the monitor allows; Rd := 0 or 1."""
    exclusive.store_exclusive_dual(m, Rd, Rt, Rt2, Rn)


@T32("11101000 1101 Rn:4 Rt:4 Rt2:4 0111 (1111)", manual="LDREXD")
def ldrexd_t32(m: Arm32, Rn: Reg, Rt: Reg, Rt2: Reg) -> None:
    """Rt2:Rt := mem64[Rn], monitor opened."""
    exclusive.load_exclusive_dual(m, Rt, Rt2, Rn)


# --- acquire and release (ARMv8) ----------------------------------------------------------


def _refuse_size(m: Arm32, size: int) -> None:
    if size == 3:
        m.undefined("no ordered access of 64 bits without a monitor")


@T32("11101000 1100 Rn:4 Rt:4 (1111) 10 size:2 (1111)", manual="STL, STLB, STLH (ARMv8)")
def stl_t32(m: Arm32, Rn: Reg, Rt: Reg, size: int) -> None:
    """mem[Rn] := Rt, released."""
    _refuse_size(m, size)
    exclusive.store_release(m, Rt, Rn, 8 << size)


@T32("11101000 1101 Rn:4 Rt:4 (1111) 10 size:2 (1111)", manual="LDA, LDAB, LDAH (ARMv8)")
def lda_t32(m: Arm32, Rn: Reg, Rt: Reg, size: int) -> None:
    """Rt := mem[Rn], acquired."""
    _refuse_size(m, size)
    exclusive.load_acquire(m, Rt, Rn, 8 << size)


@T32("11101000 1100 Rn:4 Rt:4 (1111) 110 H:1 Rd:4", manual="STLEXB, STLEXH (ARMv8)")
def stlex_narrow_t32(m: Arm32, Rn: Reg, Rt: Reg, H: int, Rd: Reg) -> None:
    """mem8 or mem16[Rn] := Rt, released, if the monitor allows; Rd := 0 or 1."""
    exclusive.store_exclusive(m, Rd, Rt, Rn, 8 << H)


@T32("11101000 1100 Rn:4 Rt:4 (1111) 1110 Rd:4", manual="STLEX (ARMv8)")
def stlex_t32(m: Arm32, Rn: Reg, Rt: Reg, Rd: Reg) -> None:
    """mem32[Rn] := Rt, released, if the monitor allows; Rd := 0 or 1."""
    exclusive.store_exclusive(m, Rd, Rt, Rn, 32)


@T32("11101000 1101 Rn:4 Rt:4 (1111) 110 H:1 (1111)", manual="LDAEXB, LDAEXH (ARMv8)")
def ldaex_narrow_t32(m: Arm32, Rn: Reg, Rt: Reg, H: int) -> None:
    """Rt := mem8 or mem16[Rn], acquired, monitor opened."""
    exclusive.load_exclusive(m, Rt, Rn, 8 << H, acquire=1)


@T32("11101000 1101 Rn:4 Rt:4 (1111) 1110 (1111)", manual="LDAEX (ARMv8)")
def ldaex_t32(m: Arm32, Rn: Reg, Rt: Reg) -> None:
    """Rt := mem32[Rn], acquired, monitor opened."""
    exclusive.load_exclusive(m, Rt, Rn, 32, acquire=1)


@T32("11101000 1100 Rn:4 Rt:4 Rt2:4 1111 Rd:4", manual="STLEXD (ARMv8)")
def stlexd_t32(m: Arm32, Rn: Reg, Rt: Reg, Rt2: Reg, Rd: Reg) -> None:
    """mem64[Rn] := Rt2:Rt, released, if the monitor allows; Rd := 0 or 1."""
    exclusive.store_exclusive_dual(m, Rd, Rt, Rt2, Rn)


@T32("11101000 1101 Rn:4 Rt:4 Rt2:4 1111 (1111)", manual="LDAEXD (ARMv8)")
def ldaexd_t32(m: Arm32, Rn: Reg, Rt: Reg, Rt2: Reg) -> None:
    """Rt2:Rt := mem64[Rn], acquired, monitor opened."""
    exclusive.load_exclusive_dual(m, Rt, Rt2, Rn, acquire=1)


# --- table branch -------------------------------------------------------------------------


@T32("11101000 1101 Rn:4 (1111 0000) 000 H:1 Rm:4", manual="TBB, TBH")
def table_branch_t32(m: Arm32, Rn: Reg, H: int, Rm: Reg) -> None:
    """Go to pc + 2 * mem8[Rn + Rm], or 2 * mem16[Rn + 2 * Rm]."""
    refuse_pc(m, Rm)
    index = m.R[Rm] << 1 if H else m.R[Rm]
    halfwords = m.load(m.R[Rn] + index, 16 if H else 8).zext(32)
    target = m.const(m.pc_value) + (halfwords << 1)
    m.branch_exchange(target | 1)
