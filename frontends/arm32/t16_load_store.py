"""T16 loads and stores of single registers: register offset, immediate offset, sp- and pc-relative.

Rows say where and what; the accesses themselves are ``load_store``.
"""

from __future__ import annotations

from frontends.arm32.load_store import Place, indexed, literal, load_narrow, load_word, store
from frontends.arm32.machine import SP, Arm32
from frontends.arm32.rows import T16
from xlate.isa import Imm, Reg


def _by_register(m: Arm32, Rn: Reg, Rm: Reg) -> Place:
    return indexed(m, Rn, m.R[Rm])


def _by_immediate(m: Arm32, Rn: Reg, offset: Imm) -> Place:
    return indexed(m, Rn, m.const(offset))


@T16("01001 Rt:3 imm8:8", manual="LDR (literal)")
def ldr_literal_t16(m: Arm32, Rt: Reg, imm8: Imm) -> None:
    """Rt := mem32[Align(pc, 4) + imm8:00]."""
    load_word(m, Rt, literal(m, imm8 << 2, 1))


@T16("0101 000 Rm:3 Rn:3 Rt:3", manual="STR (register)")
def str_reg_t16(m: Arm32, Rm: Reg, Rn: Reg, Rt: Reg) -> None:
    """mem32[Rn + Rm] := Rt."""
    store(m, Rt, _by_register(m, Rn, Rm), 32)


@T16("0101 001 Rm:3 Rn:3 Rt:3", manual="STRH (register)")
def strh_reg_t16(m: Arm32, Rm: Reg, Rn: Reg, Rt: Reg) -> None:
    """mem16[Rn + Rm] := Rt."""
    store(m, Rt, _by_register(m, Rn, Rm), 16)


@T16("0101 010 Rm:3 Rn:3 Rt:3", manual="STRB (register)")
def strb_reg_t16(m: Arm32, Rm: Reg, Rn: Reg, Rt: Reg) -> None:
    """mem8[Rn + Rm] := Rt."""
    store(m, Rt, _by_register(m, Rn, Rm), 8)


@T16("0101 011 Rm:3 Rn:3 Rt:3", manual="LDRSB (register)")
def ldrsb_reg_t16(m: Arm32, Rm: Reg, Rn: Reg, Rt: Reg) -> None:
    """Rt := sign-extended mem8[Rn + Rm]."""
    load_narrow(m, Rt, _by_register(m, Rn, Rm), 8, signed=1)


@T16("0101 100 Rm:3 Rn:3 Rt:3", manual="LDR (register, Thumb)")
def ldr_reg_t16(m: Arm32, Rm: Reg, Rn: Reg, Rt: Reg) -> None:
    """Rt := mem32[Rn + Rm]."""
    load_word(m, Rt, _by_register(m, Rn, Rm))


@T16("0101 101 Rm:3 Rn:3 Rt:3", manual="LDRH (register)")
def ldrh_reg_t16(m: Arm32, Rm: Reg, Rn: Reg, Rt: Reg) -> None:
    """Rt := mem16[Rn + Rm]."""
    load_narrow(m, Rt, _by_register(m, Rn, Rm), 16)


@T16("0101 110 Rm:3 Rn:3 Rt:3", manual="LDRB (register)")
def ldrb_reg_t16(m: Arm32, Rm: Reg, Rn: Reg, Rt: Reg) -> None:
    """Rt := mem8[Rn + Rm]."""
    load_narrow(m, Rt, _by_register(m, Rn, Rm), 8)


@T16("0101 111 Rm:3 Rn:3 Rt:3", manual="LDRSH (register)")
def ldrsh_reg_t16(m: Arm32, Rm: Reg, Rn: Reg, Rt: Reg) -> None:
    """Rt := sign-extended mem16[Rn + Rm]."""
    load_narrow(m, Rt, _by_register(m, Rn, Rm), 16, signed=1)


@T16("0110 0 imm5:5 Rn:3 Rt:3", manual="STR (immediate, Thumb)")
def str_imm_t16(m: Arm32, imm5: Imm, Rn: Reg, Rt: Reg) -> None:
    """mem32[Rn + imm5:00] := Rt."""
    store(m, Rt, _by_immediate(m, Rn, imm5 << 2), 32)


@T16("0110 1 imm5:5 Rn:3 Rt:3", manual="LDR (immediate, Thumb)")
def ldr_imm_t16(m: Arm32, imm5: Imm, Rn: Reg, Rt: Reg) -> None:
    """Rt := mem32[Rn + imm5:00]."""
    load_word(m, Rt, _by_immediate(m, Rn, imm5 << 2))


@T16("0111 0 imm5:5 Rn:3 Rt:3", manual="STRB (immediate, Thumb)")
def strb_imm_t16(m: Arm32, imm5: Imm, Rn: Reg, Rt: Reg) -> None:
    """mem8[Rn + imm5] := Rt."""
    store(m, Rt, _by_immediate(m, Rn, imm5), 8)


@T16("0111 1 imm5:5 Rn:3 Rt:3", manual="LDRB (immediate, Thumb)")
def ldrb_imm_t16(m: Arm32, imm5: Imm, Rn: Reg, Rt: Reg) -> None:
    """Rt := mem8[Rn + imm5]."""
    load_narrow(m, Rt, _by_immediate(m, Rn, imm5), 8)


@T16("1000 0 imm5:5 Rn:3 Rt:3", manual="STRH (immediate, Thumb)")
def strh_imm_t16(m: Arm32, imm5: Imm, Rn: Reg, Rt: Reg) -> None:
    """mem16[Rn + imm5:0] := Rt."""
    store(m, Rt, _by_immediate(m, Rn, imm5 << 1), 16)


@T16("1000 1 imm5:5 Rn:3 Rt:3", manual="LDRH (immediate, Thumb)")
def ldrh_imm_t16(m: Arm32, imm5: Imm, Rn: Reg, Rt: Reg) -> None:
    """Rt := mem16[Rn + imm5:0]."""
    load_narrow(m, Rt, _by_immediate(m, Rn, imm5 << 1), 16)


@T16("1001 0 Rt:3 imm8:8", manual="STR (immediate, Thumb)")
def str_sp_t16(m: Arm32, Rt: Reg, imm8: Imm) -> None:
    """mem32[sp + imm8:00] := Rt."""
    store(m, Rt, _by_immediate(m, SP, imm8 << 2), 32)


@T16("1001 1 Rt:3 imm8:8", manual="LDR (immediate, Thumb)")
def ldr_sp_t16(m: Arm32, Rt: Reg, imm8: Imm) -> None:
    """Rt := mem32[sp + imm8:00]."""
    load_word(m, Rt, _by_immediate(m, SP, imm8 << 2))
