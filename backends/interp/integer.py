"""Arms of integer operations, predicates and selection."""

from __future__ import annotations

from backends.interp.cpu import Cpu, arm, signed, width_of
from xlate.ir import Op
from xlate.ir.block import WIDTHS


@arm("const")
def _const(cpu: Cpu, op: Op) -> int:
    return int(op.params["value"])


@arm("zext", "trunc", "bitcast")
def _same_bits(cpu: Cpu, op: Op, a: int) -> int:
    return a


@arm("sext")
def _sext(cpu: Cpu, op: Op, a: int) -> int:
    return signed(a, width_of(op))


@arm("add")
def _add(cpu: Cpu, op: Op, a: int, b: int) -> int:
    return a + b


@arm("sub")
def _sub(cpu: Cpu, op: Op, a: int, b: int) -> int:
    return a - b


@arm("mul")
def _mul(cpu: Cpu, op: Op, a: int, b: int) -> int:
    return a * b


@arm("udiv")
def _udiv(cpu: Cpu, op: Op, a: int, b: int) -> int:
    return a // b if b else 0


@arm("sdiv")
def _sdiv(cpu: Cpu, op: Op, a: int, b: int) -> int:
    x, y = signed(a, width_of(op)), signed(b, width_of(op))
    if y == 0:
        return 0
    quotient = abs(x) // abs(y)
    return quotient if (x < 0) == (y < 0) else -quotient


@arm("and")
def _and(cpu: Cpu, op: Op, a: int, b: int) -> int:
    return a & b


@arm("or")
def _or(cpu: Cpu, op: Op, a: int, b: int) -> int:
    return a | b


@arm("xor")
def _xor(cpu: Cpu, op: Op, a: int, b: int) -> int:
    return a ^ b


@arm("shl")
def _shl(cpu: Cpu, op: Op, a: int, b: int) -> int:
    return a << b if b < width_of(op) else 0


@arm("lshr")
def _lshr(cpu: Cpu, op: Op, a: int, b: int) -> int:
    return a >> b if b < width_of(op) else 0


@arm("ashr")
def _ashr(cpu: Cpu, op: Op, a: int, b: int) -> int:
    width = width_of(op)
    return signed(a, width) >> min(b, width - 1)


@arm("ror")
def _ror(cpu: Cpu, op: Op, a: int, b: int) -> int:
    width = width_of(op)
    amount = b % width
    return a >> amount | a << (width - amount)


@arm("clz")
def _clz(cpu: Cpu, op: Op, a: int) -> int:
    return width_of(op) - a.bit_length()


@arm("bitrev")
def _bitrev(cpu: Cpu, op: Op, a: int) -> int:
    return int(f"{a:0{width_of(op)}b}"[::-1], 2)


@arm("bswap")
def _bswap(cpu: Cpu, op: Op, a: int) -> int:
    return int.from_bytes(a.to_bytes(width_of(op) // 8, "little"), "big")


@arm("eq")
def _eq(cpu: Cpu, op: Op, a: int, b: int) -> int:
    return int(a == b)


@arm("ne")
def _ne(cpu: Cpu, op: Op, a: int, b: int) -> int:
    return int(a != b)


@arm("ult")
def _ult(cpu: Cpu, op: Op, a: int, b: int) -> int:
    return int(a < b)


@arm("ule")
def _ule(cpu: Cpu, op: Op, a: int, b: int) -> int:
    return int(a <= b)


@arm("slt")
def _slt(cpu: Cpu, op: Op, a: int, b: int) -> int:
    return int(signed(a, width_of(op)) < signed(b, width_of(op)))


@arm("sle")
def _sle(cpu: Cpu, op: Op, a: int, b: int) -> int:
    return int(signed(a, width_of(op)) <= signed(b, width_of(op)))


@arm("select")
def _select(cpu: Cpu, op: Op, a: int, b: int, c: int) -> int:
    return b if a else c


@arm("add_c")
def _add_c(cpu: Cpu, op: Op, a: int, b: int, c: int) -> int:
    return (a + b + c) >> WIDTHS[op.args[0].op.ty]


def _outside(number: int, width: int) -> int:
    return int(not -(1 << (width - 1)) <= number < 1 << (width - 1))


@arm("add_v")
def _add_v(cpu: Cpu, op: Op, a: int, b: int, c: int) -> int:
    width = width_of(op)
    return _outside(signed(a, width) + signed(b, width) + c, width)


@arm("sub_v")
def _sub_v(cpu: Cpu, op: Op, a: int, b: int) -> int:
    width = width_of(op)
    return _outside(signed(a, width) - signed(b, width), width)
