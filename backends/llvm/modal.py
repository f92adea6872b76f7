"""Scalar arithmetic where FPSCR.FZ or FPSCR.DN may be set, and tininess as ARM finds it.

There are three kinds of text (``Text.scalars``). The optimised tier's is ``host``: FZ and DN are
clear, and underflow is the host's. Templates are ``checked``: a product, or a single made of a
double, that comes out as the least normal number is asked about again, and what sets FZ or DN
stops before it does; from then on the process runs those that are ``modal``, which look at FPSCR
(docs/decisions/0019). There the host's own operation is right where its operands are so far from
the denormals that no result is tiny; all else is done by the runtime (``fp_exact.c``).
"""

from __future__ import annotations

from collections.abc import Callable

from backends.llvm.text import Text, llvm_type
from xlate.ir import Op
from xlate.ir.block import WIDTHS

#: What the runtime is asked for, by number.
KINDS = {name: i for i, name in enumerate(
    ("fadd", "fsub", "fmul", "fdiv", "fsqrt", "narrow", "widen", "flush")
)}  # fmt: skip
WIDE = 8  # added for operands in double precision
FZ, DN = 1 << 24, 1 << 25
HELP_AT = 16  # in what the state's ``host`` points at
SLOTS = 4  # of 16 bytes: operands, kind, FPSCR; the result is in the first
#: Operations whose template depends on the mode.
SENSITIVE = frozenset(
    {*("fadd", "fsub", "fmul", "fdiv", "fsqrt", "nan_fix", "fcvt", "fcmp", "f_to_int", "fma"),
     "set_fp_mode"}
)  # fmt: skip
_LEAST = {"f32": "0x3810000000000000", "f64": "0x0010000000000000"}  # as LLVM spells them
_CALL = r"leaq -128(%rsp), %rsp\0Acallq *%rax\0Aleaq 128(%rsp), %rsp"
_CONSTRAINTS = "{rax},{rcx},~{memory},~{dirflag},~{fpsr},~{flags}"
# Biased exponents in the middle half are those in which this sum has this bit.
_MIDDLE, _IN_MIDDLE = 0x20000000, 0x40000000
_EXPONENT = {"f32": (0x7F800000, 23, 127), "f64": (0x7FF00000, 20, 1023)}


def c_header() -> str:
    """The numbers for the runtime."""
    lines = ["/* Generated from backends/llvm/modal.py; do not edit. */", "#pragma once", ""]
    lines += [f"#define FP_{name.upper()} {number}u" for name, number in KINDS.items()]
    return "\n".join([*lines, f"#define FP_WIDE {WIDE}u", f"#define FP_SLOTS {SLOTS}", ""])


def _state(t: Text, member: str) -> str:
    return t.new(f"getelementptr i8, ptr %st, i64 {t.places.offsets[member]}")


def mode_is(t: Text, bits: int) -> str:
    """i1: one of these bits of FPSCR is set."""
    fpscr = t.new(f"load i32, ptr {_state(t, 'fpscr')}")
    return t.new(f"icmp ne i32 {t.new(f'and i32 {fpscr}, {bits}')}, 0")


def _ask(t: Text, kind: str, ty: str, target: str, *operands: str) -> str:
    """What the runtime makes of the operands; it changes no register."""
    memory = t.new(f"alloca [{SLOTS} x <2 x i64>], align 8")
    number = KINDS[kind] + (WIDE if ty == "f64" else 0)
    fpscr = t.new(f"load i32, ptr {_state(t, 'fpscr')}")
    values = {i: f"{llvm_type(ty)} {x}" for i, x in enumerate(operands)}
    for slot, value in {**values, 2: f"i32 {number}", 3: f"i32 {fpscr}"}.items():
        place = t.new(f"getelementptr i8, ptr {memory}, i64 {16 * slot}")
        t.line(f"store {value}, ptr {place}, align 8")
    help_ = t.new(f"load ptr, ptr {_state(t, 'host')}")
    code = t.new(f"load ptr, ptr {t.new(f'getelementptr i8, ptr {help_}, i64 {HELP_AT}')}")
    t.line(f'call void asm sideeffect "{_CALL}", "{_CONSTRAINTS}"(ptr {code}, ptr {memory})')
    return t.new(f"load {llvm_type(target)}, ptr {memory}, align 8")


def either(
    t: Text, condition: str, ty: str, there: Callable[[], str], else_: Callable[[], str]
) -> str:
    """One of two values; the first is seldom wanted."""
    first, second, done, ends = t.label(), t.label(), t.label(), (t.label(), t.label())
    t.line(f"br i1 {condition}, label %{first}, label %{second}, !prof !0")
    values = []
    for label, make, end in ((first, there, ends[0]), (second, else_, ends[1])):
        t.lines.append(f"{label}:")
        values.append(make())
        t.line(f"br label %{end}")
        t.lines.append(f"{end}:")
        t.line(f"br label %{done}")
    t.lines.append(f"{done}:")
    return t.new(f"phi {llvm_type(ty)} [ {values[0]}, %{ends[0]} ], [ {values[1]}, %{ends[1]} ]")


def _upper(t: Text, ty: str, value: str) -> str:
    """Sign, exponent and the top of the fraction, as i32."""
    bits = t.new(f"bitcast {llvm_type(ty)} {value} to i{WIDTHS[ty]}")
    if ty == "f32":
        return bits
    return t.new(f"trunc i64 {t.new(f'lshr i64 {bits}, 32')} to i32")


def _magnitude(t: Text, ty: str, value: str) -> str:
    width = WIDTHS[ty]
    bits = t.new(f"bitcast {llvm_type(ty)} {value} to i{width}")
    return t.new(f"and i{width} {bits}, {(1 << (width - 1)) - 1}")


def _is_denormal(t: Text, ty: str, magnitude: str) -> str:
    width = WIDTHS[ty]
    less = t.new(f"sub i{width} {magnitude}, 1")
    least = {32: 1 << 23, 64: 1 << 52}[width]
    return t.new(f"icmp ult i{width} {less}, {least - 1}")


def _exact_by_zero(t: Text, ty: str, operands: list[str]) -> str:
    """i1: one of the operands is a zero, and none a denormal: no sum or product is tiny."""
    magnitudes = [_magnitude(t, ty, x) for x in operands]
    zeros = [t.new(f"icmp eq i{WIDTHS[ty]} {x}, 0") for x in magnitudes]
    denormals = [_is_denormal(t, ty, x) for x in magnitudes]
    none = t.new(f"xor i1 {t.new(f'or i1 {denormals[0]}, {denormals[1]}')}, true")
    return t.new(f"and i1 {t.new(f'or i1 {zeros[0]}, {zeros[1]}')}, {none}")


def _far_from_tiny(t: Text, kind: str, ty: str, operands: list[str]) -> str:
    """i1: no operand is a denormal, zero or NaN, and no result is tiny or a NaN."""
    uppers = [_upper(t, ty, x) for x in operands]
    middle = str(_IN_MIDDLE)
    for upper in uppers:
        middle = t.new(f"and i32 {middle}, {t.new(f'add i32 {upper}, {_MIDDLE}')}")
    far = t.new(f"icmp ne i32 {middle}, 0")
    if kind != "fdiv":
        return far
    mask, at, bias = _EXPONENT[ty]
    a, b = (t.new(f"and i32 {upper}, {mask}") for upper in uppers)
    exponent = t.new(f"sub i32 {a}, {b}")
    return t.new(f"and i1 {far}, {t.new(f'icmp sge i32 {exponent}, {-((bias - 2) << at)}')}")


def arithmetic(t: Text, op: Op, operands: list[str], host: Callable[[], str]) -> str:
    """An operation whose result nan_fix looks at."""
    if t.scalars != "modal":
        return host()

    def ask() -> str:
        return _ask(t, op.name, op.ty, op.ty, *operands)

    def near() -> str:
        if op.name in ("fdiv", "fsqrt"):
            return ask()
        exact = _exact_by_zero(t, op.ty, operands)
        return either(t, t.new(f"xor i1 {exact}, true"), op.ty, ask, host)

    def flushing() -> str:
        far = _far_from_tiny(t, op.name, op.ty, operands)
        return either(t, t.new(f"xor i1 {far}, true"), op.ty, near, host)

    return either(t, mode_is(t, FZ), op.ty, flushing, host)


def is_least(t: Text, ty: str, value: str, *, or_nan: bool = False) -> str:
    """i1: the least normal number of either sign, or maybe a NaN: a single comparison."""
    lt = llvm_type(ty)
    magnitude = t.new(f"call {lt} @llvm.fabs.{ty}({lt} {value})")
    return t.new(
        f"call i1 @llvm.experimental.constrained.fcmp.{ty}({lt} {magnitude}, {lt} {_LEAST[ty]}, "
        f'metadata !"{"ueq" if or_nan else "oeq"}", metadata !"fpexcept.strict") #1'
    )


def product_again(t: Text, op: Op, operands: list[str]) -> str:
    """The same product, for one that came out as the least normal number: UFC if it was tiny."""
    return _ask(t, "fmul", op.ty, op.ty, *operands)


def conversion(t: Text, source: str, target: str, value: str, host: Callable[[], str]) -> str:
    """Between the formats."""
    kind = "widen" if target == "f64" else "narrow"

    def ask() -> str:
        return _ask(t, kind, source, target, value)

    def checked() -> str:
        found = host()
        if kind == "widen" or t.scalars == "host":
            return found
        return either(t, is_least(t, target, found), target, ask, lambda: found)

    def flushing() -> str:
        least, most = (0x00800000, 0x7F800000) if kind == "widen" else (0x38200000, 0x7FF00000)
        magnitude = t.new(f"and i32 {_upper(t, source, value)}, {0x7FFFFFFF}")
        above = t.new(f"sub i32 {magnitude}, {least}")
        other = t.new(f"icmp uge i32 {above}, {most - least}")
        return either(t, other, target, ask, host)

    if t.scalars != "modal":
        return checked()
    return either(t, mode_is(t, FZ | DN), target, flushing, checked)


def operand(t: Text, ty: str, value: str) -> str:
    """A number as an operation sees it that gives no number: a denormal may be a zero."""
    if t.scalars != "modal":
        return value
    denormal = _is_denormal(t, ty, _magnitude(t, ty, value))
    flushes = t.new(f"and i1 {denormal}, {mode_is(t, FZ)}")
    return either(t, flushes, ty, lambda: _ask(t, "flush", ty, ty, value), lambda: value)


def stop_before_mode(t: Text, op: Op, fpscr: str) -> None:
    """A template that is about to set FZ or DN stops, where the process runs others without."""
    if t.scalars != "checked" or op.args[0].op.name != "get_reg":
        return
    bits = t.new(f"and i32 {fpscr}, {FZ | DN}")
    with t.seldom(t.new(f"icmp ne i32 {bits}, 0")):
        t.line('call void asm sideeffect "ud2", "~{memory}"()')
