"""The AArch64 machine as the manual's pseudocode sees it: X, SP, flags, memory, branches.

Registers are read and written with the width of the operation, ``m.X[Rn, 32]``: a read takes the low
bits, a write of 32 bits clears the high ones. ``X`` has the zero register at 31, ``XSP`` the stack
pointer. Decode-time addresses are modulo 2^64.
"""

from __future__ import annotations

from typing import Any

from frontends.arm64.state import SINK, SP, STATE, ZERO
from xlate.ir import Value
from xlate.isa import Context
from xlate.isa.nzcv import CONDITIONS, FlagsMachine

OFFSET = STATE.offsets()
MASK64 = (1 << 64) - 1
LR = 30
WORD = 64


class _Registers:
    """``m.X[n, width]`` and ``m.X[n, width] = value``."""

    def __init__(self, machine: Arm64, *, zero: bool) -> None:
        self._m = machine
        self._zero = zero

    def __getitem__(self, which: tuple[Any, int]) -> Value:
        n, width = which
        place = n + (ZERO - SP) * (n == SP) if self._zero else n
        return self._m.block.op("get_reg", ty="i64", reg=place).trunc(width)

    def __setitem__(self, which: tuple[Any, int], value: Value) -> None:
        n, width = which
        assert value.width == width
        place = n + (SINK - SP) * (n == SP) if self._zero else n
        self._m.block.op("set_reg", value.zext(WORD), reg=place)


class Arm64(FlagsMachine):
    """What A64 semantics functions speak to."""

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx)
        self.X = _Registers(self, zero=True)
        self.XSP = _Registers(self, zero=False)

    @property
    def next_pc(self) -> Any:
        """Address of the following instruction (number or expression)."""
        return (self.ctx.pc + 4) & MASK64

    def near(self, offset: Any) -> Any:
        """Address at a distance from this instruction (number or expression)."""
        return (self.ctx.pc + offset) & MASK64

    def flags_of_logic(self, result: Value) -> None:
        """N and Z from the result, C and V are cleared."""
        self.set_nz(result)
        for name in "CV":
            self.set_flag(name, self.const(0, 1))

    def passes(self, cond: int) -> Value:
        """ConditionHolds() as i1; 14 and 15 both mean always."""
        return self.holds(cond) if cond < len(CONDITIONS) else self.const(1, 1)

    def branch(self, target: Any, *, kind: str = "jump") -> None:
        """Go to a decode-time address."""
        self.block.op("exit_jump", target=target, kind=kind)

    def branch_to(self, value: Value, *, kind: str = "jump") -> None:
        """Go to an address known at run time; ``kind`` is jump, call or return."""
        self.block.op("exit_indirect", value, kind=kind)

    def branch_if(self, cond: Value, target: Any) -> None:
        """Go to a decode-time address when ``cond`` is 1."""
        self.block.op("exit_branch", cond, target=target)

    def link(self) -> None:
        """X30 := address of the next instruction."""
        self.X[LR, WORD] = self.const(self.next_pc, WORD)

    def stop(self, reason: str, *, after: bool) -> None:
        """Hand over to the runtime with pc after (or at) this instruction."""
        self.block.op("exit_stop", reason=reason, pc=self.next_pc if after else self.ctx.pc)


def make(ctx: Context) -> Arm64:
    """Build the machine for one recording."""
    return Arm64(ctx)
