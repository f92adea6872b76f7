"""Lowerings of single precision in lanes: to nearest, with the host's cumulative exceptions.

A D register is done as a Q register whose upper lanes are zeros, since LLVM takes a strict
operation on two lanes apart. Where the thread rounds otherwise, the mode is changed around it.
"""

from __future__ import annotations

from backends.llvm.lanes import with_zeros
from backends.llvm.text import Text, args_of, arm, llvm_type, mxcsr_read, mxcsr_written
from xlate.ir import Op

_STRICT = 'metadata !"round.dynamic", metadata !"fpexcept.strict"'
_QUIET = 'metadata !"fpexcept.strict"'
_RC, _PE = 0x6000, 0x20  # of MXCSR: rounding, 0 is to nearest; inexact
_V, _W, _I, _L = "<4 x float>", "<4 x double>", "<4 x i32>", "<4 x i64>"
SMALLER = f"<{', '.join(['float 0x3E70000000000000'] * 4)}>"  # 2^-24
OCTETS = "<16 x i8>"
LEAST, GREATEST = "%mxl", "%mxg"  # exponents of the operands looked at, in every fourth octet
_TINY = 0x38100000  # upper half of 2^-126 in double precision
_COMPARE = {"eq": ("fcmp", "oeq"), "ge": ("fcmps", "oge"), "gt": ("fcmps", "ogt")}


def _four(t: Text, bag: str, ty: str, lane: str) -> str:
    """Four lanes of a vector; zeros above a D register."""
    if ty == "v128":
        return t.new(f"bitcast <2 x i64> {bag} to <4 x {lane}>")
    return t.new(f"bitcast <2 x i64> {with_zeros(t, bag)} to <4 x {lane}>")


def _bag(t: Text, value: str, vec: str, ty: str) -> str:
    whole = t.new(f"bitcast {vec} {value} to <2 x i64>")
    return whole if ty == "v128" else t.new(f"extractelement <2 x i64> {whole}, i32 0")


class _Nearest:
    """Context in which the thread rounds to nearest; exceptions accumulate."""

    def __init__(self, t: Text) -> None:
        self.t = t

    def __enter__(self) -> _Nearest:
        t = self.t
        self.slot = t.new("alloca i32, align 4")
        self.old = old = self._now()
        self.mode = t.new(f"and i32 {old}, {_RC}")
        self.other = t.new(f"icmp ne i32 {self.mode}, 0")
        with t.seldom(self.other):
            self._load(t.new(f"and i32 {old}, {~_RC}"))
        return self

    def __exit__(self, *exc: object) -> None:
        with self.t.seldom(self.other):
            self._load(self.t.new(f"or i32 {self._now()}, {self.mode}"))

    def inexact_as_before(self, when: str) -> None:
        """Take an inexact of the operations so far back, if the i1 is 1: seldom."""
        t = self.t
        with t.seldom(when):
            others = t.new(f"and i32 {self._now()}, {~_PE}")
            self._load(t.new(f"or i32 {others}, {t.new(f'and i32 {self.old}, {_PE}')}"))

    def _now(self) -> str:
        self.t.line(mxcsr_read(self.slot))
        return self.t.new(f"load i32, ptr {self.slot}, align 4")

    def _load(self, value: str) -> None:
        self.t.line(f"store i32 {value}, ptr {self.slot}, align 4")
        self.t.line(mxcsr_written(self.slot))


def _compared(t: Text, kind: str, a: str, b: str, ty: str) -> str:
    name, how = _COMPARE[kind]
    mask = t.new(
        f"call <4 x i1> @llvm.experimental.constrained.{name}.v4f32"
        f'({_V} {a}, {_V} {b}, metadata !"{how}", {_QUIET}) #1'
    )
    return _bag(t, t.new(f"sext <4 x i1> {mask} to {_I}"), _I, ty)


@arm("vf")
def _vf(t: Text, op: Op) -> str:
    kind = op.params["op"]
    a, b = (_four(t, x, op.ty, "float") for x in args_of(t, op))
    if kind in _COMPARE:
        return _compared(t, kind, a, b, op.ty)
    tiny = ""
    if kind == "mul":
        tiny = _tiny_product(t, a, b)
        a = _without_magnitude(t, a, tiny)
    with _Nearest(t):
        value = _operation(t, f"f{kind}", "v4f32", _V, a, b)
    return _marked(t, value, tiny, op.ty) if tiny else _bag(t, value, _V, op.ty)


@arm("vf_fix")
def _vf_fix(t: Text, op: Op) -> str:
    return t.of(op.args[0])


def hasty_lanes(t: Text, op: Op, *, ask: bool) -> str:
    """The host's own operation; MXCSR may be asked whether ARM would have found otherwise.

    ARM looks whether a product is tiny before it is rounded, the host behind it: a product that
    was rounded up to the least normal number is made tiny and inexact, larger ones are not.
    """
    kind = op.params["op"]
    a, b = (_four(t, t.of(x), op.ty, "float") for x in op.args[1:])
    if kind in _COMPARE:
        if kind == "eq" and ask:  # it says nothing of a quiet NaN, which hides a denormal beside it
            _compared(t, "gt", a, b, op.ty)
        return _compared(t, kind, a, b, op.ty)
    value = _operation(t, f"f{kind}", "v4f32", _V, a, b)
    if kind == "mul" and ask:
        _operation(t, "fmul", "v4f32", _V, value, SMALLER)
    return _bag(t, value, _V, op.ty)


def look_at_lanes(t: Text, op: Op, positions: int) -> None:
    """Least and greatest exponent of these operands go to the variables that collect them."""
    for position, arg in enumerate(op.args[1:]):
        if positions >> position & 1:
            bits = _four(t, t.of(arg), op.ty, "i32")
            twice = t.new(f"add {_I} {bits}, {bits}")  # its upper byte is the exponent
            _collect(t, GREATEST, "umax", twice)
            _collect(t, LEAST, "umin", t.new(f"add {_I} {twice}, {_all(-1)}"))  # 0 is no small one


def _collect(t: Text, variable: str, how: str, bits: str) -> None:
    octets = t.new(f"bitcast {_I} {bits} to {OCTETS}")
    known = t.new(f"load {OCTETS}, ptr {variable}")
    found = t.new(f"call {OCTETS} @llvm.{how}.v16i8({OCTETS} {known}, {OCTETS} {octets})")
    t.line(f"store {OCTETS} {found}, ptr {variable}")


def _marked(t: Text, value: str, tiny: str, ty: str) -> str:
    """The lanes as a bag of bits, the lowest set where the mask is."""
    bits = t.new(f"bitcast {_V} {value} to {_I}")
    last = t.new(f"and {_I} {tiny}, {_all(1)}")
    return _bag(t, t.new(f"or {_I} {bits}, {last}"), _I, ty)


def _operation(t: Text, name: str, suffix: str, vec: str, a: str, b: str) -> str:
    return t.new(
        f"call {vec} @llvm.experimental.constrained.{name}.{suffix}"
        f"({vec} {a}, {vec} {b}, {_STRICT}) #1"
    )


def _all(number: int) -> str:
    return f"<{', '.join([f'i32 {number}'] * 4)}>"


def _tiny_product(t: Text, a: str, b: str) -> str:
    """Mask of the products, exact in double precision, between 0 and the least normal number."""
    return _tiny(t, _operation(t, "fmul", "v4f64", _W, _widened(t, a), _widened(t, b)))


def _widened(t: Text, x: str) -> str:
    return t.new(
        f"call {_W} @llvm.experimental.constrained.fpext.v4f64.v4f32({_V} {x}, {_QUIET}) #1"
    )


def _tiny(t: Text, wide: str) -> str:
    """Mask of the doubles between 0 and the least normal single."""
    halves = t.new(f"bitcast {_W} {wide} to <8 x i32>")
    upper = t.new(
        f"shufflevector <8 x i32> {halves}, <8 x i32> poison, {_I} <i32 1, i32 3, i32 5, i32 7>"
    )
    magnitude = t.new(f"and {_I} {upper}, {_all(0x7FFFFFFF)}")
    below = t.new(f"icmp slt {_I} {magnitude}, {_all(_TINY)}")
    there = t.new(f"icmp sgt {_I} {magnitude}, zeroinitializer")
    return t.new(f"sext <4 x i1> {t.new(f'and <4 x i1> {below}, {there}')} to {_I}")


def _without_magnitude(t: Text, a: str, mask: str) -> str:
    """Zeros with their sign where the mask is set: their product raises nothing."""
    bits = t.new(f"bitcast {_V} {a} to {_I}")
    gone = t.new(f"and {_I} {mask}, {_all(0x7FFFFFFF)}")
    kept = t.new(f"xor {_I} {gone}, {_all(-1)}")
    return t.new(f"bitcast {_I} {t.new(f'and {_I} {bits}, {kept}')} to {_V}")


@arm("vf_fma")
def _vf_fma(t: Text, op: Op) -> str:
    """In double precision the product is exact, and the sum is rounded to odd: then once more.

    Where a tiny sum was inexact in double precision, that must not be seen: it will be a zero.
    """
    a, b, c = (_widened(t, _four(t, x, op.ty, "float")) for x in args_of(t, op))
    with _Nearest(t) as nearest:
        product = _operation(t, "fmul", "v4f64", _W, a, b)
        wide = _odd_sum(t, product, c)
        tiny = _tiny(t, wide)
        lanes = t.new(f"icmp ne {_I} {tiny}, zeroinitializer")
        any_ = t.new(f"icmp ne i4 {t.new(f'bitcast <4 x i1> {lanes} to i4')}, 0")
        nearest.inexact_as_before(any_)
        value = _narrowed(t, _zero_where(t, wide, tiny))
    return _marked(t, value, tiny, op.ty)


def _narrowed(t: Text, wide: str) -> str:
    return t.new(
        f"call {_V} @llvm.experimental.constrained.fptrunc.v4f32.v4f64({_W} {wide}, {_STRICT}) #1"
    )


def _zero_where(t: Text, wide: str, mask: str) -> str:
    """Zeros with their sign where the mask is set."""
    bits = t.new(f"bitcast {_W} {wide} to {_L}")
    gone = t.new(f"and {_L} {t.new(f'sext {_I} {mask} to {_L}')}, {_every((1 << 63) - 1)}")
    kept = t.new(f"and {_L} {bits}, {t.new(f'xor {_L} {gone}, {_every(-1)}')}")
    return t.new(f"bitcast {_L} {kept} to {_W}")


def _every(number: int) -> str:
    return f"<{', '.join([f'i64 {number}'] * 4)}>"


def _odd_sum(t: Text, a: str, b: str) -> str:
    """Sum that has its last bit set when it is inexact, so that a second rounding is the first.

    The error of a sum to nearest is a number itself (Knuth); for what is not finite it is 0.
    """
    total = _operation(t, "fadd", "v4f64", _W, a, b)
    bits = t.new(f"bitcast {_W} {total} to {_L}")
    infinity = _every(0x7FF << 52)
    special = t.new(f"icmp eq {_L} {t.new(f'and {_L} {bits}, {infinity}')}, {infinity}")
    a, b, s = (
        t.new(f"select <4 x i1> {special}, {_W} zeroinitializer, {_W} {x}") for x in (a, b, total)
    )
    part = _operation(t, "fsub", "v4f64", _W, s, a)
    first = _operation(t, "fsub", "v4f64", _W, s, part)
    errors = [_operation(t, "fsub", "v4f64", _W, x, y) for x, y in ((a, first), (b, part))]
    error = t.new(f"bitcast {_W} {_operation(t, 'fadd', 'v4f64', _W, *errors)} to {_L}")
    inexact = t.new(f"icmp ne {_L} {t.new(f'shl {_L} {error}, {_every(1)}')}, zeroinitializer")
    even = t.new(f"icmp eq {_L} {t.new(f'and {_L} {bits}, {_every(1)}')}, zeroinitializer")
    apart = t.new(f"ashr {_L} {t.new(f'xor {_L} {error}, {bits}')}, {_every(63)}")
    by = t.new(f"or {_L} {apart}, {_every(1)}")
    moves = t.new(f"and <4 x i1> {inexact}, {even}")
    by = t.new(f"select <4 x i1> {moves}, {_L} {by}, {_L} zeroinitializer")
    return t.new(f"bitcast {_L} {t.new(f'add {_L} {bits}, {by}')} to {_W}")


@arm("vf_from_int")
def _vf_from_int(t: Text, op: Op) -> str:
    """Integer and scaled number are exact in double precision: one rounding, to single.

    Unsigned 0 is made by a subtraction, which is -0 where the thread rounds down.
    """
    bag, scale = args_of(t, op)
    integers = _four(t, bag, op.ty, "i32")
    name = "sitofp" if op.params["signed"] else "uitofp"
    first = t.new(f"insertelement {_W} poison, {llvm_type('f64')} {scale}, i32 0")
    scales = t.new(f"shufflevector {_W} {first}, {_W} poison, {_I} zeroinitializer")
    with _Nearest(t):
        wide = t.new(
            f"call {_W} @llvm.experimental.constrained.{name}.v4f64.v4i32"
            f"({_I} {integers}, {_STRICT}) #1"
        )
        scaled = _operation(t, "fmul", "v4f64", _W, wide, scales)
        value = _narrowed(t, scaled)
    return _bag(t, value, _V, op.ty)
