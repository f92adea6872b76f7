"""Lowerings of integer operations, predicates and selection."""

from __future__ import annotations

from backends.llvm.text import Text, args_of, arm, llvm_type
from xlate.ir import Op, Value
from xlate.ir.block import WIDTHS

_SIMPLE = {"add": "add", "sub": "sub", "mul": "mul", "and": "and", "or": "or", "xor": "xor"}
_COMPARE = {"eq": "eq", "ne": "ne", "ult": "ult", "ule": "ule", "slt": "slt", "sle": "sle"}


@arm(*_SIMPLE)
def _simple(t: Text, op: Op) -> str:
    a, b = args_of(t, op)
    return t.new(f"{_SIMPLE[op.name]} {op.ty} {a}, {b}")


@arm(*_COMPARE)
def _compare(t: Text, op: Op) -> str:
    a, b = args_of(t, op)
    return t.new(f"icmp {_COMPARE[op.name]} {op.args[0].ty} {a}, {b}")


@arm("const")
def _const(t: Text, op: Op) -> str:
    return t.places.const(t, op)


@arm("zext", "sext", "trunc")
def _resize(t: Text, op: Op) -> str:
    return t.new(f"{op.name} {op.args[0].ty} {t.of(op.args[0])} to {op.ty}")


def _known_amount(value: Value) -> bool:
    """Decode-time shift amounts are below the width by the rule of the rows."""
    op = value.op
    while op.name in ("zext", "trunc"):
        op = op.args[0].op
    return op.name == "const"


@arm("shl", "lshr", "ashr")
def _shift(t: Text, op: Op) -> str:
    a, n = args_of(t, op)
    if _known_amount(op.args[1]):
        return t.new(f"{op.name} {op.ty} {a}, {n}")
    width = WIDTHS[op.ty]
    low = t.new(f"and {op.ty} {n}, {width - 1}")
    shifted = t.new(f"{op.name} {op.ty} {a}, {low}")
    small = t.new(f"icmp ult {op.ty} {n}, {width}")
    over = t.new(f"ashr {op.ty} {a}, {width - 1}") if op.name == "ashr" else "0"
    return t.new(f"select i1 {small}, {op.ty} {shifted}, {op.ty} {over}")


@arm("ror")
def _ror(t: Text, op: Op) -> str:
    a, n = args_of(t, op)
    return t.new(f"call {op.ty} @llvm.fshr.{op.ty}({op.ty} {a}, {op.ty} {a}, {op.ty} {n})")


@arm("clz")
def _clz(t: Text, op: Op) -> str:
    return t.new(f"call {op.ty} @llvm.ctlz.{op.ty}({op.ty} {t.of(op.args[0])}, i1 false)")


@arm("bitrev", "bswap")
def _reverse(t: Text, op: Op) -> str:
    name = "bitreverse" if op.name == "bitrev" else "bswap"
    return t.new(f"call {op.ty} @llvm.{name}.{op.ty}({op.ty} {t.of(op.args[0])})")


@arm("udiv")
def _udiv(t: Text, op: Op) -> str:
    a, b = args_of(t, op)
    zero = t.new(f"icmp eq {op.ty} {b}, 0")
    safe = t.new(f"select i1 {zero}, {op.ty} 1, {op.ty} {b}")
    quotient = t.new(f"udiv {op.ty} {a}, {safe}")
    return t.new(f"select i1 {zero}, {op.ty} 0, {op.ty} {quotient}")


@arm("sdiv")
def _sdiv(t: Text, op: Op) -> str:
    """Divide in twice the width: the most negative over -1 then wraps by truncation."""
    a, b = args_of(t, op)
    if op.ty == "i64":
        return _sdiv_by_host(t, a, b)
    wide = f"i{2 * WIDTHS[op.ty]}"
    zero = t.new(f"icmp eq {op.ty} {b}, 0")
    safe = t.new(f"select i1 {zero}, {op.ty} 1, {op.ty} {b}")
    wa, wb = t.new(f"sext {op.ty} {a} to {wide}"), t.new(f"sext {op.ty} {safe} to {wide}")
    quotient = t.new(f"trunc {wide} {t.new(f'sdiv {wide} {wa}, {wb}')} to {op.ty}")
    return t.new(f"select i1 {zero}, {op.ty} 0, {op.ty} {quotient}")


def _sdiv_by_host(t: Text, a: str, b: str) -> str:
    """The host divides no wider: division by 0 and by -1, which may overflow, are done without."""
    zero, minus = t.new(f"icmp eq i64 {b}, 0"), t.new(f"icmp eq i64 {b}, -1")
    safe = t.new(f"select i1 {t.new(f'or i1 {zero}, {minus}')}, i64 1, i64 {b}")
    quotient = t.new(f"sdiv i64 {a}, {safe}")
    negative = t.new(f"sub i64 0, {a}")
    quotient = t.new(f"select i1 {minus}, i64 {negative}, i64 {quotient}")
    return t.new(f"select i1 {zero}, i64 0, i64 {quotient}")


@arm("select")
def _select(t: Text, op: Op) -> str:
    c, a, b = args_of(t, op)
    ty = llvm_type(op.ty)
    return t.new(f"select i1 {c}, {ty} {a}, {ty} {b}")


def _overflow(t: Text, name: str, ty: str, a: str, b: str) -> str:
    pair = t.new(f"call {{{ty}, i1}} @llvm.{name}.with.overflow.{ty}({ty} {a}, {ty} {b})")
    return t.new(f"extractvalue {{{ty}, i1}} {pair}, 1")


@arm("sub_v")
def _sub_v(t: Text, op: Op) -> str:
    a, b = args_of(t, op)
    return _overflow(t, "ssub", op.args[0].ty, a, b)


def _is_zero(value: Value) -> bool:
    return (
        value.op.name == "const"
        and isinstance(value.op.params["value"], int)
        and value.op.params["value"] == 0
    )


@arm("add_c")
def _add_c(t: Text, op: Op) -> str:
    a, b, c = args_of(t, op)
    ty = op.args[0].ty
    if _is_zero(op.args[2]):
        return _overflow(t, "uadd", ty, a, b)
    width = WIDTHS[ty]
    wide = f"i{2 * width}"
    wa, wb, wc = (t.new(f"zext {x} {v} to {wide}") for x, v in ((ty, a), (ty, b), ("i1", c)))
    total = t.new(f"add {wide} {t.new(f'add {wide} {wa}, {wb}')}, {wc}")
    return t.new(f"trunc {wide} {t.new(f'lshr {wide} {total}, {width}')} to i1")


@arm("add_v")
def _add_v(t: Text, op: Op) -> str:
    a, b, c = args_of(t, op)
    ty = op.args[0].ty
    if _is_zero(op.args[2]):
        return _overflow(t, "sadd", ty, a, b)
    r = t.new(f"add {ty} {t.new(f'add {ty} {a}, {b}')}, {t.new(f'zext i1 {c} to {ty}')}")
    both = t.new(f"and {ty} {t.new(f'xor {ty} {a}, {r}')}, {t.new(f'xor {ty} {b}, {r}')}")
    return t.new(f"icmp slt {ty} {both}, 0")
