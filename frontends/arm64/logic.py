"""Logical operations, written once for immediates and registers."""

from __future__ import annotations

from frontends.arm64.machine import Arm64
from xlate.ir import Value

AND, ORR, EOR = range(3)


def logic(m: Arm64, op: int, a: Value, b: Value, *, S: bool) -> Value:
    """A op b; with S also N and Z, C and V cleared."""
    result = a & b if op == AND else a | b if op == ORR else a ^ b
    if S:
        m.flags_of_logic(result)
    return result
