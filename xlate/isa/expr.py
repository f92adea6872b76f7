"""Decode-time expressions: arithmetic on instruction fields that Python and C both evaluate.

In the interpreter and in LLVM conversion a field is a plain int and none of this runs. When shapes
are recorded for stencils a field is an Expr: arithmetic builds a tree that is printed as C, and a
test (``if rot == 0``) forks the recording, so that both outcomes are recorded, each under its
condition.
All arithmetic is modulo 2^64; comparisons are unsigned, so compare raw fields, not differences.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Protocol

from xlate.errors import Inconsistent

MASK64 = (1 << 64) - 1

Num = Any  # int | Expr; operators of both are used alike


class Forker(Protocol):
    """Decides a condition during the recording of shapes."""

    def decide(self, condition: Expr) -> bool:
        """Return the outcome chosen for this run."""


_forker: list[Forker] = []


class forking:  # noqa: N801 - reads as a statement: with forking(f):
    """Context in which conditions on expressions are decided by ``forker``."""

    def __init__(self, forker: Forker) -> None:
        self.forker = forker

    def __enter__(self) -> None:
        _forker.append(self.forker)

    def __exit__(self, *exc: object) -> None:
        _forker.pop()


_BINARY: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "<<": lambda a, b: a << b,
    ">>": lambda a, b: a >> b,
    "==": lambda a, b: int(a == b),
    "!=": lambda a, b: int(a != b),
    "<": lambda a, b: int(a < b),
    "<=": lambda a, b: int(a <= b),
    ">": lambda a, b: int(a > b),
    ">=": lambda a, b: int(a >= b),
}


class Expr:
    """A tree over fields; its text is C and is also its identity."""

    __slots__ = ("args", "kind", "text")
    __hash__ = None  # type: ignore[assignment]  # == builds a condition

    def __init__(self, kind: str, args: tuple[Any, ...], text: str) -> None:
        self.kind = kind
        self.args = args
        self.text = text

    @staticmethod
    def var(name: str) -> Expr:
        """A field or context variable by name."""
        return Expr("var", (name,), name)

    @staticmethod
    def of(x: Num) -> Expr:
        """An int or Expr as Expr."""
        if isinstance(x, Expr):
            return x
        if isinstance(x, int):
            value = int(x) & MASK64
            return Expr("const", (value,), f"{value}u" if value < 1 << 32 else f"{value:#x}ull")
        raise Inconsistent(f"not a decode-time value: {x!r}")

    def _bin(self, op: str, other: Num, *, swap: bool = False) -> Expr:
        a, b = (Expr.of(other), self) if swap else (self, Expr.of(other))
        return Expr(op, (a, b), f"({a.text} {op} {b.text})")

    def __add__(self, o: Num) -> Expr:
        return self._bin("+", o)

    def __radd__(self, o: Num) -> Expr:
        return self._bin("+", o, swap=True)

    def __sub__(self, o: Num) -> Expr:
        return self._bin("-", o)

    def __rsub__(self, o: Num) -> Expr:
        return self._bin("-", o, swap=True)

    def __mul__(self, o: Num) -> Expr:
        return self._bin("*", o)

    def __rmul__(self, o: Num) -> Expr:
        return self._bin("*", o, swap=True)

    def __and__(self, o: Num) -> Expr:
        return self._bin("&", o)

    def __rand__(self, o: Num) -> Expr:
        return self._bin("&", o, swap=True)

    def __or__(self, o: Num) -> Expr:
        return self._bin("|", o)

    def __ror__(self, o: Num) -> Expr:
        return self._bin("|", o, swap=True)

    def __xor__(self, o: Num) -> Expr:
        return self._bin("^", o)

    def __lshift__(self, o: Num) -> Expr:
        return self._bin("<<", o)

    def __rlshift__(self, o: Num) -> Expr:
        # As C, the left operand alone decides how wide a shift is.
        return Expr("const", (o & MASK64,), f"{o & MASK64:#x}ull") << self

    def __rshift__(self, o: Num) -> Expr:
        return self._bin(">>", o)

    def __neg__(self) -> Expr:
        return Expr.of(0) - self

    def __invert__(self) -> Expr:
        return self ^ MASK64

    def __eq__(self, o: object) -> Expr:  # type: ignore[override]
        return self._bin("==", o)

    def __ne__(self, o: object) -> Expr:  # type: ignore[override]
        return self._bin("!=", o)

    def __lt__(self, o: Num) -> Expr:
        return self._bin("<", o)

    def __le__(self, o: Num) -> Expr:
        return self._bin("<=", o)

    def __gt__(self, o: Num) -> Expr:
        return self._bin(">", o)

    def __ge__(self, o: Num) -> Expr:
        return self._bin(">=", o)

    def __bool__(self) -> bool:
        if not _forker:
            raise Inconsistent(f"condition on {self.text} outside a recording")
        return _forker[-1].decide(self)

    def __repr__(self) -> str:
        return self.text

    def __str__(self) -> str:
        return self.text

    def evaluate(self, env: dict[str, int]) -> int:
        """Value modulo 2^64 for the given fields."""
        if self.kind == "var":
            return env[self.args[0]] & MASK64
        if self.kind == "const":
            return int(self.args[0])
        if self.kind == "call":
            fn, args = self.args
            return int(fn.python(*(a.evaluate(env) for a in args))) & MASK64
        a, b = (x.evaluate(env) for x in self.args)
        return _BINARY[self.kind](a, b) & MASK64

    def compiled(self) -> Callable[[dict[str, int]], int]:
        """Return ``evaluate`` as one function, for what is evaluated thousands of times."""
        if self.kind == "var":
            name = self.args[0]
            return lambda env: env[name] & MASK64
        if self.kind == "const":
            value = int(self.args[0])
            return lambda env: value
        if self.kind == "call":
            fn, parts = self.args[0].python, [part.compiled() for part in self.args[1]]
            return lambda env: int(fn(*[part(env) for part in parts])) & MASK64
        of = _BINARY[self.kind]
        a, b = (part.compiled() for part in self.args)
        return lambda env: of(a(env), b(env)) & MASK64

    def names(self) -> frozenset[str]:
        """Fields and context variables that the value depends on."""
        if self.kind in ("var", "const"):
            return frozenset(self.args if self.kind == "var" else ())
        parts = self.args[1] if self.kind == "call" else self.args
        return frozenset().union(*(part.names() for part in parts))


class transform:  # noqa: N801 - used as a decorator
    """A named function of fields with a C twin of the same name (guest/<guest>/decode_imm.h).

    The two are compared over all inputs by a test. Called with ints it computes; with an Expr it
    records.
    """

    registry: ClassVar[dict[str, transform]] = {}

    def __init__(self, fn: Callable[..., int]) -> None:
        self.python = fn
        self.name = fn.__name__
        self.__doc__ = fn.__doc__
        transform.registry[self.name] = self

    def __call__(self, *args: Num) -> Num:
        """The value for numbers; an expression that computes it when an argument is one."""
        if any(isinstance(a, Expr) for a in args):
            exprs = tuple(Expr.of(a) for a in args)
            return Expr("call", (self, exprs), f"{self.name}({', '.join(e.text for e in exprs)})")
        return self.python(*args)


@transform
def sext(value: int, bits: int) -> int:
    """Sign-extend the low ``bits`` of value to 64 bits (as a non-negative number modulo 2^64)."""
    value &= (1 << bits) - 1
    return (value - (1 << bits) if value >> (bits - 1) else value) & MASK64


@transform
def popcount(value: int) -> int:
    """Number of one bits."""
    return value.bit_count()


def fits(x: Num) -> Num:
    """Identity that documents a value as decode-time."""
    return x
