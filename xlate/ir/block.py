"""Recorded operations in order: what one guest instruction (or a step of it) does.

A Block is straight-line; the only ways out are its exits. A Value is the result of one operation;
its truth is known only when the guest runs, so Python cannot branch on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from xlate.errors import Inconsistent
from xlate.ir.ops import OPS, Effect

WIDTHS = {
    "i1": 1,
    "i8": 8,
    "i16": 16,
    "i32": 32,
    "i64": 64,
    "f32": 32,
    "f64": 64,
    "v64": 64,
    "v128": 128,
}
_INTEGER = {"add", "sub", "mul", "udiv", "sdiv", "and", "or", "xor"}
_SHIFT = {"shl", "lshr", "ashr", "ror"}
_COMPARE = {"eq", "ne", "ult", "ule", "slt", "sle"}
_FLOAT = {"fadd", "fsub", "fmul", "fdiv"}
# Operations whose first two arguments have one type, and those that give an i1.
_SAME = frozenset(_INTEGER | _SHIFT | _COMPARE | _FLOAT | {"sub_v", "lanes", "pairwise"})
_PREDICATES = frozenset(_COMPARE | {"add_c", "add_v", "sub_v", "cas_if"})


@dataclass(eq=False)
class Op:
    """One recorded operation; ``ty`` is the result's type or "" for none."""

    name: str
    ty: str
    args: tuple[Value, ...]
    params: dict[str, Any]
    index: int


class Value:
    """A typed result that exists when the guest runs."""

    __slots__ = ("block", "op")

    def __init__(self, block: Block, op: Op) -> None:
        self.block = block
        self.op = op

    @property
    def ty(self) -> str:
        """Type name, such as i32."""
        return self.op.ty

    @property
    def width(self) -> int:
        """Bits."""
        return WIDTHS[self.op.ty]

    def __bool__(self) -> bool:
        raise TypeError("known only when the guest runs; write m.select(...)")

    def _bin(self, name: str, other: Value | Any, *, swap: bool = False) -> Value:
        rhs = other if isinstance(other, Value) else self.block.const(other, self.width)
        return self.block.op(name, rhs, self) if swap else self.block.op(name, self, rhs)

    def __add__(self, o: Any) -> Value:
        return self._bin("add", o)

    def __radd__(self, o: Any) -> Value:
        return self._bin("add", o, swap=True)

    def __sub__(self, o: Any) -> Value:
        return self._bin("sub", o)

    def __rsub__(self, o: Any) -> Value:
        return self._bin("sub", o, swap=True)

    def __mul__(self, o: Any) -> Value:
        return self._bin("mul", o)

    def __and__(self, o: Any) -> Value:
        return self._bin("and", o)

    def __or__(self, o: Any) -> Value:
        return self._bin("or", o)

    def __xor__(self, o: Any) -> Value:
        return self._bin("xor", o)

    def __lshift__(self, o: Any) -> Value:
        return self._bin("shl", o)

    def __rshift__(self, o: Any) -> Value:
        return self._bin("lshr", o)

    def __invert__(self) -> Value:
        return self._bin("xor", (1 << self.width) - 1)

    def __neg__(self) -> Value:
        return self.block.const(0, self.width) - self

    def zext(self, width: int) -> Value:
        """Widen with zeros to an integer of ``width`` bits (itself when equal)."""
        return self if width == self.width else self.block.op("zext", self, ty=f"i{width}")

    def sext(self, width: int) -> Value:
        """Widen with the sign to ``width`` bits."""
        return self if width == self.width else self.block.op("sext", self, ty=f"i{width}")

    def trunc(self, width: int) -> Value:
        """Keep the low ``width`` bits."""
        return self if width == self.width else self.block.op("trunc", self, ty=f"i{width}")

    def asr(self, o: Any) -> Value:
        """Arithmetic shift right."""
        return self._bin("ashr", o)

    def ror(self, o: Any) -> Value:
        """Rotate right."""
        return self._bin("ror", o)

    def eq(self, o: Any) -> Value:
        """Equality as i1 (``==`` stays Python identity)."""
        return self._bin("eq", o)

    def ne(self, o: Any) -> Value:
        """Inequality as i1."""
        return self._bin("ne", o)

    def ult(self, o: Any) -> Value:
        """Unsigned less-than as i1."""
        return self._bin("ult", o)

    def ule(self, o: Any) -> Value:
        """Unsigned at most, as i1."""
        return self._bin("ule", o)

    def slt(self, o: Any) -> Value:
        """Signed less-than as i1."""
        return self._bin("slt", o)

    def sle(self, o: Any) -> Value:
        """Signed at most, as i1."""
        return self._bin("sle", o)


@dataclass
class Block:
    """Operations in program order."""

    ops: list[Op] = field(default_factory=list)

    def op(self, name: str, *args: Value, ty: str | None = None, **params: Any) -> Value:
        """Record one operation and return its value; raises Inconsistent on a bad shape."""
        row = OPS.get(name)
        if row is None or len(args) != row.nargs or set(params) != set(row.params):
            raise Inconsistent(
                f"bad IR operation {name} with {len(args)} arguments and {sorted(params)}"
            )
        if name in _SAME and args[0].ty != args[1].ty:
            raise Inconsistent(f"{name} of {args[0].ty} and {args[1].ty}")
        if ty is None:
            ty = "i1" if name in _PREDICATES else self._result(name, args)
        recorded = Op(name, ty, args, params, len(self.ops))
        self.ops.append(recorded)
        return Value(self, recorded)

    @staticmethod
    def _result(name: str, args: tuple[Value, ...]) -> str:
        if OPS[name].effect in (Effect.WRITE_STATE, Effect.EXIT) or name in ("store", "fence"):
            return ""
        if name == "select":
            if args[1].ty != args[2].ty or args[0].ty != "i1":
                raise Inconsistent(f"select of {args[0].ty}, {args[1].ty}, {args[2].ty}")
            return args[1].ty
        if not args:
            raise Inconsistent(f"{name} needs a type")
        return args[0].ty

    def const(self, value: Any, width: int) -> Value:
        """Constant of ``width`` bits; ``value`` is an int or a decode-time expression."""
        if isinstance(value, int):
            value &= (1 << width) - 1
        return self.op("const", ty=f"i{width}", value=value)

    def __iter__(self) -> Iterator[Op]:
        return iter(self.ops)

    def text(self) -> str:
        """Canonical text, one operation a line: equal text means equal meaning."""
        return "\n".join(op_text(op) for op in self.ops)


def op_text(op: Op) -> str:
    """One operation as text: ``%3:i32 = add %1 %2``."""
    params = " ".join(f"{k}={v}" for k, v in op.params.items())
    args = " ".join(f"%{a.op.index}" for a in op.args)
    left = f"%{op.index}:{op.ty} = " if op.ty else ""
    return " ".join(part for part in (left + op.name, args, params) if part)
