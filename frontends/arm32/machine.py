"""The 32-bit ARM machine as the manual's pseudocode sees it: R, flags, memory, branches.

Register reads and writes are sequential. ``R[15]`` reads as the instruction's address plus 8 (A32) or 4
(T32); a write to it is an interworking branch (BXWritePC), which is right for A32 data processing and for
every load. T32 data processing that writes the pc does not interwork: its rows say so themselves.
A register number that is only known as an expression may turn out to be 15: the same rule holds then.
"""

from __future__ import annotations

from typing import Any

from frontends.arm32.state import STATE
from xlate.ir import Value
from xlate.isa import Context, Expr
from xlate.isa.nzcv import FlagsMachine

OFFSET = STATE.offsets()
PC, LR, SP = 15, 14, 13


class _Registers:
    """``m.R[n]`` and ``m.R[n] = value``."""

    def __init__(self, machine: Arm32) -> None:
        self._m = machine

    def __getitem__(self, n: Any) -> Value:
        if isinstance(n, int) and n == PC:
            return self._m.const(self._m.pc_value)
        return self._m.block.op("get_reg", ty="i32", reg=n)

    def __setitem__(self, n: Any, value: Value) -> None:
        if isinstance(n, int) and n == PC:
            self._m.branch_exchange(value)
            return
        self._m.block.op("set_reg", value, reg=n)


class Arm32(FlagsMachine):
    """What A32 and T32 semantics functions speak to."""

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx)
        self.R = _Registers(self)

    # --- program counter ------------------------------------------------------------------
    @property
    def thumb(self) -> bool:
        """In T32 state."""
        return self.ctx.thumb

    @property
    def pc_value(self) -> Any:
        """What reading R15 gives: the address of the instruction plus 8 or 4 (number or expression)."""
        return self.ctx.pc + (4 if self.thumb else 8)

    @property
    def pc_aligned(self) -> Any:
        """Align(PC, 4), the base of literal pools (number or expression)."""
        return self.pc_value & 0xFFFFFFFC

    @property
    def next_pc(self) -> Any:
        """Address of the following instruction (number or expression)."""
        return self.ctx.pc + self.ctx.size

    @property
    def in_it_block(self) -> Any:
        """InITBlock(): number or expression; ``if m.in_it_block`` works for both."""
        return self.ctx.in_it

    # --- other status ---------------------------------------------------------------------
    def set_q(self, saturated: Value) -> None:
        """APSR.Q is sticky: or ``saturated`` (i1) into it."""
        old = self.get_state(OFFSET["qf"], "i8")
        self.set_state(OFFSET["qf"], old | saturated.zext(8))

    def ge_bytes(self) -> Value:
        """APSR.GE as i32 of four bytes 0 or 1, GE[0] lowest."""
        return self.get_state(OFFSET["ge"], "i32")

    def set_ge_bytes(self, value: Value) -> None:
        """Write APSR.GE from an i32 of four bytes 0 or 1."""
        self.set_state(OFFSET["ge"], value)

    def version(self, granule: Value) -> Value:
        """Version word (i64) at a host address, read before all later accesses."""
        return self.block.op("version", granule)

    def cas_if(
        self,
        ok: Value,
        addr: Value,
        expected: Value,
        new: Value,
        granule: Value,
        version: Value,
    ) -> Value:
        """Compare-and-swap at addr when ``ok`` (i1) and the granule still has that version.

        i1 of whether it happened. The version is odd meanwhile, and moves on.
        """
        return self.block.op("cas_if", ok, addr, expected, new, granule, version)

    # --- branches -------------------------------------------------------------------------
    def branch(self, target: Any, *, thumb: bool | None = None, kind: str = "jump") -> None:
        """BranchTo a decode-time address; ``thumb`` None stays in this state."""
        bit = self.thumb if thumb is None else thumb
        clean = target & (0xFFFFFFFE if bit else 0xFFFFFFFC)
        self.block.op("exit_jump", target=clean | int(bit), kind=kind)

    def branch_exchange(self, value: Value, *, kind: str = "jump") -> None:
        """BXWritePC(value): bit 0 chooses T32. ``kind`` is jump, call or return."""
        self.block.op("exit_indirect", value, kind=kind)

    def branch_if(self, cond: Value, target: Any) -> None:
        """Go to a decode-time address of this state when ``cond`` is 1 (CBZ, CBNZ)."""
        self.block.op("exit_branch", cond, target=(target & 0xFFFFFFFE) | int(self.thumb))

    def link(self) -> None:
        """LR := address of the next instruction with the state bit."""
        self.R[LR] = self.const(self.next_pc | int(self.thumb))

    def stop(self, reason: str, *, after: bool) -> None:
        """Hand over to the runtime with pc after (or at) this instruction."""
        self.block.op("exit_stop", reason=reason, pc=self.next_pc if after else self.ctx.pc)


def make(ctx: Context) -> Arm32:
    """Build the machine for one recording."""
    return Arm32(ctx)


def is_number(x: Any) -> bool:
    """Decode-time value known as a plain number."""
    return not isinstance(x, Expr)
