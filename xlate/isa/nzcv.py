"""Condition flags, the same in both instruction set architectures of Arm: NZCV and conditions.

A guest's machine builds on this and adds its registers and branches. Operations are as wide as
their operands. What a comparison compared is remembered within one recording, so that a condition
on it compares again instead of taking flags apart.
"""

from __future__ import annotations

from typing import Any

from xlate.ir import Value
from xlate.isa.machine import Context, Machine

CONDITIONS = ("EQ", "NE", "CS", "CC", "MI", "PL", "VS", "VC", "HI", "LS", "GE", "LT", "GT", "LE")


class FlagsMachine(Machine):
    """A recording machine with N, Z, C and V."""

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx)
        self._flags: dict[str, Value] = {}
        self._compared: tuple[Value, Value] | None = None

    def flag(self, name: str) -> Value:
        """N, Z, C or V as i1."""
        known = self._flags.get(name)
        return known if known is not None else self.block.op("get_flag", ty="i1", flag=name)

    def set_flag(self, name: str, value: Value) -> None:
        """Write N, Z, C or V."""
        self.block.op("set_flag", value, flag=name)
        self._flags[name] = value
        self._compared = None

    def set_nz(self, result: Value) -> None:
        """N and Z from a result; C and V stay."""
        self.set_flag("N", result.slt(0))
        self.set_flag("Z", result.eq(0))

    def forget_values(self) -> None:
        """Flags recorded in an earlier step are read back from the state."""
        self._flags.clear()
        self._compared = None

    def add(self, a: Value, b: Value, *, S: Any = 0) -> Value:
        """A + b; with S also NZCV."""
        result = a + b
        if S:
            zero = self.const(0, 1)
            carry, overflow = self.block.op("add_c", a, b, zero), self.block.op("add_v", a, b, zero)
            self.set_nz(result)
            self.set_flag("C", carry)
            self.set_flag("V", overflow)
        return result

    def sub(self, a: Value, b: Value, *, S: Any = 0) -> Value:
        """A - b; with S also NZCV (C set means no borrow)."""
        result = a - b
        if S:
            not_borrow, overflow = b.ule(a), self.block.op("sub_v", a, b)
            self.set_flag("N", result.slt(0))
            self.set_flag("Z", a.eq(b))
            self.set_flag("C", not_borrow)
            self.set_flag("V", overflow)
            self._compared = (a, b)
        return result

    def add_with_carry(self, a: Value, b: Value, carry: Value, *, S: Any = 0) -> Value:
        """AddWithCarry(a, b, carry): a + b + carry; with S also NZCV."""
        result = a + b + carry.zext(a.width)
        if S:
            carry_out, overflow = (
                self.block.op("add_c", a, b, carry),
                self.block.op("add_v", a, b, carry),
            )
            self.set_nz(result)
            self.set_flag("C", carry_out)
            self.set_flag("V", overflow)
        return result

    def logic_flags(self, result: Value, carry: Value | None) -> None:
        """N, Z from the result and C from the shifter; ``carry`` None leaves C as it is."""
        self.set_nz(result)
        if carry is not None:
            self.set_flag("C", carry)

    def holds(self, cond: int) -> Value:
        """ConditionPassed() for a condition number 0-13, as i1."""
        name = CONDITIONS[cond & ~1]
        value = self._compared_holds(name) if self._compared is not None else self._flags_hold(name)
        return value ^ 1 if cond & 1 else value

    def _compared_holds(self, name: str) -> Value:
        """Flags come from a - b of this very recording: compare the operands instead."""
        assert self._compared is not None
        a, b = self._compared
        if name in ("MI", "VS"):
            return self._flags_hold(name)
        if name == "EQ":
            return a.eq(b)
        if name == "CS":
            return b.ule(a)
        if name == "HI":
            return b.ult(a)
        return b.sle(a) if name == "GE" else b.slt(a)

    def _flags_hold(self, name: str) -> Value:
        simple = {"EQ": "Z", "CS": "C", "MI": "N", "VS": "V"}.get(name)
        if simple is not None:
            return self.flag(simple)
        if name == "HI":
            return self.flag("C") & (self.flag("Z") ^ 1)
        ge = (self.flag("N") ^ self.flag("V")) ^ 1
        return ge if name == "GE" else ge & (self.flag("Z") ^ 1)
