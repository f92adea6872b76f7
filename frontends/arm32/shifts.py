"""Shift_C of the manual, for immediate and register amounts."""

from __future__ import annotations

from typing import Any

from frontends.arm32.machine import Arm32
from xlate.ir import Value

LSL, LSR, ASR, ROR = range(4)


def shift_imm(m: Arm32, value: Value, typ: int, imm5: Any, *, S: Any) -> tuple[Value, Value | None]:
    """Shift(value, DecodeImmShift(typ, imm5)) and its carry (None: C stays, or S is 0)."""
    if imm5 == 0:
        return _shift_imm_zero(m, value, typ, S=S)
    amount = m.const(imm5)
    if typ == ROR:
        result = value.ror(amount)
        return result, result.slt(0) if S else None
    if typ == LSL:
        carry = value >> m.const(32 - imm5) if S else None
        return value << amount, carry.trunc(1) if carry is not None else None
    result = value >> amount if typ == LSR else value.asr(amount)
    return result, (value >> m.const(imm5 - 1)).trunc(1) if S else None


def _shift_imm_zero(m: Arm32, value: Value, typ: int, *, S: Any) -> tuple[Value, Value | None]:
    """LSL #0 is the value; LSR #0 and ASR #0 mean 32; ROR #0 is RRX."""
    if typ == LSL:
        return value, None
    if typ == ROR:
        result = (value >> 1) | (m.flag("C").zext(32) << 31)
        return result, value.trunc(1) if S else None
    sign = value.slt(0) if S else None
    return (m.const(0) if typ == LSR else value.asr(31)), sign


def shift_reg(
    m: Arm32, value: Value, typ: int, amount: Value, *, S: Any
) -> tuple[Value, Value | None]:
    """Shift by the bottom byte of a register; amount 0 leaves value and carry."""
    n = amount & 0xFF
    result = _shift_by(value, typ, n)
    if not S:
        return result, None
    zero = n.eq(0)
    if typ == ROR:
        out = result.slt(0)
    elif typ == LSL:
        out = ((value.zext(64) << n.zext(64)) >> 32).trunc(1)
    elif typ == LSR:
        out = (value.zext(64) >> (n - 1).zext(64)).trunc(1)
    else:
        out = value.sext(64).asr((n - 1).zext(64)).trunc(1)
    return result, m.select(zero, m.flag("C"), out)


def _shift_by(value: Value, typ: int, n: Value) -> Value:
    if typ == LSL:
        return value << n
    if typ == LSR:
        return value >> n
    return value.asr(n) if typ == ASR else value.ror(n)
