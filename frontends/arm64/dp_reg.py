"""A64 data processing with registers: logic, sums, products, quotients, shifts, selection."""

from __future__ import annotations

from frontends.arm64.logic import AND, EOR, ORR, logic
from frontends.arm64.machine import WORD, Arm64
from frontends.arm64.operands import extended, refuse_wide, shifted, shifted_by, width_of
from frontends.arm64.rows import A64
from xlate.ir import Value
from xlate.isa import Imm, Reg


@A64(
    "sf:1 op:2 01010 typ:2 N:1 Rm:5 imm6:6 Rn:5 Rd:5",
    manual="AND, BIC, ORR, ORN, EOR, EON, ANDS, BICS (shifted register)",
)
def logic_reg(
    m: Arm64, sf: int, op: int, typ: int, N: int, Rm: Reg, imm6: Imm, Rn: Reg, Rd: Reg
) -> None:
    """Rd := Rn op (Rm shifted, inverted when N); ANDS and BICS also set NZCV."""
    refuse_wide(m, sf, imm6)
    width = width_of(sf)
    second = shifted(m, m.X[Rm, width], typ, imm6)
    second = ~second if N else second
    m.X[Rd, width] = logic(m, (AND, ORR, EOR, AND)[op], m.X[Rn, width], second, S=op == 3)


@A64(
    "sf:1 op:1 S:1 01011 typ:2 0 Rm:5 imm6:6 Rn:5 Rd:5",
    manual="ADD, ADDS, SUB, SUBS (shifted register)",
)
def add_sub_reg(
    m: Arm64, sf: int, op: int, S: int, typ: int, Rm: Reg, imm6: Imm, Rn: Reg, Rd: Reg
) -> None:
    """Rd := Rn +/- Rm shifted; the S forms also set NZCV."""
    if typ == 3:
        m.undefined("no such shift")
    refuse_wide(m, sf, imm6)
    width = width_of(sf)
    a, b = m.X[Rn, width], shifted(m, m.X[Rm, width], typ, imm6)
    m.X[Rd, width] = m.sub(a, b, S=S) if op else m.add(a, b, S=S)


@A64(
    "sf:1 op:1 S:1 01011 00 1 Rm:5 option:3 imm3:3 Rn:5 Rd:5",
    manual="ADD, ADDS, SUB, SUBS (extended register)",
)
def add_sub_extended(
    m: Arm64, sf: int, op: int, S: int, Rm: Reg, option: int, imm3: Imm, Rn: Reg, Rd: Reg
) -> None:
    """Rd := Rn +/- Rm extended and shifted by up to 4; the S forms also set NZCV."""
    if imm3 > 4:
        m.undefined("a shift beyond 4")
    width = width_of(sf)
    a, b = m.XSP[Rn, width], extended(m, Rm, option, imm3, width)
    result = m.sub(a, b, S=S) if op else m.add(a, b, S=S)
    (m.X if S else m.XSP)[Rd, width] = result


@A64("sf:1 op:1 0 11010100 Rm:5 cond:4 0 o2:1 Rn:5 Rd:5", manual="CSEL, CSINC, CSINV, CSNEG")
def cond_select(m: Arm64, sf: int, op: int, Rm: Reg, cond: int, o2: int, Rn: Reg, Rd: Reg) -> None:
    """Rd := Rn when cond holds, else Rm inverted (op) and then incremented (o2)."""
    width = width_of(sf)
    other = ~m.X[Rm, width] if op else m.X[Rm, width]
    other = other + 1 if o2 else other
    m.X[Rd, width] = m.select(m.passes(cond), m.X[Rn, width], other)


@A64("sf:1 op:1 1 11010010 Rm:5 cond:4 i:1 0 Rn:5 0 nzcv:4", manual="CCMN, CCMP")
def cond_compare(
    m: Arm64, sf: int, op: int, Rm: Reg, cond: int, i: int, Rn: Reg, nzcv: Imm
) -> None:
    """NZCV := those of Rn +/- Rm (or the number Rm when i) when cond holds, else nzcv."""
    width = width_of(sf)
    passed = m.passes(cond)
    a, b = m.X[Rn, width], m.const(Rm, width) if i else m.X[Rm, width]
    (m.sub if op else m.add)(a, b, S=1)
    for place, name in enumerate("VCZN"):
        m.set_flag(name, m.select(passed, m.flag(name), m.const(nzcv >> place & 1, 1)))


@A64("sf:1 00 11011 000 Rm:5 o0:1 Ra:5 Rn:5 Rd:5", manual="MADD, MSUB")
def multiply_add(m: Arm64, sf: int, Rm: Reg, o0: int, Ra: Reg, Rn: Reg, Rd: Reg) -> None:
    """Rd := Ra +/- Rn * Rm."""
    width = width_of(sf)
    product = m.X[Rn, width] * m.X[Rm, width]
    m.X[Rd, width] = m.X[Ra, width] - product if o0 else m.X[Ra, width] + product


@A64("100 11011 U:1 01 Rm:5 o0:1 Ra:5 Rn:5 Rd:5", manual="SMADDL, SMSUBL, UMADDL, UMSUBL")
def multiply_add_long(m: Arm64, U: int, Rm: Reg, o0: int, Ra: Reg, Rn: Reg, Rd: Reg) -> None:
    """Rd := Ra +/- Rn * Rm, factors of 32 bits, the rest of 64."""
    product = _long(m.X[Rn, 32], U) * _long(m.X[Rm, 32], U)
    m.X[Rd, WORD] = m.X[Ra, WORD] - product if o0 else m.X[Ra, WORD] + product


@A64("100 11011 U:1 10 Rm:5 0 11111 Rn:5 Rd:5", manual="SMULH, UMULH")
def multiply_high(m: Arm64, U: int, Rm: Reg, Rn: Reg, Rd: Reg) -> None:
    """Rd := bits 127-64 of Rn * Rm."""
    a, b = m.X[Rn, WORD], m.X[Rm, WORD]
    high = _high(a, b)
    if not U:  # a negative factor counted 2^64 times the other too much
        high = high - (b & a.asr(63)) - (a & b.asr(63))
    m.X[Rd, WORD] = high


def _high(a: Value, b: Value) -> Value:
    """The high half of an unsigned product, of products of halves."""
    low, ones = 32, (1 << 32) - 1
    middle = (a >> low) * (b & ones) + (((a & ones) * (b & ones)) >> low)
    other = (a & ones) * (b >> low) + (middle & ones)
    return (a >> low) * (b >> low) + (middle >> low) + (other >> low)


def _long(value: Value, U: int) -> Value:
    return value.zext(WORD) if U else value.sext(WORD)


@A64("sf:1 0011010110 Rm:5 00001 o1:1 Rn:5 Rd:5", manual="UDIV, SDIV")
def divide(m: Arm64, sf: int, Rm: Reg, o1: int, Rn: Reg, Rd: Reg) -> None:
    """Rd := Rn / Rm toward zero; 0 when Rm is 0."""
    width = width_of(sf)
    m.X[Rd, width] = m.block.op("sdiv" if o1 else "udiv", m.X[Rn, width], m.X[Rm, width])


@A64("sf:1 0011010110 Rm:5 0010 typ:2 Rn:5 Rd:5", manual="LSLV, LSRV, ASRV, RORV")
def shift_variable(m: Arm64, sf: int, Rm: Reg, typ: int, Rn: Reg, Rd: Reg) -> None:
    """Rd := Rn shifted by Rm modulo the width."""
    width = width_of(sf)
    m.X[Rd, width] = shifted_by(m.X[Rn, width], typ, m.X[Rm, width] & (width - 1))
