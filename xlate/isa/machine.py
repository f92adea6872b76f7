"""The recording machine that every guest's machine builds on: block, steps, refusals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from xlate.ir import Block, Value
from xlate.isa.expr import Expr


@dataclass(frozen=True)
class Context:
    """What decoding depends on besides the bytes: address, instruction set state, IT block.

    ``pc`` and ``in_it`` are plain when one instruction is decoded and expressions when shapes are
    recorded.
    """

    pc: Any
    thumb: bool
    size: int  # bytes of the instruction
    in_it: Any = False


class Refusal(Exception):
    """The row does not execute: undefined, unpredictable (and what was chosen) or unimplemented."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


class Step:
    """A straight run of operations of one instruction."""

    def __init__(self) -> None:
        self.block = Block()


class Loop(Step):
    """A step repeated for each set bit of a mask, or count times.

    Inside, ``loop_reg`` is the bit number (or the round) and ``loop_index`` the round from 0.
    """

    def __init__(self, over: Expr, *, mask: bool) -> None:
        super().__init__()
        self.over = over
        self.mask = mask


class Machine:
    """Records; guests subclass it with their registers and flags."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.steps: list[Step] = [Step()]

    @property
    def block(self) -> Block:
        """Where operations are recorded now."""
        return self.steps[-1].block

    def const(self, value: Any, width: int = 32) -> Value:
        """Constant of ``width`` bits from a number or a decode-time expression."""
        return self.block.const(value, width)

    def select(self, cond: Value, yes: Value, no: Value) -> Value:
        """``yes`` when cond is 1, else ``no``."""
        return self.block.op("select", cond, yes, no)

    def load(self, addr: Value, width: int) -> Value:
        """Read ``width`` bits (8 to 64) of guest memory; may fault."""
        return self.block.op("load", addr, ty=f"i{width}")

    def store(self, addr: Value, value: Value) -> None:
        """Write ``value`` to guest memory; may fault."""
        self.block.op("store", addr, value)

    def get_state(self, offset: Any, ty: str) -> Value:
        """Read guest state at a byte offset."""
        return self.block.op("get_state", ty=ty, offset=offset)

    def set_state(self, offset: Any, value: Value) -> None:
        """Write guest state at a byte offset."""
        self.block.op("set_state", value, offset=offset)

    def next_step(self) -> None:
        """What follows is recorded (and compiled) apart; values do not cross."""
        self.forget_values()
        self.steps.append(Step())

    def for_each_bit(self, mask: Any, body: Callable[[Any, Any], None]) -> None:
        """Run ``body(bit, round)`` for each set bit of ``mask`` from bit 0 up."""
        if isinstance(mask, Expr):
            self._loop(Loop(mask, mask=True), body)
            return
        for index, bit in enumerate(b for b in range(mask.bit_length()) if mask >> b & 1):
            body(bit, index)

    def repeat(self, count: Any, body: Callable[[Any, Any], None]) -> None:
        """Run ``body(round, round)`` ``count`` times."""
        if isinstance(count, Expr):
            self._loop(Loop(count, mask=False), body)
            return
        for index in range(count):
            body(index, index)

    def _loop(self, loop: Loop, body: Callable[[Any, Any], None]) -> None:
        self.forget_values()
        self.steps.append(loop)
        body(Expr.var("loop_reg"), Expr.var("loop_index"))
        self.next_step()

    def forget_values(self) -> None:
        """A guest machine drops what it remembers of values recorded so far."""

    def undefined(self, why: str = "") -> None:
        """The architecture says UNDEFINED: the guest gets SIGILL."""
        raise Refusal("undefined", why)

    def unpredictable(self, why: str) -> None:
        """The architecture says UNPREDICTABLE; we choose to treat it as UNDEFINED."""
        raise Refusal("unpredictable", why)

    def unimplemented(self, why: str) -> None:
        """We lack it: SIGILL, counted in the support table."""
        raise Refusal("unimplemented", why)
