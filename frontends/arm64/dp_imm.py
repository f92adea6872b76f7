"""A64 data processing with an immediate: addresses, sums, logic, moves, bitfields."""

from __future__ import annotations

from frontends.arm64.decode_imm import bit_mask, is_bit_mask
from frontends.arm64.logic import AND, EOR, ORR, logic
from frontends.arm64.machine import MASK64, WORD, Arm64
from frontends.arm64.operands import refuse_wide, width_of
from frontends.arm64.rows import A64
from xlate.ir import Value
from xlate.isa import Imm, Reg, sext


@A64("op:1 immlo:2 10000 immhi:19 Rd:5", manual="ADR, ADRP")
def adr(m: Arm64, op: int, immlo: Imm, immhi: Imm, Rd: Reg) -> None:
    """Rd := pc + imm, or the page of pc + imm pages."""
    imm = sext(immhi << 2 | immlo, 21)
    address = ((m.ctx.pc & (MASK64 - 0xFFF)) + (imm << 12)) & MASK64 if op else m.near(imm)
    m.X[Rd, WORD] = m.const(address, WORD)


@A64("sf:1 op:1 S:1 100010 sh:1 imm12:12 Rn:5 Rd:5", manual="ADD, ADDS, SUB, SUBS (immediate)")
def add_sub_imm(m: Arm64, sf: int, op: int, S: int, sh: Imm, imm12: Imm, Rn: Reg, Rd: Reg) -> None:
    """Rd := Rn +/- imm12, shifted left 12 when sh; the S forms also set NZCV."""
    width = width_of(sf)
    a, b = m.XSP[Rn, width], m.const(imm12 << (12 * sh), width)
    result = m.sub(a, b, S=S) if op else m.add(a, b, S=S)
    (m.X if S else m.XSP)[Rd, width] = result


@A64("sf:1 op:2 100100 N:1 immr:6 imms:6 Rn:5 Rd:5", manual="AND, ORR, EOR, ANDS (immediate)")
def logic_imm(m: Arm64, sf: int, op: int, N: Imm, immr: Imm, imms: Imm, Rn: Reg, Rd: Reg) -> None:
    """Rd := Rn op a repeated run of ones; ANDS also sets NZCV."""
    if not sf and N == 1:
        m.undefined("an element of 64 bits in an operation of 32")
    if not is_bit_mask(N, imms):
        m.undefined("a reserved mask")
    width, S = width_of(sf), op == 3
    result = logic(m, (AND, ORR, EOR, AND)[op], m.X[Rn, width], _mask(m, N, imms, immr, width), S=S)
    (m.X if S else m.XSP)[Rd, width] = result


def _mask(m: Arm64, N: Imm, imms: Imm, immr: Imm, width: int) -> Value:
    return m.const(bit_mask(N, imms, immr) & ((1 << width) - 1), width)


@A64("sf:1 op:2 100101 hw:2 imm16:16 Rd:5", manual="MOVN, MOVZ, MOVK")
def mov_wide(m: Arm64, sf: int, op: int, hw: Imm, imm16: Imm, Rd: Reg) -> None:
    """Rd := imm16 in halfword hw, or its complement, or with the other halfwords of Rd."""
    if op == 1:
        m.undefined("no such move")
    refuse_wide(m, sf, 16 * hw)
    width, ones = width_of(sf), (1 << width_of(sf)) - 1
    imm = imm16 << (16 * hw)
    if op == 3:
        kept = m.X[Rd, width] & m.const(((0xFFFF << (16 * hw)) ^ MASK64) & ones, width)
        m.X[Rd, width] = kept | m.const(imm, width)
    else:
        m.X[Rd, width] = m.const(imm if op else (imm ^ MASK64) & ones, width)


@A64("sf:1 00 100111 N:1 0 Rm:5 imms:6 Rn:5 Rd:5", manual="EXTR")
def extract(m: Arm64, sf: int, N: int, Rm: Reg, imms: Imm, Rn: Reg, Rd: Reg) -> None:
    """Rd := the width's bits of Rn:Rm from bit imms up."""
    if sf != N:
        m.undefined("no such extraction")
    refuse_wide(m, sf, imms)
    width = width_of(sf)
    low = m.X[Rm, width]
    if imms != 0:  # a decode-time amount is below the width
        low = (low >> m.const(imms, width)) | (m.X[Rn, width] << m.const(width - imms, width))
    m.X[Rd, width] = low


@A64("sf:1 op:2 100110 N:1 immr:6 imms:6 Rn:5 Rd:5", manual="SBFM, BFM, UBFM")
def bitfield(m: Arm64, sf: int, op: int, N: int, immr: Imm, imms: Imm, Rn: Reg, Rd: Reg) -> None:
    """Rd := bits imms to immr of Rn, or bits imms to 0 moved up; the rest sign, old or zero."""
    if op == 3 or sf != N:
        m.undefined("no such bitfield move")
    refuse_wide(m, sf, immr, imms)
    width = width_of(sf)
    last = width - 1
    top = m.X[Rn, width] << m.const(
        last - imms, width
    )  # the field's highest bit becomes bit 63 or 31
    down = last - imms + immr if imms >= immr else immr - imms - 1
    if op == 0:
        m.X[Rd, width] = top.asr(m.const(down, width))
        return
    field = top >> m.const(down, width)
    if op == 1:
        ones = m.const((2 << imms) - 1, width) << m.const(last - imms, width)
        kept = (ones >> m.const(down, width)) ^ ((1 << width) - 1)
        field = field | (m.X[Rd, width] & kept)
    m.X[Rd, width] = field
