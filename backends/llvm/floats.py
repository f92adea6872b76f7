"""Lowerings of floating point: strict, with x86's own conversions and ARM's choice of NaN.

The mode and the cumulative exceptions are those of MXCSR, in the thread that runs the code.
"""

from __future__ import annotations

import struct

from backends.llvm import modal
from backends.llvm.text import Text, args_of, arm, llvm_type, mxcsr_read, mxcsr_written
from xlate.ir import Op
from xlate.ir.block import WIDTHS

_FLOAT = {"fadd": "fadd", "fsub": "fsub", "fmul": "fmul", "fdiv": "fdiv"}

_STRICT = 'metadata !"round.dynamic", metadata !"fpexcept.strict"'


def _strict(t: Text, name: str, ty: str, args: list[str]) -> str:
    """An operation that LLVM neither moves, drops nor folds.

    It raises exceptions and rounds by the thread's mode.
    """
    lt = llvm_type(ty)
    operands = ", ".join(f"{lt} {a}" for a in args)
    return t.new(f"call {lt} @llvm.experimental.constrained.{name}.{ty}({operands}, {_STRICT}) #1")


def _compare_strict(
    t: Text, how: str, ty: str, a: str, b: str, *, signal: bool = False, raises: bool = True
) -> str:
    """A comparison; one that another stands for need not raise: it may be left out."""
    lt = llvm_type(ty)
    name = "fcmps" if signal else "fcmp"
    return t.new(
        f"call i1 @llvm.experimental.constrained.{name}.{ty}({lt} {a}, {lt} {b}, "
        f'metadata !"{how}", metadata !"fpexcept.{"strict" if raises else "maytrap"}") #1'
    )


@arm(*_FLOAT)
def _float(t: Text, op: Op) -> str:
    args = args_of(t, op)
    return modal.arithmetic(t, op, args, lambda: _strict(t, _FLOAT[op.name], op.ty, args))


@arm("fneg")
def _fneg(t: Text, op: Op) -> str:
    return t.new(f"fneg {llvm_type(op.ty)} {t.of(op.args[0])}")


@arm("fabs")
def _fabs(t: Text, op: Op) -> str:
    ty = llvm_type(op.ty)
    return t.new(f"call {ty} @llvm.fabs.{op.ty}({ty} {t.of(op.args[0])})")


@arm("fsqrt")
def _fsqrt(t: Text, op: Op) -> str:
    args = args_of(t, op)
    return modal.arithmetic(t, op, args, lambda: _strict(t, "sqrt", op.ty, args))


def _where_nan(t: Text, ty: str, r: str, *, or_least: bool = False) -> tuple[str, str, str]:
    """Blocks before a test for a NaN, of the NaN, which begins here, and behind both."""
    start, slow, done = t.label(), t.label(), t.label()
    t.line(f"br label %{start}")
    t.lines.append(f"{start}:")
    odd = modal.is_least(t, ty, r, or_nan=True) if or_least else _compare_strict(t, "uno", ty, r, r)
    t.line(f"br i1 {odd}, label %{slow}, label %{done}, !prof !0")
    t.lines.append(f"{slow}:")
    return start, slow, done


@arm("nan_fix")
def _nan_fix(t: Text, op: Op) -> str:
    """A predicted branch: the slow path picks the NaN that ARM would give."""
    a, b, r = args_of(t, op)
    ty, width = llvm_type(op.ty), WIDTHS[op.ty]
    top = {32: 22, 64: 51}[width]
    default = {32: 0x7FC00000, 64: 0x7FF8000000000000}[width]
    product = t.scalars != "host" and op.args[2].op.name == "fmul"
    start, slow, done = _where_nan(t, op.ty, r, or_least=product)
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
    nan = t.new(f"or i{width} {pick}, {quiet}")
    if t.scalars == "modal":
        nan = t.new(f"select i1 {modal.mode_is(t, modal.DN)}, i{width} {default}, i{width} {nan}")
    fixed = t.new(f"bitcast i{width} {nan} to {ty}")
    if product:
        again = modal.product_again(t, op, [a, b])
        isnan = _is_nan(t, t.new(f"bitcast {ty} {again} to i{width}"), width)
        fixed = t.new(f"select i1 {isnan}, {ty} {fixed}, {ty} {again}")
    t.line(f"br label %{done}")
    t.lines.append(f"{done}:")
    return t.new(f"phi {ty} [ {r}, %{start} ], [ {fixed}, %{slow} ]")


def fix_by_branches(t: Text, op: Op) -> str:
    """The same with hardly a register that the fast path would have to save for it."""
    a, b, r = args_of(t, op)
    start, _, done = _where_nan(t, op.ty, r)
    picked, here = _pick_nan(t, op.ty, a, b, r)
    quieted = _strict(t, "fadd", op.ty, [picked, picked])
    t.line(f"br label %{done}")
    t.lines.append(f"{done}:")
    return t.new(f"phi {llvm_type(op.ty)} [ {r}, %{start} ], [ {quieted}, %{here} ]")


def _pick_nan(t: Text, kind: str, a: str, b: str, r: str) -> tuple[str, str]:
    """A signalling NaN before a quiet one, the first before the second; the block that has it.

    Of operands that are none x86 makes its default NaN, which is ARM's but for the sign.
    """
    ty = llvm_type(kind)
    first, quiet, both, second, here = (t.label() for _ in range(5))
    unordered = _compare_strict(t, "uno", kind, a, a, raises=False)
    t.line(f"br i1 {unordered}, label %{first}, label %{second}")
    t.lines.append(f"{first}:")
    t.line(f"br i1 {_is_quiet(t, kind, a)}, label %{quiet}, label %{here}")
    t.lines.append(f"{quiet}:")
    unordered = _compare_strict(t, "uno", kind, b, b, raises=False)
    t.line(f"br i1 {unordered}, label %{both}, label %{here}")
    t.lines.append(f"{both}:")
    one = t.new(f"select i1 {_is_quiet(t, kind, b)}, {ty} {a}, {ty} {b}")
    t.line(f"br label %{here}")
    t.lines.append(f"{second}:")
    default = t.new(f"call {ty} @llvm.fabs.{kind}({ty} {r})")
    unordered = _compare_strict(t, "uno", kind, b, b, raises=False)
    other = t.new(f"select i1 {unordered}, {ty} {b}, {ty} {default}")
    t.line(f"br label %{here}")
    t.lines.append(f"{here}:")
    ways = f"[ {a}, %{first} ], [ {a}, %{quiet} ], [ {one}, %{both} ], [ {other}, %{second} ]"
    return t.new(f"phi {ty} {ways}"), here


def _is_quiet(t: Text, kind: str, nan: str) -> str:
    width, bit = WIDTHS[kind], {"f32": 22, "f64": 51}[kind]
    bits = t.new(f"bitcast {llvm_type(kind)} {nan} to i{width}")
    return t.new(f"icmp ne i{width} {t.new(f'and i{width} {bits}, {1 << bit}')}, 0")


def _is_nan(t: Text, bits: str, width: int) -> str:
    """By the bits, so that no exception is raised again."""
    magnitude = t.new(f"and i{width} {bits}, {(1 << (width - 1)) - 1}")
    infinity = {32: 0x7F800000, 64: 0x7FF0000000000000}[width]
    return t.new(f"icmp ugt i{width} {magnitude}, {infinity}")


@arm("fcmp")
def _fcmp(t: Text, op: Op) -> str:
    a, b = (modal.operand(t, op.args[0].ty, x) for x in args_of(t, op))
    less, equal, unordered = (
        _compare_strict(t, how, op.args[0].ty, a, b, signal=bool(op.params["signal"]))
        for how in ("olt", "oeq", "uno")
    )
    low = t.new(f"select i1 {equal}, i32 1, i32 2")
    low = t.new(f"select i1 {less}, i32 0, i32 {low}")
    return t.new(f"select i1 {unordered}, i32 3, i32 {low}")


def compare_apart(t: Text, op: Op) -> str:
    """The same where conditions are known: what they do not ask for is not compared."""
    a, b = args_of(t, op)
    less, equal, unordered = (
        _compare_strict(
            t, how, op.args[0].ty, a, b, signal=bool(op.params["signal"]), raises=how == "olt"
        )
        for how in ("olt", "oeq", "uno")
    )
    high = t.new(f"select i1 {unordered}, i32 3, i32 2")
    high = t.new(f"select i1 {equal}, i32 1, i32 {high}")
    return t.new(f"select i1 {less}, i32 0, i32 {high}")


@arm("fcvt")
def _fcvt(t: Text, op: Op) -> str:
    value = t.of(op.args[0])
    return modal.conversion(
        t, op.args[0].ty, op.ty, value, lambda: _converted(t, op.args[0].ty, op.ty, value)
    )


def _converted(t: Text, source: str, target: str, operand: str) -> str:
    value = f"{llvm_type(source)} {operand}"
    if target == "f64":
        name, tail = "fpext", 'metadata !"fpexcept.strict"'
    else:
        name, tail = "fptrunc", _STRICT
    intrinsic = f"@llvm.experimental.constrained.{name}.{target}.{source}"
    return t.new(f"call {llvm_type(target)} {intrinsic}({value}, {tail}) #1")


def host_to_int(t: Text, value: str, ty: str, round_: str) -> str:
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


@arm("f_to_int")
def _f_to_int(t: Text, op: Op) -> str:
    ty = op.args[0].ty
    value = modal.operand(t, ty, t.of(op.args[0]))
    return (_to_signed if op.params["signed"] else _to_unsigned)(t, value, ty, op.params["round"])


def _to_signed(t: Text, value: str, ty: str, round_: str) -> str:
    raw = host_to_int(t, value, ty, round_)
    odd = t.new(f"icmp eq i32 {raw}, -2147483648")
    return t.new(f"select i1 {odd}, i32 {limit_signed(t, value, ty)}, i32 {raw}")


def to_int_apart(t: Text, op: Op) -> str | None:
    """The host's own answer, unless it is the one for everything out of range."""
    if not op.params["signed"]:
        return None
    ty, value = op.args[0].ty, t.of(op.args[0])
    start, odd, done, end = t.label(), t.label(), t.label(), t.label()
    t.line(f"br label %{start}")
    t.lines.append(f"{start}:")
    raw = host_to_int(t, value, ty, op.params["round"])
    strange = t.new(f"icmp eq i32 {raw}, -2147483648")
    t.line(f"br i1 {strange}, label %{odd}, label %{done}, !prof !0")
    t.lines.append(f"{odd}:")
    limited = limit_signed(t, value, ty)
    t.line(f"br label %{end}")
    t.lines.append(f"{end}:")
    t.line(f"br label %{done}")
    t.lines.append(f"{done}:")
    return t.new(f"phi i32 [ {raw}, %{start} ], [ {limited}, %{end} ]")


def limit_signed(t: Text, value: str, ty: str) -> str:
    """What ARM gives for a number that i32 does not hold, by its sign, and for a NaN."""
    width = WIDTHS[ty]
    bits = t.new(f"bitcast {llvm_type(ty)} {value} to i{width}")
    positive = t.new(f"icmp sge i{width} {bits}, 0")
    nan = _is_nan(t, bits, width)
    limit = t.new(f"select i1 {positive}, i32 2147483647, i32 -2147483648")
    return t.new(f"select i1 {nan}, i32 0, i32 {limit}")


def _to_unsigned(t: Text, value: str, ty: str, round_: str) -> str:
    """Values from 2^31 are converted less 2^31, limited so that this is exact.

    What is out of range raises invalid alone.
    """
    lt = llvm_type(ty)
    big = _compare_strict(t, "oge", ty, value, _fp(2.0**31))
    low = _compare_strict(t, "ole", ty, value, _fp(-1.0))
    less = t.new(f"select i1 {big}, {lt} {_fp(2.0**31)}, {lt} {_fp(0.0)}")
    huge = _compare_strict(t, "oge", ty, value, _fp(2.0**32))
    limited = t.new(f"select i1 {huge}, {lt} {_fp(2.0**32)}, {lt} {value}")
    chosen = _strict(t, "fsub", ty, [limited, less])
    chosen = t.new(f"select i1 {low}, {lt} {_fp(-(2.0**100))}, {lt} {chosen}")
    before = _mxcsr(t) if round_ == "mode" else ""
    raw = host_to_int(t, chosen, ty, round_)
    if before:
        _only_invalid_if_negative(t, raw, before)
    odd = t.new(f"icmp eq i32 {raw}, -2147483648")
    above = t.new(f"select i1 {odd}, i32 -1, i32 {t.new(f'xor i32 {raw}, -2147483648')}")
    negative = t.new(f"icmp slt i32 {raw}, 0")
    below = t.new(f"select i1 {negative}, i32 0, i32 {raw}")
    return t.new(f"select i1 {big}, i32 {above}, i32 {below}")


def _mxcsr(t: Text) -> str:
    slot = t.new("alloca i32, align 4")
    t.line(mxcsr_read(slot))
    return t.new(f"load i32, ptr {slot}, align 4")


def _only_invalid_if_negative(t: Text, raw: str, before: str) -> None:
    """A number that rounds to -1 raises invalid alone: x86 finds it merely inexact."""
    slot = t.new("alloca i32, align 4")
    with t.seldom(t.new(f"icmp eq i32 {raw}, -1")):
        t.line(f"store i32 {t.new(f'or i32 {before}, 1')}, ptr {slot}, align 4")
        t.line(mxcsr_written(slot))


def _fp(value: float) -> str:
    """LLVM's exact spelling of a constant that f32 and f64 both hold."""
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"


@arm("int_to_f")
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


@arm("get_fp_flags")
def _get_fp_flags(t: Text, op: Op) -> str:
    return _move_bits(t, _mxcsr(t), _MXCSR_TO_FPSCR)


@arm("set_fp_mode")
def _set_fp_mode(t: Text, op: Op) -> None:
    """FPSCR.RMode counts N, P, M, Z and MXCSR.RC N, M, P, Z: the two bits change places."""
    fpscr = t.of(op.args[0])
    modal.stop_before_mode(t, op, fpscr)
    slot = t.new("alloca i32, align 4")
    flags = _move_bits(t, fpscr, tuple((b, a) for a, b in _MXCSR_TO_FPSCR))
    mode = _move_bits(t, fpscr, ((22, 14), (23, 13)))
    both = t.new(f"or i32 {flags}, {mode}")
    t.line(f"store i32 {t.new(f'or i32 {both}, 8064')}, ptr {slot}, align 4")
    t.line(mxcsr_written(slot))
