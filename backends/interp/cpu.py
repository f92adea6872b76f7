"""The interpreter's loop: guest state, memory, floating-point mode, an arm per operation.

Arms are registered by family in ``integer.py``, ``lanes.py``, ``floats.py`` and ``state.py``;
each takes the cpu, the operation and its arguments as unsigned Python ints (floats and vectors
as their bits) and returns its result the same way. Cutting a result to its type's width is done
here, once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from backends.interp.ieee import FloatMode
from backends.interp.memory import Memory
from xlate.abi.state import StateLayout
from xlate.errors import Inconsistent
from xlate.ir import Block, Op
from xlate.ir.block import WIDTHS


@dataclass(frozen=True)
class Exit:
    """How an instruction was left: skip, jump (target with state bit) or stop (reason and pc)."""

    kind: str
    target: int = 0
    reason: str = ""


class Cpu:
    """What IR operations act on."""

    def __init__(self, layout: StateLayout, memory: Memory) -> None:
        self.offsets = layout.offsets()
        self.word = layout.word // 8  # bytes of a general register
        self.addresses = (1 << layout.word) - 1
        self.state = bytearray(layout.size())
        self.memory = memory
        self.fp = FloatMode()
        self.versions: dict[int, int] = {}  # of exclusive granules, by host address

    def get(self, offset: int, size: int) -> int:
        """Read ``size`` bytes of the state."""
        return int.from_bytes(self.state[offset : offset + size], "little")

    def put(self, offset: int, value: int, size: int) -> None:
        """Write ``size`` bytes of the state."""
        if offset + size > len(self.state):
            raise Inconsistent(f"state offset {offset} is outside the layout")
        self.state[offset : offset + size] = value.to_bytes(size, "little")

    def run(self, blocks: Iterable[Block]) -> Exit | None:
        """Execute recorded steps in order; None when they fall through to the next instruction."""
        values: dict[Op, int] = {}
        for block in blocks:
            for op in block:
                result = ARMS[op.name](self, op, *[values[arg.op] for arg in op.args])
                if isinstance(result, Exit):
                    return result
                if op.ty:
                    values[op] = result & MASKS[op.ty]
        return None


Arm = Callable[..., Any]
ARMS: dict[str, Arm] = {}
MASKS = {ty: (1 << width) - 1 for ty, width in WIDTHS.items()}


def arm(*names: str) -> Callable[[Arm], Arm]:
    """Decorator: the function below executes these operations."""

    def register(fn: Arm) -> Arm:
        for name in names:
            if name in ARMS:
                raise Inconsistent(f"two arms for {name}")
            ARMS[name] = fn
        return fn

    return register


def width_of(op: Op) -> int:
    """Bits of the operation's first argument."""
    return WIDTHS[op.args[0].op.ty]


def signed(value: int, width: int) -> int:
    """The number that ``value`` is in two's complement of ``width`` bits."""
    return value - (1 << width) if value >> (width - 1) else value
