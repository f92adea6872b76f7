"""Lowers IR operations to LLVM text, one arm for each row of the op table.

Where registers, flags, state and memory live is the caller's affair (a Places object): the stencil
generator keeps registers in machine registers, the optimised tier in SSA values. The arms are
registered by family in ``integer.py``, ``lanes.py``, ``floats.py`` and ``state.py``; this file has
what they append to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from xlate.errors import Inconsistent
from xlate.ir import Block, Op, Value

LLVM_TYPES = {"f32": "float", "f64": "double", "v64": "i64", "v128": "<2 x i64>"}


def llvm_type(ty: str) -> str:
    """The LLVM type that holds an IR type (vectors travel as 64-bit integers)."""
    return LLVM_TYPES.get(ty, ty)


def mxcsr_read(slot: str) -> str:
    """The line that stores MXCSR to memory.

    LLVM takes two calls of its intrinsic for one, whatever raised exceptions between them: it only
    says that it writes there. Assembly that may do anything to memory stays where it is.
    """
    return f'call void asm sideeffect "stmxcsr $0", "=*m,~{{memory}}"(ptr elementtype(i32) {slot})'


def mxcsr_written(slot: str) -> str:
    """The line that loads MXCSR from memory."""
    return f'call void asm sideeffect "ldmxcsr $0", "*m,~{{memory}}"(ptr elementtype(i32) {slot})'


class Relative:
    """A decode-time expression in pc; all of them are pc, maybe aligned to 4, plus a constant."""

    __slots__ = ("_offsets", "expr")

    def __init__(self, expr: Any) -> None:
        self.expr = expr
        self._offsets: dict[int, int] = {}

    def at(self, pc: int) -> int:
        """The value for an instruction at ``pc``, modulo 2^32."""
        place = pc & 3
        offset = self._offsets.get(place)
        if offset is None:
            offset = self._offsets[place] = self.expr.evaluate({"pc": pc}) - pc
            if (self.expr.evaluate({"pc": pc + 4096}) - pc - 4096 - offset) & 0xFFFFFFFF:
                raise Inconsistent(f"not linear in pc: {self.expr.text}")
        return (pc + offset) & 0xFFFFFFFF


class Places(Protocol):
    """What a caller decides: every method appends LLVM lines to ``out`` and returns an operand."""

    offsets: dict[str, int]  # of the state's members

    def const(self, out: Text, op: Op) -> str:
        """Operand for a constant."""

    def get_reg(self, out: Text, op: Op) -> str:
        """Operand for a register's value."""

    def set_reg(self, out: Text, op: Op, value: str) -> None:
        """Write a register."""

    def state_pointer(self, out: Text, op: Op) -> str:
        """Pointer to a state member or flag."""

    def memory_pointer(self, out: Text, addr: Value) -> str:
        """Typed ``ptr`` operand for a guest address."""


class Text:
    """Lines of one function body and the operand of each IR value."""

    scalars = "host"  # how scalar arithmetic is done: host, checked or modal (``modal.py``)

    def __init__(self, places: Places) -> None:
        self.places = places
        self.lines: list[str] = []
        self.names: dict[int, str] = {}
        self._next = 0

    def line(self, text: str) -> None:
        """Append one line."""
        self.lines.append("  " + text)

    def new(self, text: str) -> str:
        """Append ``%x = text`` and return %x; an alloca goes first, or its stack would move."""
        self._next += 1
        name = f"%t{self._next}"
        if text.startswith("alloca"):
            self.lines.insert(0, f"  {name} = {text}")
        else:
            self.line(f"{name} = {text}")
        return name

    def label(self) -> str:
        """A fresh label name."""
        self._next += 1
        return f"l{self._next}"

    @contextmanager
    def seldom(self, condition: str) -> Iterator[None]:
        """What is written inside is done where the i1 is 1, which is hardly ever."""
        there, back = self.label(), self.label()
        self.line(f"br i1 {condition}, label %{there}, label %{back}, !prof !0")
        self.lines.append(f"{there}:")
        yield
        self.line(f"br label %{back}")
        self.lines.append(f"{back}:")

    def of(self, value: Value) -> str:
        """Operand of a recorded value."""
        return self.names[value.op.index]

    def lower(self, block: Block) -> None:
        """Append all operations of the block but its exits."""
        for op in block:
            lowering = ARMS.get(op.name)
            if lowering is None:
                raise Inconsistent(f"no LLVM lowering for {op.name}")
            result = lowering(self, op)
            if op.ty:
                assert result is not None
                self.names[op.index] = result


Arm = Callable[[Text, Op], str | None]
ARMS: dict[str, Arm] = {}


def arm(*names: str) -> Callable[[Arm], Arm]:
    """Decorator: the function below lowers these operations."""

    def register(fn: Arm) -> Arm:
        for name in names:
            if name in ARMS:
                raise Inconsistent(f"two lowerings of {name}")
            ARMS[name] = fn
        return fn

    return register


def args_of(t: Text, op: Op) -> list[str]:
    """Operands of all arguments."""
    return [t.of(a) for a in op.args]


def split_address(addr: Value) -> tuple[Value | None, list[Any]]:
    """Base and decode-time offsets of an address; (None, []) when it is not of that form."""
    offsets: list[Any] = []
    while addr.op.name == "add":
        a, b = addr.op.args
        if b.op.name == "const":
            addr, const = a, b
        elif a.op.name == "const":
            addr, const = b, a
        else:
            break
        offsets.append(const.op.params["value"])
    if addr.op.name == "const":
        return None, []
    return addr, offsets
