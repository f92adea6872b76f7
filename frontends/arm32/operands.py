"""What many instructions share: refused registers, i64 built of two words, halfwords.

What an instruction does with its operands is its own file's business.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

from frontends.arm32.machine import PC, SP, Arm32
from xlate.ir import Value


def refuse_pc(m: Arm32, *registers: Any) -> None:
    """UNPREDICTABLE when one of the register numbers is 15."""
    if reduce(or_, (number == PC for number in registers)):
        m.unpredictable("pc as operand")


def refuse_sp(m: Arm32, *registers: Any) -> None:
    """UNPREDICTABLE when one of the register numbers is 13."""
    if reduce(or_, (number == SP for number in registers)):
        m.unpredictable("sp as operand")


def refuse_same(m: Arm32, a: Any, b: Any) -> None:
    """UNPREDICTABLE when two destinations are one register."""
    if a == b:
        m.unpredictable("the same register twice as destination")


def signed_offset(m: Arm32, imm: Any, U: Any) -> Value:
    """Plus ``imm`` when U is 1, minus ``imm`` when it is 0, as one constant."""
    return m.const(imm * (2 * U - 1))


def pair(low: Value, high: Value) -> Value:
    """Return the i64 of two i32."""
    return low.zext(64) | (high.zext(64) << 32)


def low_word(value: Value) -> Value:
    """Bits 31-0 of an i64."""
    return value.trunc(32)


def high_word(value: Value) -> Value:
    """Bits 63-32 of an i64."""
    return (value >> 32).trunc(32)


def signed_half(value: Value, top: Any) -> Value:
    """Return the bottom or top halfword of an i32, sign-extended to 32 bits."""
    return value.asr(16) if top else value.trunc(16).sext(32)
