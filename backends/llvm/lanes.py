"""Lowerings of vector operations: bags of bits are cast to LLVM vectors for each operation."""

from __future__ import annotations

from backends.llvm.text import Text, args_of, arm, llvm_type
from xlate.ir import Op
from xlate.ir.block import WIDTHS

_LANE_OPS = {"add": "add", "sub": "sub", "mul": "mul", "and": "and", "or": "or", "xor": "xor"}
_LANE_SATURATE = {
    "uadd_sat": "uadd.sat",
    "sadd_sat": "sadd.sat",
    "usub_sat": "usub.sat",
    "ssub_sat": "ssub.sat",
}
_LANE_COMPARE = {"eq": "eq", "ugt": "ugt", "sgt": "sgt", "uge": "uge", "sge": "sge"}


def _vector(t: Text, value: str, ty: str, lane: int) -> tuple[str, str]:
    """Bitcast a bag of bits to lanes; returns operand and vector type."""
    vec = f"<{WIDTHS[ty] // lane} x i{lane}>"
    return t.new(f"bitcast {llvm_type(ty)} {value} to {vec}"), vec


def _bag(t: Text, value: str, vec: str, ty: str) -> str:
    return t.new(f"bitcast {vec} {value} to {llvm_type(ty)}")


def _lane_op(t: Text, name: str, vec: str, a: str, b: str) -> str:
    if name in _LANE_OPS:
        return t.new(f"{_LANE_OPS[name]} {vec} {a}, {b}")
    if name in _LANE_COMPARE:
        mask = t.new(f"icmp {_LANE_COMPARE[name]} {vec} {a}, {b}")
        count = vec[1 : vec.index(" ")]
        return t.new(f"sext <{count} x i1> {mask} to {vec}")
    name = _LANE_SATURATE.get(name, name)
    return t.new(f"call {vec} @llvm.{name}.{_suffix(vec)}({vec} {a}, {vec} {b})")


def _suffix(vec: str) -> str:
    count, _, lane = vec.strip("<>").split()
    return f"v{count}{lane}"


@arm("lanes")
def _lanes(t: Text, op: Op) -> str:
    lane = op.params["lane"]
    (a, vec), (b, _) = (_vector(t, t.of(x), op.ty, lane) for x in op.args)
    return _bag(t, _lane_op(t, op.params["op"], vec, a, b), vec, op.ty)


@arm("lane_shift")
def _lane_shift(t: Text, op: Op) -> str:
    lane = op.params["lane"]
    a, vec = _vector(t, t.of(op.args[0]), op.ty, lane)
    amount = t.of(op.args[1])
    if lane != 32:
        amount = t.new(f"{'trunc' if lane < 32 else 'zext'} i32 {amount} to i{lane}")
    amounts = _splat(t, amount, lane, WIDTHS[op.ty] // lane)
    return _bag(t, t.new(f"{op.params['op']} {vec} {a}, {amounts}"), vec, op.ty)


@arm("lane_shift_by")
def _lane_shift_by(t: Text, op: Op) -> str:
    """Amounts that are too great become ones that LLVM defines, and their lanes all sign or 0.

    A left shift of words by 31 is made of two: without AVX2, LLVM multiplies by a power of two that
    it has converted from a float, and converting 2^31 raises invalid.
    """
    lane, kind, ty = op.params["lane"], op.params["op"], op.ty
    args = args_of(t, op)
    if kind == "shl" and ty == "v64" and lane < 64:
        # The lanes that LLVM adds to a D register hold anything, and raise invalid like others.
        ty, args = "v128", [with_zeros(t, value) for value in args]
    (a, vec), (b, _) = (_vector(t, value, ty, lane) for value in args)
    count = WIDTHS[ty] // lane
    in_two = kind == "shl" and lane == 32
    most = _constant(lane - 1 - in_two, lane, count)
    near = t.new(f"call {vec} @llvm.umin.{_suffix(vec)}({vec} {b}, {vec} {most})")
    value = t.new(f"{kind} {vec} {a}, {near}")
    if in_two:
        last = t.new(f"icmp ugt {vec} {b}, {most}")
        more = t.new(f"shl {vec} {value}, {_constant(1, lane, count)}")
        value = t.new(f"select <{count} x i1> {last}, {vec} {more}, {vec} {value}")
    if kind != "ashr":
        small = t.new(f"icmp ule {vec} {b}, {_constant(lane - 1, lane, count)}")
        value = t.new(f"select <{count} x i1> {small}, {vec} {value}, {vec} zeroinitializer")
    bag = _bag(t, value, vec, ty)
    return bag if ty == op.ty else t.new(f"extractelement <2 x i64> {bag}, i32 0")


def with_zeros(t: Text, bag: str) -> str:
    """A D register as a Q register with zeros above."""
    return t.new(f"insertelement <2 x i64> zeroinitializer, i64 {bag}, i32 0")


def _constant(number: int, lane: int, count: int) -> str:
    return f"<{', '.join([f'i{lane} {number}'] * count)}>"


@arm("table")
def _table(t: Text, op: Op) -> str:
    """Thirty-two bytes and a zero behind them, in memory; an index is limited to that zero."""
    low, high, index = args_of(t, op)
    slot = t.new("alloca [33 x i8], align 8")
    t.line(f"store <2 x i64> {low}, ptr {slot}, align 8")
    t.line(f"store <2 x i64> {high}, ptr {_at(t, slot, '16')}, align 8")
    t.line(f"store i8 0, ptr {_at(t, slot, '32')}, align 1")
    indices = t.new(f"bitcast i64 {index} to <8 x i8>")
    limited = t.new(
        f"call <8 x i8> @llvm.umin.v8i8(<8 x i8> {indices}, <8 x i8> {_constant(32, 8, 8)})"
    )
    limited = t.new(f"bitcast <8 x i8> {limited} to i64")
    result = "0"
    for number in range(8):
        byte = t.new(f"and i64 {t.new(f'lshr i64 {limited}, {8 * number}')}, 255")
        found = t.new(f"load i8, ptr {_at(t, slot, byte)}, align 1")
        wide = t.new(f"shl i64 {t.new(f'zext i8 {found} to i64')}, {8 * number}")
        result = t.new(f"or i64 {result}, {wide}")
    return result


def _at(t: Text, pointer: str, offset: str) -> str:
    return t.new(f"getelementptr i8, ptr {pointer}, i64 {offset}")


def _splat(t: Text, value: str, lane: int, count: int) -> str:
    vec = f"<{count} x i{lane}>"
    first = t.new(f"insertelement {vec} poison, i{lane} {value}, i32 0")
    every, _ = _shuffle(t, first, first, vec, [0] * count)
    return every


@arm("lane_not")
def _lane_not(t: Text, op: Op) -> str:
    ones = "<i64 -1, i64 -1>" if op.ty == "v128" else "-1"
    return t.new(f"xor {llvm_type(op.ty)} {t.of(op.args[0])}, {ones}")


def _shuffle(t: Text, a: str, b: str, vec: str, picks: list[int]) -> tuple[str, str]:
    mask = ", ".join(f"i32 {p}" for p in picks)
    lane = vec.strip("<>").split()[2]
    result = f"<{len(picks)} x {lane}>"
    return t.new(f"shufflevector {vec} {a}, {vec} {b}, <{len(picks)} x i32> <{mask}>"), result


@arm("pairwise")
def _pairwise(t: Text, op: Op) -> str:
    lane = op.params["lane"]
    (a, vec), (b, _) = (_vector(t, t.of(x), op.ty, lane) for x in op.args)
    count = WIDTHS[op.ty] // lane
    even, out = _shuffle(t, a, b, vec, [2 * i for i in range(count)])
    odd, _ = _shuffle(t, a, b, vec, [2 * i + 1 for i in range(count)])
    return _bag(t, _lane_op(t, op.params["op"], out, even, odd), out, op.ty)


@arm("splat")
def _splat_op(t: Text, op: Op) -> str:
    lane = op.params["lane"]
    source = op.args[0]
    value = t.of(source)
    if source.width != lane:
        value = t.new(f"trunc {llvm_type(source.ty)} {value} to i{lane}")
    count = WIDTHS[op.ty] // lane
    return _bag(t, _splat(t, value, lane, count), f"<{count} x i{lane}>", op.ty)


@arm("extract")
def _extract(t: Text, op: Op) -> str:
    a, vec = _vector(t, t.of(op.args[0]), op.args[0].ty, op.params["lane"])
    return t.new(f"extractelement {vec} {a}, i32 {op.params['index']}")


@arm("insert")
def _insert(t: Text, op: Op) -> str:
    lane = op.params["lane"]
    a, vec = _vector(t, t.of(op.args[0]), op.ty, lane)
    value = t.of(op.args[1])
    if op.args[1].width != lane:
        value = t.new(f"trunc {op.args[1].ty} {value} to i{lane}")
    return _bag(
        t, t.new(f"insertelement {vec} {a}, i{lane} {value}, i32 {op.params['index']}"), vec, op.ty
    )


@arm("bytes_ext")
def _bytes_ext(t: Text, op: Op) -> str:
    (a, vec), (b, _) = (_vector(t, t.of(x), op.ty, 8) for x in op.args)
    count = WIDTHS[op.ty] // 8
    start = op.params["index"]
    result, out = _shuffle(t, a, b, vec, [start + i for i in range(count)])
    return _bag(t, result, out, op.ty)


@arm("lane_reverse")
def _lane_reverse(t: Text, op: Op) -> str:
    lane, group = op.params["lane"], op.params["group"] // op.params["lane"]
    a, vec = _vector(t, t.of(op.args[0]), op.ty, lane)
    picks = [i // group * group + (group - 1 - i % group) for i in range(WIDTHS[op.ty] // lane)]
    result, out = _shuffle(t, a, a, vec, picks)
    return _bag(t, result, out, op.ty)


@arm("lane_popcount")
def _lane_popcount(t: Text, op: Op) -> str:
    a, vec = _vector(t, t.of(op.args[0]), op.ty, op.params["lane"])
    return _bag(t, t.new(f"call {vec} @llvm.ctpop.{_suffix(vec)}({vec} {a})"), vec, op.ty)


@arm("lane_clz")
def _lane_clz(t: Text, op: Op) -> str:
    a, vec = _vector(t, t.of(op.args[0]), op.ty, op.params["lane"])
    return _bag(t, t.new(f"call {vec} @llvm.ctlz.{_suffix(vec)}({vec} {a}, i1 false)"), vec, op.ty)


@arm("narrow")
def _narrow(t: Text, op: Op) -> str:
    lane = op.params["lane"]
    a, vec = _vector(t, t.of(op.args[0]), op.args[0].ty, lane)
    out = f"<{WIDTHS[op.args[0].ty] // lane} x i{lane // 2}>"
    return _bag(t, t.new(f"trunc {vec} {a} to {out}"), out, op.ty)


@arm("widen")
def _widen(t: Text, op: Op) -> str:
    lane = op.params["lane"]
    a, vec = _vector(t, t.of(op.args[0]), op.args[0].ty, lane)
    out = f"<{WIDTHS[op.args[0].ty] // lane} x i{lane * 2}>"
    how = "sext" if op.params["signed"] else "zext"
    return _bag(t, t.new(f"{how} {vec} {a} to {out}"), out, op.ty)


@arm("concat")
def _concat(t: Text, op: Op) -> str:
    low, high = args_of(t, op)
    first = t.new(f"insertelement <2 x i64> poison, i64 {low}, i32 0")
    return t.new(f"insertelement <2 x i64> {first}, i64 {high}, i32 1")


@arm("half")
def _half(t: Text, op: Op) -> str:
    return t.new(f"extractelement <2 x i64> {t.of(op.args[0])}, i32 {op.params['index']}")


@arm("bitcast")
def _bitcast(t: Text, op: Op) -> str:
    source, target = llvm_type(op.args[0].ty), llvm_type(op.ty)
    value = t.of(op.args[0])
    return value if source == target else t.new(f"bitcast {source} {value} to {target}")
