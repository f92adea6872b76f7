"""What instructions share: the width of an operation, refused amounts, shifted and extended operands.

What an instruction does with its operands is its own file's business.
"""

from __future__ import annotations

from typing import Any

from frontends.arm64.machine import Arm64
from xlate.ir import Value

LSL, LSR, ASR, ROR = range(4)


def width_of(sf: int) -> int:
    """Bits of an operation."""
    return 64 if sf else 32


def refuse_wide(m: Arm64, sf: int, *amounts: Any) -> None:
    """UNDEFINED when an operation of 32 bits has an amount beyond 31."""
    for amount in amounts:
        if not sf and amount > 31:
            m.undefined("an amount beyond the width")


def shifted(m: Arm64, value: Value, typ: int, amount: Any) -> Value:
    """ShiftReg() by a decode-time amount below the width."""
    if amount == 0:
        return value
    return shifted_by(value, typ, m.const(amount, value.width))


def shifted_by(value: Value, typ: int, amount: Value) -> Value:
    """ShiftReg() by an amount below the width."""
    if typ == LSL:
        return value << amount
    if typ == LSR:
        return value >> amount
    return value.asr(amount) if typ == ASR else value.ror(amount)


def extended(m: Arm64, Rm: Any, option: int, shift: Any, width: int) -> Value:
    """ExtendReg(): the low 8 to 64 bits of R[m], extended with zeros or the sign, shifted left."""
    value = m.X[Rm, min(8 << (option & 3), width)]
    value = value.sext(width) if option & 4 else value.zext(width)
    return value << m.const(shift, width)
