"""Arms of vector operations: a vector is a number, lane 0 its low bits."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from backends.interp.cpu import Cpu, arm, signed, width_of
from xlate.errors import Inconsistent
from xlate.ir import Op
from xlate.ir.block import WIDTHS

_LANE_OPS: dict[str, Callable[[int, int, int], int]] = {
    "add": lambda a, b, w: a + b,
    "sub": lambda a, b, w: a - b,
    "mul": lambda a, b, w: a * b,
    "and": lambda a, b, w: a & b,
    "or": lambda a, b, w: a | b,
    "xor": lambda a, b, w: a ^ b,
    "eq": lambda a, b, w: -int(a == b),
    "ugt": lambda a, b, w: -int(a > b),
    "uge": lambda a, b, w: -int(a >= b),
    "sgt": lambda a, b, w: -int(signed(a, w) > signed(b, w)),
    "sge": lambda a, b, w: -int(signed(a, w) >= signed(b, w)),
    "umin": lambda a, b, w: min(a, b),
    "umax": lambda a, b, w: max(a, b),
    "smin": lambda a, b, w: min(signed(a, w), signed(b, w)),
    "smax": lambda a, b, w: max(signed(a, w), signed(b, w)),
    "uadd_sat": lambda a, b, w: min(a + b, (1 << w) - 1),
    "usub_sat": lambda a, b, w: max(a - b, 0),
    "sadd_sat": lambda a, b, w: _limited(signed(a, w) + signed(b, w), w),
    "ssub_sat": lambda a, b, w: _limited(signed(a, w) - signed(b, w), w),
}


def _limited(number: int, width: int) -> int:
    return min(max(number, -(1 << (width - 1))), (1 << (width - 1)) - 1)


def split(value: int, width: int, lane: int) -> list[int]:
    """Lanes of a vector of ``width`` bits, lowest first."""
    mask = (1 << lane) - 1
    return [value >> at & mask for at in range(0, width, lane)]


def join(lanes: Iterable[int], lane: int) -> int:
    """Vector of lanes, lowest first, each cut to its width."""
    mask = (1 << lane) - 1
    whole = at = 0
    for value in lanes:
        whole |= (value & mask) << at
        at += lane
    return whole


@arm("lanes")
def _lanes(cpu: Cpu, op: Op, a: int, b: int) -> int:
    lane, width = op.params["lane"], width_of(op)
    fn = _LANE_OPS[op.params["op"]]
    pairs = zip(split(a, width, lane), split(b, width, lane), strict=True)
    return join((fn(x, y, lane) for x, y in pairs), lane)


@arm("pairwise")
def _pairwise(cpu: Cpu, op: Op, a: int, b: int) -> int:
    lane, width = op.params["lane"], width_of(op)
    fn = _LANE_OPS[op.params["op"]]
    both = split(a, width, lane) + split(b, width, lane)
    return join((fn(x, y, lane) for x, y in zip(both[::2], both[1::2], strict=True)), lane)


@arm("lane_shift")
def _lane_shift(cpu: Cpu, op: Op, a: int, amount: int) -> int:
    lane, kind = op.params["lane"], op.params["op"]
    if not 0 <= amount < lane:
        raise Inconsistent(f"lane_shift by {amount} of lanes of {lane} bits")
    lanes = split(a, width_of(op), lane)
    if kind == "shl":
        return join((x << amount for x in lanes), lane)
    if kind == "lshr":
        return join((x >> amount for x in lanes), lane)
    return join((signed(x, lane) >> amount for x in lanes), lane)


@arm("lane_shift_by")
def _lane_shift_by(cpu: Cpu, op: Op, a: int, b: int) -> int:
    lane, kind = op.params["lane"], op.params["op"]
    pairs = zip(split(a, width_of(op), lane), split(b, width_of(op), lane), strict=True)
    if kind == "shl":
        return join((x << n if n < lane else 0 for x, n in pairs), lane)
    if kind == "lshr":
        return join((x >> n if n < lane else 0 for x, n in pairs), lane)
    return join((signed(x, lane) >> min(n, lane - 1) for x, n in pairs), lane)


@arm("table")
def _table(cpu: Cpu, op: Op, a: int, b: int, c: int) -> int:
    data = (a | b << width_of(op)).to_bytes(32, "little")
    return join((data[i] if i < len(data) else 0 for i in split(c, 64, 8)), 8)


@arm("lane_not")
def _lane_not(cpu: Cpu, op: Op, a: int) -> int:
    return ~a


@arm("splat")
def _splat(cpu: Cpu, op: Op, a: int) -> int:
    lane = op.params["lane"]
    return join([a] * (WIDTHS[op.ty] // lane), lane)


@arm("extract")
def _extract(cpu: Cpu, op: Op, a: int) -> int:
    index: int = op.params["index"]
    return split(a, width_of(op), op.params["lane"])[index]


@arm("insert")
def _insert(cpu: Cpu, op: Op, a: int, b: int) -> int:
    lane = op.params["lane"]
    lanes = split(a, width_of(op), lane)
    lanes[op.params["index"]] = b
    return join(lanes, lane)


@arm("bytes_ext")
def _bytes_ext(cpu: Cpu, op: Op, a: int, b: int) -> int:
    index: int = op.params["index"]
    return (a | b << width_of(op)) >> (8 * index)


@arm("lane_reverse")
def _lane_reverse(cpu: Cpu, op: Op, a: int) -> int:
    lane, group = op.params["lane"], op.params["group"]
    turned = (
        join(reversed(split(part, group, lane)), lane) for part in split(a, width_of(op), group)
    )
    return join(turned, group)


@arm("lane_popcount")
def _lane_popcount(cpu: Cpu, op: Op, a: int) -> int:
    lane = op.params["lane"]
    return join((x.bit_count() for x in split(a, width_of(op), lane)), lane)


@arm("lane_clz")
def _lane_clz(cpu: Cpu, op: Op, a: int) -> int:
    lane = op.params["lane"]
    return join((lane - x.bit_length() for x in split(a, width_of(op), lane)), lane)


@arm("narrow")
def _narrow(cpu: Cpu, op: Op, a: int) -> int:
    lane = op.params["lane"]
    return join(split(a, width_of(op), lane), lane // 2)


@arm("widen")
def _widen(cpu: Cpu, op: Op, a: int) -> int:
    lane = op.params["lane"]
    lanes = split(a, width_of(op), lane)
    return join((signed(x, lane) if op.params["signed"] else x for x in lanes), 2 * lane)


@arm("concat")
def _concat(cpu: Cpu, op: Op, a: int, b: int) -> int:
    return a | b << width_of(op)


@arm("half")
def _half(cpu: Cpu, op: Op, a: int) -> int:
    index: int = op.params["index"]
    return a >> (64 * index)
