"""A64 loads and stores of one general register or two.

Everything that can fault is recorded before the first register is written. At EL0 the unprivileged
forms differ in nothing; hints to caches have no effect. Alignment of the stack pointer is not checked,
and the top byte of an address is not ignored.
"""

from __future__ import annotations

from typing import Any

from frontends.arm64.machine import WORD, Arm64
from frontends.arm64.operands import extended
from frontends.arm64.rows import A64
from xlate.ir import Value
from xlate.isa import Imm, Reg, sext

_UNSCALED, _POST, _UNPRIVILEGED, _PRE = range(4)


def _access(m: Arm64, size: int, opc: int, Rt: Any, address: Value) -> Value | None:
    """Store Rt (opc 0), or what a load gives: extended with zeros (1), with the sign to 64 or 32 bits."""
    bits = 8 << size
    if opc == 3 and size > 1:
        m.undefined("no such load")
    if opc == 0:
        m.store(address, m.X[Rt, bits])
    if opc == 0 or (size == 3 and opc == 2):  # the latter is a prefetch
        return None
    value = m.load(address, bits)
    return value.zext(WORD) if opc == 1 else value.sext(WORD if opc == 2 else 32).zext(WORD)


def _load_or_store(m: Arm64, size: int, opc: int, Rt: Any, address: Value) -> None:
    loaded = _access(m, size, opc, Rt, address)
    if loaded is not None:
        m.X[Rt, WORD] = loaded


@A64(
    "size:2 111 0 01 opc:2 imm12:12 Rn:5 Rt:5",
    manual="LDR, STR and kin (immediate, unsigned offset)",
)
def ls_unsigned(m: Arm64, size: int, opc: int, imm12: Imm, Rn: Reg, Rt: Reg) -> None:
    """Rt := mem[Rn + imm12 * size], or the other way round."""
    _load_or_store(m, size, opc, Rt, m.XSP[Rn, WORD] + m.const(imm12 << size, WORD))


@A64("size:2 111 0 00 opc:2 0 imm9:9 mode:2 Rn:5 Rt:5", manual="LDR, STR, LDUR, STUR and kin")
def ls_indexed(m: Arm64, size: int, opc: int, imm9: Imm, mode: int, Rn: Reg, Rt: Reg) -> None:
    """Rt := mem[Rn + imm9], or after (before) it Rn moves by imm9; or the other way round."""
    if mode != _UNSCALED and size == 3 and opc == 2:
        m.undefined("no such load")
    if mode in (_UNSCALED, _UNPRIVILEGED):
        _load_or_store(m, size, opc, Rt, m.XSP[Rn, WORD] + m.const(sext(imm9, 9), WORD))
        return
    if (Rn == Rt) & (Rn != 31):
        m.unpredictable("write-back to the register transferred")
    base = m.XSP[Rn, WORD]
    moved = base + m.const(sext(imm9, 9), WORD)
    loaded = _access(m, size, opc, Rt, base if mode == _POST else moved)
    m.XSP[Rn, WORD] = moved
    if loaded is not None:
        m.X[Rt, WORD] = loaded


@A64("size:2 111 0 00 opc:2 1 Rm:5 option:3 S:1 10 Rn:5 Rt:5", manual="LDR, STR and kin (register)")
def ls_register(
    m: Arm64, size: int, opc: int, Rm: Reg, option: int, S: int, Rn: Reg, Rt: Reg
) -> None:
    """Rt := mem[Rn + Rm extended, times the size when S], or the other way round."""
    if not option & 2:
        m.undefined("an index narrower than a word")
    offset = extended(m, Rm, option, size if S else 0, WORD)
    _load_or_store(m, size, opc, Rt, m.XSP[Rn, WORD] + offset)


@A64("opc:2 101 0 0 mode:2 L:1 imm7:7 Rt2:5 Rn:5 Rt:5", manual="LDP, LDPSW, STP, LDNP, STNP")
def ls_pair(m: Arm64, opc: int, mode: int, L: int, imm7: Imm, Rt2: Reg, Rn: Reg, Rt: Reg) -> None:
    """Rt, Rt2 := two words at Rn + imm7 words, Rn moved as mode says; or the other way round."""
    if opc == 3 or (opc == 1 and (mode == 0 or not L)):
        m.undefined("no such pair")
    if L and Rt == Rt2:
        m.unpredictable("the same register twice as destination")
    moves = mode in (_POST, _PRE)
    if moves and ((Rn == Rt) | (Rn == Rt2)) & (Rn != 31):
        m.unpredictable("write-back to a register transferred")
    base = m.XSP[Rn, WORD]
    moved = base + m.const(sext(imm7, 7) << (3 if opc == 2 else 2), WORD)
    _transfer_pair(m, opc, L, (Rt, Rt2), base if mode == _POST else moved)
    if moves:
        m.XSP[Rn, WORD] = moved


def _transfer_pair(m: Arm64, opc: int, L: int, regs: tuple[Any, Any], address: Value) -> None:
    width = 64 if opc == 2 else 32
    places = (address, address + width // 8)
    if not L:
        for Rt, at in zip(regs, places, strict=True):
            m.store(at, m.X[Rt, width])
        return
    values = [m.load(at, width) for at in places]
    for Rt, value in zip(regs, values, strict=True):
        m.X[Rt, WORD] = value.sext(WORD) if opc == 1 else value.zext(WORD)
