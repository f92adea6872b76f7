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
from xlate.isa import Context, Expr, Machine

OFFSET = STATE.offsets()
PC, LR, SP = 15, 14, 13

_INVERSE = {"EQ": "NE", "CS": "CC", "MI": "PL", "VS": "VC", "HI": "LS", "GE": "LT", "GT": "LE"}
CONDITIONS = ("EQ", "NE", "CS", "CC", "MI", "PL", "VS", "VC", "HI", "LS", "GE", "LT", "GT", "LE")


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


class Arm32(Machine):
    """What A32 and T32 semantics functions speak to."""

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx)
        self.R = _Registers(self)
        self._flags: dict[str, Value] = {}
        self._compared: tuple[Value, Value] | None = None

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

    # --- flags ----------------------------------------------------------------------------
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
        """N and Z from a 32-bit result; C and V stay."""
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
        result = a + b + carry.zext(32)
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
