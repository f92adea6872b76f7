"""The vector view of a row: operands by name, operations on lanes of one width.

Rows of Advanced SIMD data processing are registered by family (three registers of one length, ...): the
family's decorator checks what the manual calls UNDEFINED, reads and writes; the function below it is
the lane arithmetic alone. An operation that saturates says by ``saturated`` which lanes did.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from frontends.arm32.fp_shared import VECTOR, d_number, d_offset
from frontends.arm32.machine import OFFSET, Arm32
from xlate.ir import Value

ALL = (8, 16, 32, 64)
SMALL = (8, 16, 32)
QC = 27  # bit of FPSCR


class Vec:
    """Operands and lane operations of one instruction; a register is read when it is named."""

    def __init__(self, m: Arm32, ty: str, lane: int, *, unsigned: int = 1) -> None:
        self.machine = m
        self.ty = ty
        self.lane = lane
        self.unsigned = unsigned
        self.offsets: dict[str, Any] = {}

    @property
    def width(self) -> int:
        """Bits of the vector."""
        return 128 if self.ty == "v128" else 64

    def read(self, name: str, ty: str = "") -> Value:
        """Register d, n or m as a vector."""
        return self.machine.get_state(self.offsets[name], ty or self.ty)

    def write(self, name: str, value: Value) -> None:
        """Write register d, n or m."""
        self.machine.set_state(self.offsets[name], value)

    @property
    def d(self) -> Value:
        """The old destination."""
        return self.read("d")

    @property
    def n(self) -> Value:
        """The first operand."""
        return self.read("n")

    @property
    def m(self) -> Value:
        """The second operand."""
        return self.read("m")

    def op(self, name: str, a: Value, b: Value) -> Value:
        """One operation on every lane."""
        return self.machine.block.op("lanes", a, b, op=name, lane=self.lane)

    def signed_op(self, name: str, a: Value, b: Value) -> Value:
        """``name`` (gt, ge, max, min) with the u or s in front that the instruction says."""
        return self.op(("u" if self.unsigned else "s") + name, a, b)

    def shift(self, op: str, a: Value, amount: Any) -> Value:
        """Shift every lane by a decode-time amount below the lane width."""
        m = self.machine
        return m.block.op("lane_shift", a, m.const(amount), op=op, lane=self.lane)

    def shift_by(self, op: str, a: Value, amounts: Value) -> Value:
        """Shift every lane by the unsigned lane of ``amounts``; all of it goes from the width on."""
        return self.machine.block.op("lane_shift_by", a, amounts, op=op, lane=self.lane)

    def shift_right(self, a: Value, amount: Any) -> Value:
        """Shift right by 1 to the lane width (so in two parts), with the sign unless unsigned."""
        op = "lshr" if self.unsigned else "ashr"
        return self.shift(op, self.shift(op, a, amount - 1), 1)

    def rounded_shift_right(self, a: Value, amount: Any) -> Value:
        """Shift right by 1 to the lane width, half up: the last bit shifted out is added."""
        op = "lshr" if self.unsigned else "ashr"
        almost = self.shift(op, a, amount - 1)
        return self.op("add", self.shift(op, almost, 1), self.op("and", almost, self.splat(1)))

    def invert(self, a: Value) -> Value:
        """Bitwise complement."""
        return self.machine.block.op("lane_not", a)

    def splat(self, number: int) -> Value:
        """Vector with a constant in every lane."""
        m = self.machine
        return m.block.op("splat", m.const(number, self.lane), ty=self.ty, lane=self.lane)

    def pairwise(self, name: str, a: Value, b: Value) -> Value:
        """Neighbouring lanes of b:a joined by ``name``."""
        return self.machine.block.op("pairwise", a, b, op=name, lane=self.lane)

    def absolute(self, a: Value) -> Value:
        """Magnitude of every lane; the most negative stays."""
        return self.op("smax", a, self.op("sub", self.splat(0), a))

    def difference(self, a: Value, b: Value) -> Value:
        """Absolute difference of every lane."""
        return self.op("sub", self.signed_op("max", a, b), self.signed_op("min", a, b))

    def choose(self, mask: Value, ones: Value, zeros: Value) -> Value:
        """Bits of ``ones`` where the mask is 1, else of ``zeros``."""
        return self.op("or", self.op("and", ones, mask), self.op("and", zeros, self.invert(mask)))

    def limits(self, negative: Value) -> Value:
        """Least number of a signed lane where the mask is 1, else the greatest."""
        return self.op("xor", negative, self.splat((1 << (self.lane - 1)) - 1))

    def saturated(self, value: Value, other: Value | None = None) -> None:
        """FPSCR.QC := 1 if ``value`` is not 0, or not the other."""
        cumulative(self.machine, QC, value if other is None else self.op("xor", value, other))


def cumulative(m: Arm32, bit: int, value: Value) -> None:
    """One cumulative bit of FPSCR := 1 if the vector is not 0."""
    block = m.block
    if value.ty == "v128":
        low, high = (block.op("half", value, ty="v64", index=i) for i in (0, 1))
        value = block.op("lanes", low, high, op="or", lane=64)
    found = block.op("bitcast", value, ty="i64").ne(0).zext(32) << bit
    m.set_state(OFFSET["qc"], m.get_state(OFFSET["qc"], "i32") | found)


VecFn = Callable[[Vec], Value]


def vector_offset(V: Any, x: Any) -> Any:
    """State offset of the D or Q register that V, x name (Q numbers are even D numbers)."""
    return d_offset(d_number(V, x))


def check_quad(m: Arm32, Q: int, registers: Any) -> None:
    """UNDEFINED when a quadword register is odd; ``registers`` is the or of the fields."""
    if Q and registers & 1:
        m.undefined("odd quadword register")


def vector(m: Arm32, Q: int, lane: int, unsigned: int, *, d: Any, m_: Any, n: Any = None) -> Vec:
    """Vec over the D or Q registers at the offsets given."""
    v = Vec(m, VECTOR[Q], lane, unsigned=unsigned)
    v.offsets = {"d": d, "m": m_, "n": n}
    return v
