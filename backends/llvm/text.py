"""Lowers IR operations to LLVM text, one arm for each row of the op table.

Where registers, flags, state and memory live is the caller's affair (a Places object): the stencil
generator keeps registers in machine registers, the optimised tier in SSA values. Everything else is here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Protocol

from xlate.errors import Inconsistent
from xlate.ir import Block, Op, Value
from xlate.ir.block import WIDTHS

LLVM_TYPES = {"f32": "float", "f64": "double", "v64": "i64", "v128": "<2 x i64>"}


def llvm_type(ty: str) -> str:
    """The LLVM type that holds an IR type (vectors travel as 64-bit integers)."""
    return LLVM_TYPES.get(ty, ty)


class Places(Protocol):
    """What a caller decides: every method appends LLVM lines to ``out`` and returns an operand."""

    def const(self, out: Text, op: Op) -> str:
        """Operand for a constant."""

    def get_reg(self, out: Text, op: Op) -> str:
        """Operand for a register's value."""

    def set_reg(self, out: Text, op: Op, value: str) -> None:
        """Write a register."""

    def state_pointer(self, out: Text, op: Op) -> str:
        """Pointer to a state member or flag."""

    def memory_pointer(self, out: Text, addr: Value, value: str) -> str:
        """Typed ``ptr`` operand for a guest address."""


class Text:
    """Lines of one function body and the operand of each IR value."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.lines: list[str] = []
        self.names: dict[int, str] = {}
        self._next = 0

    def line(self, text: str) -> None:
        """Append one line."""
        self.lines.append("  " + text)

    def new(self, text: str) -> str:
        """Append ``%x = text`` and return %x."""
        self._next += 1
        name = f"%t{self._next}"
        self.line(f"{name} = {text}")
        return name

    def label(self) -> str:
        """A fresh label name."""
        self._next += 1
        return f"l{self._next}"

    def of(self, value: Value) -> str:
        """Operand of a recorded value."""
        return self.names[value.op.index]

    def lower(self, block: Block) -> None:
        """Append all operations of the block but its exits."""
        for op in block:
            arm = _ARMS.get(op.name)
            if arm is None:
                raise Inconsistent(f"no LLVM lowering for {op.name}")
            result = arm(self, op)
            if op.ty:
                assert result is not None
                self.names[op.index] = result


_Arm = Callable[[Text, Op], str | None]
_ARMS: dict[str, _Arm] = {}


def _arm(*names: str) -> Callable[[_Arm], _Arm]:
    def register(fn: _Arm) -> _Arm:
        for name in names:
            _ARMS[name] = fn
        return fn

    return register


def _args(t: Text, op: Op) -> list[str]:
    return [t.of(a) for a in op.args]


_SIMPLE = {"add": "add", "sub": "sub", "mul": "mul", "and": "and", "or": "or", "xor": "xor"}
_COMPARE = {"eq": "eq", "ne": "ne", "ult": "ult", "ule": "ule", "slt": "slt", "sle": "sle"}
_FLOAT = {"fadd": "fadd", "fsub": "fsub", "fmul": "fmul", "fdiv": "fdiv"}


@_arm(*_SIMPLE)
def _simple(t: Text, op: Op) -> str:
    a, b = _args(t, op)
    return t.new(f"{_SIMPLE[op.name]} {op.ty} {a}, {b}")


@_arm(*_COMPARE)
def _compare(t: Text, op: Op) -> str:
    a, b = _args(t, op)
    return t.new(f"icmp {_COMPARE[op.name]} {op.args[0].ty} {a}, {b}")


@_arm("const")
def _const(t: Text, op: Op) -> str:
    return t.places.const(t, op)


@_arm("zext", "sext", "trunc")
def _resize(t: Text, op: Op) -> str:
    return t.new(f"{op.name} {op.args[0].ty} {t.of(op.args[0])} to {op.ty}")


def _known_amount(value: Value) -> bool:
    """Decode-time shift amounts are below the width by the rule of the rows."""
    op = value.op
    while op.name in ("zext", "trunc"):
        op = op.args[0].op
    return op.name == "const"


@_arm("shl", "lshr", "ashr")
def _shift(t: Text, op: Op) -> str:
    a, n = _args(t, op)
    if _known_amount(op.args[1]):
        return t.new(f"{op.name} {op.ty} {a}, {n}")
    width = WIDTHS[op.ty]
    low = t.new(f"and {op.ty} {n}, {width - 1}")
    shifted = t.new(f"{op.name} {op.ty} {a}, {low}")
    small = t.new(f"icmp ult {op.ty} {n}, {width}")
    over = t.new(f"ashr {op.ty} {a}, {width - 1}") if op.name == "ashr" else "0"
    return t.new(f"select i1 {small}, {op.ty} {shifted}, {op.ty} {over}")


@_arm("ror")
def _ror(t: Text, op: Op) -> str:
    a, n = _args(t, op)
    return t.new(f"call {op.ty} @llvm.fshr.{op.ty}({op.ty} {a}, {op.ty} {a}, {op.ty} {n})")


@_arm("clz")
def _clz(t: Text, op: Op) -> str:
    return t.new(f"call {op.ty} @llvm.ctlz.{op.ty}({op.ty} {t.of(op.args[0])}, i1 false)")


@_arm("bitrev", "bswap")
def _reverse(t: Text, op: Op) -> str:
    name = "bitreverse" if op.name == "bitrev" else "bswap"
    return t.new(f"call {op.ty} @llvm.{name}.{op.ty}({op.ty} {t.of(op.args[0])})")


@_arm("udiv")
def _udiv(t: Text, op: Op) -> str:
    a, b = _args(t, op)
    zero = t.new(f"icmp eq {op.ty} {b}, 0")
    safe = t.new(f"select i1 {zero}, {op.ty} 1, {op.ty} {b}")
    quotient = t.new(f"udiv {op.ty} {a}, {safe}")
    return t.new(f"select i1 {zero}, {op.ty} 0, {op.ty} {quotient}")


@_arm("sdiv")
def _sdiv(t: Text, op: Op) -> str:
    """Divide in twice the width: the most negative over -1 then wraps by truncation."""
    a, b = _args(t, op)
    wide = f"i{2 * WIDTHS[op.ty]}"
    zero = t.new(f"icmp eq {op.ty} {b}, 0")
    safe = t.new(f"select i1 {zero}, {op.ty} 1, {op.ty} {b}")
    wa, wb = t.new(f"sext {op.ty} {a} to {wide}"), t.new(f"sext {op.ty} {safe} to {wide}")
    quotient = t.new(f"trunc {wide} {t.new(f'sdiv {wide} {wa}, {wb}')} to {op.ty}")
    return t.new(f"select i1 {zero}, {op.ty} 0, {op.ty} {quotient}")


@_arm("select")
def _select(t: Text, op: Op) -> str:
    c, a, b = _args(t, op)
    ty = llvm_type(op.ty)
    return t.new(f"select i1 {c}, {ty} {a}, {ty} {b}")


def _overflow(t: Text, name: str, ty: str, a: str, b: str) -> str:
    pair = t.new(f"call {{{ty}, i1}} @llvm.{name}.with.overflow.{ty}({ty} {a}, {ty} {b})")
    return t.new(f"extractvalue {{{ty}, i1}} {pair}, 1")


@_arm("sub_v")
def _sub_v(t: Text, op: Op) -> str:
    a, b = _args(t, op)
    return _overflow(t, "ssub", op.args[0].ty, a, b)


def _is_zero(value: Value) -> bool:
    return (
        value.op.name == "const"
        and isinstance(value.op.params["value"], int)
        and value.op.params["value"] == 0
    )


@_arm("add_c")
def _add_c(t: Text, op: Op) -> str:
    a, b, c = _args(t, op)
    ty = op.args[0].ty
    if _is_zero(op.args[2]):
        return _overflow(t, "uadd", ty, a, b)
    width = WIDTHS[ty]
    wide = f"i{2 * width}"
    wa, wb, wc = (t.new(f"zext {x} {v} to {wide}") for x, v in ((ty, a), (ty, b), ("i1", c)))
    total = t.new(f"add {wide} {t.new(f'add {wide} {wa}, {wb}')}, {wc}")
    return t.new(f"trunc {wide} {t.new(f'lshr {wide} {total}, {width}')} to i1")


@_arm("add_v")
def _add_v(t: Text, op: Op) -> str:
    a, b, c = _args(t, op)
    ty = op.args[0].ty
    if _is_zero(op.args[2]):
        return _overflow(t, "sadd", ty, a, b)
    r = t.new(f"add {ty} {t.new(f'add {ty} {a}, {b}')}, {t.new(f'zext i1 {c} to {ty}')}")
    both = t.new(f"and {ty} {t.new(f'xor {ty} {a}, {r}')}, {t.new(f'xor {ty} {b}, {r}')}")
    return t.new(f"icmp slt {ty} {both}, 0")


# --- state and memory ---------------------------------------------------------------------------


@_arm("get_reg")
def _get_reg(t: Text, op: Op) -> str:
    return t.places.get_reg(t, op)


@_arm("set_reg")
def _set_reg(t: Text, op: Op) -> None:
    t.places.set_reg(t, op, t.of(op.args[0]))


@_arm("get_flag")
def _get_flag(t: Text, op: Op) -> str:
    byte = t.new(f"load i8, ptr {t.places.state_pointer(t, op)}, align 1")
    return t.new(f"icmp ne i8 {byte}, 0")


@_arm("set_flag")
def _set_flag(t: Text, op: Op) -> None:
    byte = t.new(f"zext i1 {t.of(op.args[0])} to i8")
    t.line(f"store i8 {byte}, ptr {t.places.state_pointer(t, op)}, align 1")


@_arm("get_state")
def _get_state(t: Text, op: Op) -> str:
    return t.new(
        f"load {llvm_type(op.ty)}, ptr {t.places.state_pointer(t, op)}, align {_state_align(op.ty)}"
    )


@_arm("set_state")
def _set_state(t: Text, op: Op) -> None:
    ty = op.args[0].ty
    value = t.of(op.args[0])
    t.line(
        f"store {llvm_type(ty)} {value}, ptr {t.places.state_pointer(t, op)}, align {_state_align(ty)}"
    )


def _state_align(ty: str) -> int:
    return min(WIDTHS[ty] // 8, 8) or 1


_SPACE = "addrspace(256)"


@_arm("load")
def _load(t: Text, op: Op) -> str:
    p = t.places.memory_pointer(t, op.args[0], t.of(op.args[0]))
    return t.new(f"load volatile {llvm_type(op.ty)}, ptr {_SPACE} {p}, align 1")


@_arm("store")
def _store(t: Text, op: Op) -> None:
    p = t.places.memory_pointer(t, op.args[0], t.of(op.args[0]))
    ty = llvm_type(op.args[1].ty)
    t.line(f"store volatile {ty} {t.of(op.args[1])}, ptr {_SPACE} {p}, align 1")


@_arm("cas_if")
def _cas_if(t: Text, op: Op) -> str:
    ok, _, expected, new = _args(t, op)
    p = t.places.memory_pointer(t, op.args[1], t.of(op.args[1]))
    ty, bytes_ = op.args[2].ty, op.args[2].width // 8
    start, doit, done = t.label(), t.label(), t.label()
    t.line(f"br label %{start}")
    t.lines.append(f"{start}:")
    t.line(f"br i1 {ok}, label %{doit}, label %{done}")
    t.lines.append(f"{doit}:")
    pair = t.new(
        f"cmpxchg volatile ptr {_SPACE} {p}, {ty} {expected}, {ty} {new} seq_cst seq_cst, align {bytes_}"
    )
    won = t.new(f"extractvalue {{{ty}, i1}} {pair}, 1")
    t.line(f"br label %{done}")
    t.lines.append(f"{done}:")
    return t.new(f"phi i1 [ false, %{start} ], [ {won}, %{doit} ]")


@_arm("fence")
def _fence(t: Text, op: Op) -> None:
    t.line("fence seq_cst")


# --- lanes --------------------------------------------------------------------------------------

_LANE_OPS = {"add": "add", "sub": "sub", "mul": "mul", "and": "and", "or": "or", "xor": "xor"}
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
    return t.new(f"call {vec} @llvm.{name}.{_suffix(vec)}({vec} {a}, {vec} {b})")


def _suffix(vec: str) -> str:
    count, _, lane = vec.strip("<>").split()
    return f"v{count}{lane}"


@_arm("lanes")
def _lanes(t: Text, op: Op) -> str:
    lane = op.params["lane"]
    (a, vec), (b, _) = (_vector(t, t.of(x), op.ty, lane) for x in op.args)
    return _bag(t, _lane_op(t, op.params["op"], vec, a, b), vec, op.ty)


@_arm("lane_shift")
def _lane_shift(t: Text, op: Op) -> str:
    lane = op.params["lane"]
    a, vec = _vector(t, t.of(op.args[0]), op.ty, lane)
    amount = t.of(op.args[1])
    if lane != 32:
        amount = t.new(f"{'trunc' if lane < 32 else 'zext'} i32 {amount} to i{lane}")
    amounts = _splat(t, amount, lane, WIDTHS[op.ty] // lane)
    return _bag(t, t.new(f"{op.params['op']} {vec} {a}, {amounts}"), vec, op.ty)


def _splat(t: Text, value: str, lane: int, count: int) -> str:
    vec = f"<{count} x i{lane}>"
    first = t.new(f"insertelement {vec} poison, i{lane} {value}, i32 0")
    every, _ = _shuffle(t, first, first, vec, [0] * count)
    return every


@_arm("lane_not")
def _lane_not(t: Text, op: Op) -> str:
    ones = "<i64 -1, i64 -1>" if op.ty == "v128" else "-1"
    return t.new(f"xor {llvm_type(op.ty)} {t.of(op.args[0])}, {ones}")


def _shuffle(t: Text, a: str, b: str, vec: str, picks: list[int]) -> tuple[str, str]:
    mask = ", ".join(f"i32 {p}" for p in picks)
    lane = vec.strip("<>").split()[2]
    result = f"<{len(picks)} x {lane}>"
    return t.new(f"shufflevector {vec} {a}, {vec} {b}, <{len(picks)} x i32> <{mask}>"), result


@_arm("pairwise")
def _pairwise(t: Text, op: Op) -> str:
    lane = op.params["lane"]
    (a, vec), (b, _) = (_vector(t, t.of(x), op.ty, lane) for x in op.args)
    count = WIDTHS[op.ty] // lane
    even, out = _shuffle(t, a, b, vec, [2 * i for i in range(count)])
    odd, _ = _shuffle(t, a, b, vec, [2 * i + 1 for i in range(count)])
    return _bag(t, _lane_op(t, op.params["op"], out, even, odd), out, op.ty)


@_arm("splat")
def _splat_op(t: Text, op: Op) -> str:
    lane = op.params["lane"]
    source = op.args[0]
    value = t.of(source)
    if source.width != lane:
        value = t.new(f"trunc {llvm_type(source.ty)} {value} to i{lane}")
    count = WIDTHS[op.ty] // lane
    return _bag(t, _splat(t, value, lane, count), f"<{count} x i{lane}>", op.ty)


@_arm("extract")
def _extract(t: Text, op: Op) -> str:
    a, vec = _vector(t, t.of(op.args[0]), op.args[0].ty, op.params["lane"])
    return t.new(f"extractelement {vec} {a}, i32 {op.params['index']}")


@_arm("insert")
def _insert(t: Text, op: Op) -> str:
    lane = op.params["lane"]
    a, vec = _vector(t, t.of(op.args[0]), op.ty, lane)
    value = t.of(op.args[1])
    if op.args[1].width != lane:
        value = t.new(f"trunc {op.args[1].ty} {value} to i{lane}")
    return _bag(
        t, t.new(f"insertelement {vec} {a}, i{lane} {value}, i32 {op.params['index']}"), vec, op.ty
    )


@_arm("bytes_ext")
def _bytes_ext(t: Text, op: Op) -> str:
    (a, vec), (b, _) = (_vector(t, t.of(x), op.ty, 8) for x in op.args)
    count = WIDTHS[op.ty] // 8
    start = op.params["index"]
    result, out = _shuffle(t, a, b, vec, [start + i for i in range(count)])
    return _bag(t, result, out, op.ty)


@_arm("lane_reverse")
def _lane_reverse(t: Text, op: Op) -> str:
    lane, group = op.params["lane"], op.params["group"] // op.params["lane"]
    a, vec = _vector(t, t.of(op.args[0]), op.ty, lane)
    picks = [i // group * group + (group - 1 - i % group) for i in range(WIDTHS[op.ty] // lane)]
    result, out = _shuffle(t, a, a, vec, picks)
    return _bag(t, result, out, op.ty)


@_arm("lane_popcount")
def _lane_popcount(t: Text, op: Op) -> str:
    a, vec = _vector(t, t.of(op.args[0]), op.ty, op.params["lane"])
    return _bag(t, t.new(f"call {vec} @llvm.ctpop.{_suffix(vec)}({vec} {a})"), vec, op.ty)


@_arm("lane_clz")
def _lane_clz(t: Text, op: Op) -> str:
    a, vec = _vector(t, t.of(op.args[0]), op.ty, op.params["lane"])
    return _bag(t, t.new(f"call {vec} @llvm.ctlz.{_suffix(vec)}({vec} {a}, i1 false)"), vec, op.ty)


@_arm("narrow")
def _narrow(t: Text, op: Op) -> str:
    lane = op.params["lane"]
    a, vec = _vector(t, t.of(op.args[0]), op.args[0].ty, lane)
    out = f"<{WIDTHS[op.args[0].ty] // lane} x i{lane // 2}>"
    return _bag(t, t.new(f"trunc {vec} {a} to {out}"), out, op.ty)


@_arm("widen")
def _widen(t: Text, op: Op) -> str:
    lane = op.params["lane"]
    a, vec = _vector(t, t.of(op.args[0]), op.args[0].ty, lane)
    out = f"<{WIDTHS[op.args[0].ty] // lane} x i{lane * 2}>"
    how = "sext" if op.params["signed"] else "zext"
    return _bag(t, t.new(f"{how} {vec} {a} to {out}"), out, op.ty)


@_arm("concat")
def _concat(t: Text, op: Op) -> str:
    low, high = _args(t, op)
    first = t.new(f"insertelement <2 x i64> poison, i64 {low}, i32 0")
    return t.new(f"insertelement <2 x i64> {first}, i64 {high}, i32 1")


@_arm("half")
def _half(t: Text, op: Op) -> str:
    return t.new(f"extractelement <2 x i64> {t.of(op.args[0])}, i32 {op.params['index']}")


@_arm("bitcast")
def _bitcast(t: Text, op: Op) -> str:
    source, target = llvm_type(op.args[0].ty), llvm_type(op.ty)
    value = t.of(op.args[0])
    return value if source == target else t.new(f"bitcast {source} {value} to {target}")


# --- floating point -----------------------------------------------------------------------------


_STRICT = 'metadata !"round.dynamic", metadata !"fpexcept.strict"'


def _strict(t: Text, name: str, ty: str, args: list[str]) -> str:
    """An operation that LLVM neither moves, drops nor folds: it raises exceptions and rounds by the thread's mode."""
    lt = llvm_type(ty)
    operands = ", ".join(f"{lt} {a}" for a in args)
    return t.new(f"call {lt} @llvm.experimental.constrained.{name}.{ty}({operands}, {_STRICT}) #1")


def _compare_strict(t: Text, how: str, ty: str, a: str, b: str, *, signal: bool = False) -> str:
    lt = llvm_type(ty)
    name = "fcmps" if signal else "fcmp"
    return t.new(
        f"call i1 @llvm.experimental.constrained.{name}.{ty}({lt} {a}, {lt} {b}, "
        f'metadata !"{how}", metadata !"fpexcept.strict") #1'
    )


@_arm(*_FLOAT)
def _float(t: Text, op: Op) -> str:
    return _strict(t, _FLOAT[op.name], op.ty, _args(t, op))


@_arm("fneg")
def _fneg(t: Text, op: Op) -> str:
    return t.new(f"fneg {llvm_type(op.ty)} {t.of(op.args[0])}")


@_arm("fabs")
def _fabs(t: Text, op: Op) -> str:
    ty = llvm_type(op.ty)
    return t.new(f"call {ty} @llvm.fabs.{op.ty}({ty} {t.of(op.args[0])})")


@_arm("fsqrt")
def _fsqrt(t: Text, op: Op) -> str:
    return _strict(t, "sqrt", op.ty, _args(t, op))


@_arm("nan_fix")
def _nan_fix(t: Text, op: Op) -> str:
    """A predicted branch: the slow path picks the NaN that ARM would give."""
    a, b, r = _args(t, op)
    ty, width = llvm_type(op.ty), WIDTHS[op.ty]
    top = {32: 22, 64: 51}[width]
    default = {32: 0x7FC00000, 64: 0x7FF8000000000000}[width]
    start, slow, done = t.label(), t.label(), t.label()
    t.line(f"br label %{start}")
    t.lines.append(f"{start}:")
    isnan = _compare_strict(t, "uno", op.ty, r, r)
    t.line(f"br i1 {isnan}, label %{slow}, label %{done}, !prof !0")
    t.lines.append(f"{slow}:")
    ia, ib = (t.new(f"bitcast {ty} {x} to i{width}") for x in (a, b))
    na, nb = (_is_nan(t, x, width) for x in (ia, ib))
    quiet = 1 << top
    qa, qb = (t.new(f"icmp ne i{width} {t.new(f'and i{width} {x}, {quiet}')}, 0") for x in (ia, ib))
    sa = t.new(f"and i1 {na}, {t.new(f'xor i1 {qa}, true')}")
    sb = t.new(f"and i1 {nb}, {t.new(f'xor i1 {qb}, true')}")
    second = t.new(f"select i1 {nb}, i{width} {ib}, i{width} {default}")
    pick = t.new(f"select i1 {na}, i{width} {ia}, i{width} {second}")
    pick = t.new(f"select i1 {sb}, i{width} {ib}, i{width} {pick}")
    pick = t.new(f"select i1 {sa}, i{width} {ia}, i{width} {pick}")
    fixed = t.new(f"bitcast i{width} {t.new(f'or i{width} {pick}, {quiet}')} to {ty}")
    t.line(f"br label %{done}")
    t.lines.append(f"{done}:")
    return t.new(f"phi {ty} [ {r}, %{start} ], [ {fixed}, %{slow} ]")


def _is_nan(t: Text, bits: str, width: int) -> str:
    """By the bits, so that no exception is raised again."""
    magnitude = t.new(f"and i{width} {bits}, {(1 << (width - 1)) - 1}")
    infinity = {32: 0x7F800000, 64: 0x7FF0000000000000}[width]
    return t.new(f"icmp ugt i{width} {magnitude}, {infinity}")


@_arm("fcmp")
def _fcmp(t: Text, op: Op) -> str:
    a, b = _args(t, op)
    less, equal, unordered = (
        _compare_strict(t, how, op.args[0].ty, a, b, signal=bool(op.params["signal"]))
        for how in ("olt", "oeq", "uno")
    )
    low = t.new(f"select i1 {equal}, i32 1, i32 2")
    low = t.new(f"select i1 {less}, i32 0, i32 {low}")
    return t.new(f"select i1 {unordered}, i32 3, i32 {low}")


@_arm("fcvt")
def _fcvt(t: Text, op: Op) -> str:
    source, target = op.args[0].ty, op.ty
    value = f"{llvm_type(source)} {t.of(op.args[0])}"
    if target == "f64":
        name, tail = "fpext", 'metadata !"fpexcept.strict"'
    else:
        name, tail = "fptrunc", _STRICT
    intrinsic = f"@llvm.experimental.constrained.{name}.{target}.{source}"
    return t.new(f"call {llvm_type(target)} {intrinsic}({value}, {tail}) #1")


def _cvt(t: Text, value: str, ty: str, round_: str) -> str:
    """x86's own conversion to i32: raises invalid alone and gives 0x80000000 when out of range."""
    single = ty == "f32"
    lanes = "<4 x float>" if single else "<2 x double>"
    vec = t.new(f"insertelement {lanes} zeroinitializer, {llvm_type(ty)} {value}, i32 0")
    name = (
        ("sse.cvt" if single else "sse2.cvt")
        + ("t" if round_ == "zero" else "")
        + ("ss2si" if single else "sd2si")
    )
    return t.new(f"call i32 @llvm.x86.{name}({lanes} {vec})")


@_arm("f_to_int")
def _f_to_int(t: Text, op: Op) -> str:
    ty, value = op.args[0].ty, t.of(op.args[0])
    return (_to_signed if op.params["signed"] else _to_unsigned)(t, value, ty, op.params["round"])


def _to_signed(t: Text, value: str, ty: str, round_: str) -> str:
    raw = _cvt(t, value, ty, round_)
    odd = t.new(f"icmp eq i32 {raw}, -2147483648")
    width = WIDTHS[ty]
    bits = t.new(f"bitcast {llvm_type(ty)} {value} to i{width}")
    positive = t.new(f"icmp sge i{width} {bits}, 0")
    nan = _is_nan(t, bits, width)
    limit = t.new(f"select i1 {positive}, i32 2147483647, i32 -2147483648")
    limit = t.new(f"select i1 {nan}, i32 0, i32 {limit}")
    return t.new(f"select i1 {odd}, i32 {limit}, i32 {raw}")


def _to_unsigned(t: Text, value: str, ty: str, round_: str) -> str:
    """Values from 2^31 are converted less 2^31, limited so that this is exact; what is out of range raises invalid alone."""
    lt = llvm_type(ty)
    big = _compare_strict(t, "oge", ty, value, _fp(2.0**31))
    low = _compare_strict(t, "ole", ty, value, _fp(-1.0))
    less = t.new(f"select i1 {big}, {lt} {_fp(2.0**31)}, {lt} {_fp(0.0)}")
    huge = _compare_strict(t, "oge", ty, value, _fp(2.0**32))
    limited = t.new(f"select i1 {huge}, {lt} {_fp(2.0**32)}, {lt} {value}")
    chosen = _strict(t, "fsub", ty, [limited, less])
    chosen = t.new(f"select i1 {low}, {lt} {_fp(-(2.0**100))}, {lt} {chosen}")
    before = _mxcsr(t) if round_ == "mode" else ""
    raw = _cvt(t, chosen, ty, round_)
    if before:
        _only_invalid_if_negative(t, raw, before)
    odd = t.new(f"icmp eq i32 {raw}, -2147483648")
    above = t.new(f"select i1 {odd}, i32 -1, i32 {t.new(f'xor i32 {raw}, -2147483648')}")
    negative = t.new(f"icmp slt i32 {raw}, 0")
    below = t.new(f"select i1 {negative}, i32 0, i32 {raw}")
    return t.new(f"select i1 {big}, i32 {above}, i32 {below}")


def _mxcsr(t: Text) -> str:
    slot = t.new("alloca i32, align 4")
    t.line(f"call void @llvm.x86.sse.stmxcsr(ptr {slot})")
    return t.new(f"load i32, ptr {slot}, align 4")


def _only_invalid_if_negative(t: Text, raw: str, before: str) -> None:
    """A number that rounds to -1 is invalid for ARM and merely inexact for x86: take the inexact back."""
    bad, good = t.label(), t.label()
    slot = t.new("alloca i32, align 4")
    negative = t.new(f"icmp eq i32 {raw}, -1")
    t.line(f"br i1 {negative}, label %{bad}, label %{good}, !prof !0")
    t.lines.append(f"{bad}:")
    t.line(f"store i32 {t.new(f'or i32 {before}, 1')}, ptr {slot}, align 4")
    t.line(f"call void @llvm.x86.sse.ldmxcsr(ptr {slot})")
    t.line(f"br label %{good}")
    t.lines.append(f"{good}:")


def _fp(value: float) -> str:
    """LLVM's exact spelling of a constant that f32 and f64 both hold."""
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"


@_arm("int_to_f")
def _int_to_f(t: Text, op: Op) -> str:
    name = "sitofp" if op.params["signed"] else "uitofp"
    intrinsic = f"@llvm.experimental.constrained.{name}.{op.ty}.i32"
    return t.new(f"call {llvm_type(op.ty)} {intrinsic}(i32 {t.of(op.args[0])}, {_STRICT}) #1")


_MXCSR_TO_FPSCR = ((0, 0), (2, 1), (3, 2), (4, 3), (5, 4))  # IE ZE OE UE PE to IOC DZC OFC UFC IXC


def _move_bits(t: Text, value: str, pairs: tuple[tuple[int, int], ...]) -> str:
    total = "0"
    for source, target in pairs:
        bit = t.new(f"and i32 {t.new(f'lshr i32 {value}, {source}')}, 1")
        total = t.new(f"or i32 {total}, {t.new(f'shl i32 {bit}, {target}')}")
    return total


@_arm("get_fp_flags")
def _get_fp_flags(t: Text, op: Op) -> str:
    return _move_bits(t, _mxcsr(t), _MXCSR_TO_FPSCR)


@_arm("set_fp_mode")
def _set_fp_mode(t: Text, op: Op) -> None:
    """FPSCR.RMode counts N, P, M, Z and MXCSR.RC N, M, P, Z: the two bits change places."""
    fpscr = t.of(op.args[0])
    slot = t.new("alloca i32, align 4")
    flags = _move_bits(t, fpscr, tuple((b, a) for a, b in _MXCSR_TO_FPSCR))
    mode = _move_bits(t, fpscr, ((22, 14), (23, 13)))
    both = t.new(f"or i32 {flags}, {mode}")
    t.line(f"store i32 {t.new(f'or i32 {both}, 8064')}, ptr {slot}, align 4")
    t.line(f"call void @llvm.x86.sse.ldmxcsr(ptr {slot})")
