"""FPSCR in optimised functions: its NZCV are flags of their own, apart from the rest.

A floating-point comparison writes four bits of a register whose others it keeps, and what follows
moves those four to the flags. Told apart, the rest is neither read nor written by a comparison, and
its outcome crosses calls only where somebody reads it, as flags do (docs/decisions/0011); the
procedure call standard says of these bits that they do not survive a call.
"""

from __future__ import annotations

from backends.llvm.modal import DN, FZ
from backends.llvm.slots import FP_FLAGS, FPSCR
from backends.llvm.text import Text
from xlate.ir import Block, Op, Value

_NZCV = 0xF0000000


class Fpscr:
    """FPSCR in a block, as two variables: its NZCV are flags, written by each comparison."""

    def __init__(self, block: Block, offset: int) -> None:
        """Find reads and writes that are about the NZCV alone, or not about them."""
        self.offset = offset
        self.kept: dict[int, int] = {}  # bits of a read that matter, by index
        self.outcomes: dict[int, Value] = {}  # a comparison's NZCV, by index of the write
        for op in block:
            if op.name == "get_state" and op.params["offset"] == offset:
                self.kept[op.index] = 0
            elif (outcome := _outcome(op, offset)) is not None:
                self.outcomes[op.index] = outcome
            for arg in op.args:
                if arg.op.index in self.kept:
                    self.kept[arg.op.index] |= _bits_used(op)

    def read(self, t: Text, op: Op) -> tuple[str, int]:
        """Operand with the bits that matter, and the slots that it comes from.

        Optimised functions are left before FZ or DN is set (docs/decisions/0019).
        """
        if not self.kept[op.index] & ~(FZ | DN):
            return "0", 0
        parts, reads = [], 0
        for slot, local, mask in ((FPSCR, "%fpscr", ~_NZCV), (FP_FLAGS, "%fpf", _NZCV)):
            if self.kept[op.index] & mask:
                reads |= 1 << slot
                parts.append(t.new(f"load i32, ptr {local}"))
        result = parts[0] if len(parts) == 1 else t.new(f"or i32 {parts[0]}, {parts[1]}")
        return result, reads

    def write(self, t: Text, op: Op, *, live: bool) -> int:
        """Store what changes, the NZCV when they are alive; returns the slots written."""
        writes = 1 << FP_FLAGS
        outcome = self.outcomes.get(op.index)
        value = t.of(op.args[0] if outcome is None else outcome)
        if outcome is None:
            writes |= 1 << FPSCR
            t.line(f"store i32 {t.new(f'and i32 {value}, {0xFFFFFFFF & ~_NZCV}')}, ptr %fpscr")
            value = t.new(f"and i32 {value}, {_NZCV}")
        if live:
            t.line(f"store i32 {value}, ptr %fpf")
        return writes


def _outcome(op: Op, offset: int) -> Value | None:
    """What a write puts into NZCV, of one that leaves the other bits as they are."""
    if op.name != "set_state" or op.params["offset"] != offset:
        return None
    both = op.args[0].op
    if both.name != "or" or both.args[1].op.name != "shl":
        return None
    rest, nzcv = both.args
    kept, mask = rest.op.args if rest.op.name == "and" else (rest, rest)
    old = kept.op.name == "get_state" and kept.op.params["offset"] == offset
    if not old or mask.op.params.get("value") != 0xFFFFFFFF & ~_NZCV:
        return None
    return nzcv if nzcv.op.args[1].op.params.get("value") == 28 else None


def _bits_used(op: Op) -> int:
    """Bits of its first operand that an operation looks at."""
    known = op.args[-1].op.params.get("value") if op.args else None
    if op.name == "and" and isinstance(known, int):
        return known
    if op.name == "lshr" and isinstance(known, int):
        return 0xFFFFFFFF << known & 0xFFFFFFFF
    return 0xFFFFFFFF
