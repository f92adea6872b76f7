"""Data processing, written once for A32 and T32: sixteen operations on Rn and a second operand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from frontends.arm32.machine import Arm32
from xlate.ir import Value

AND, EOR, SUB, RSB, ADD, ADC, SBC, RSC, TST, TEQ, CMP, CMN, ORR, MOV, BIC, MVN = range(16)
ORN = 16  # T32 only
_TESTS = {TST: AND, TEQ: EOR, CMP: SUB, CMN: ADD}
_LOGIC: dict[int, Callable[[Value, Value], Value]] = {
    AND: lambda a, b: a & b,
    EOR: lambda a, b: a ^ b,
    ORR: lambda a, b: a | b,
    BIC: lambda a, b: a & ~b,
    ORN: lambda a, b: a | ~b,
    MOV: lambda a, b: b,
    MVN: lambda a, b: ~b,
}


def is_test(op: int) -> bool:
    """TST, TEQ, CMP, CMN: flags only, no destination."""
    return op in _TESTS


def data_processing(
    m: Arm32, op: int, S: Any, Rd: Any, Rn: Any, op2: Value, carry: Value | None
) -> None:
    """Rd := Rn op op2; with S also the flags (C of logical operations is the shifter's carry)."""
    if is_test(op):
        compute(m, _TESTS[op], m.R[Rn], op2, carry, S=1)
        return
    first = op2 if op in (MOV, MVN) else m.R[Rn]
    m.R[Rd] = compute(m, op, first, op2, carry, S=S)


def compute(m: Arm32, op: int, a: Value, b: Value, carry: Value | None, *, S: Any) -> Value:
    """The 32-bit result of one operation, with its flags when S."""
    if op in _LOGIC:
        result = _LOGIC[op](a, b)
        if S:
            m.logic_flags(result, carry)
        return result
    if op == ADD:
        return m.add(a, b, S=S)
    if op == SUB:
        return m.sub(a, b, S=S)
    if op == RSB:
        return m.sub(b, a, S=S)
    if op == ADC:
        return m.add_with_carry(a, b, m.flag("C"), S=S)
    if op == SBC:
        return m.add_with_carry(a, ~b, m.flag("C"), S=S)
    return m.add_with_carry(~a, b, m.flag("C"), S=S)  # RSC
