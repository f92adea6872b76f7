"""Lowerings of checksums, ciphers and digests: the host's instructions where it has them.

Which those are is found out when a program runs, so that code in packages is for every host. The
last argument of each operation points at what the runtime knows (``ciphers.c``): a word of
features, and where the same is done without. That takes its operands, 16 bytes each and the fixed
parameters behind them, from a place in memory and leaves the result there; it changes no register.
"""

from __future__ import annotations

from collections.abc import Callable

from backends.llvm.text import Text, args_of, arm, llvm_type
from xlate.ir import Op

_Q, _W = "<2 x i64>", "<4 x i32>"
#: Bits of the word of features.
FEATURES = {"AES": 1, "CLMUL": 2, "SHA": 4, "CRC32C": 8}
#: What is done without, by number.
INSTEAD = {name: i for i, name in enumerate(("aes", "aes_mix", "clmul", "crc32", "sha1", "sha256"))}
SLOTS = 5  # of 16 bytes: arguments and parameters of one operation
_INSTEAD_AT = 8  # behind the features

# The sequence must not meet what a leaf function keeps below its stack pointer.
_CALL = r"leaq -128(%rsp), %rsp\0Acallq *%rax\0Aleaq 128(%rsp), %rsp"
_CONSTRAINTS = "{rax},{rcx},{rdx},~{memory},~{dirflag},~{fpsr},~{flags}"


def c_header() -> str:
    """The numbers for the runtime."""
    lines = ["/* Generated from backends/llvm/ciphers.py; do not edit. */", "#pragma once", ""]
    lines += [f"#define CIPHERS_HAVE_{name} {bit}u" for name, bit in FEATURES.items()]
    lines += [f"#define CIPHERS_{name.upper()} {n}u" for name, n in INSTEAD.items()]
    return "\n".join([*lines, f"#define CIPHERS_SLOTS {SLOTS}", ""])


def _either(t: Text, op: Op, feature: str, native: Callable[[], str]) -> str:
    """The result by the host's own instructions, or where the host has none instead."""
    ty = llvm_type(op.ty)
    help_ = t.new(f"inttoptr i64 {t.of(op.args[-1])} to ptr")
    features = t.new(f"load i32, ptr {help_}, align 8")
    bit = t.new(f"and i32 {features}, {FEATURES[feature]}")
    lacks = t.new(f"icmp eq i32 {bit}, 0")
    there, without, done = t.label(), t.label(), t.label()
    t.line(f"br i1 {lacks}, label %{without}, label %{there}, !prof !0")
    t.lines.append(f"{there}:")
    own = native()
    t.line(f"br label %{done}")
    t.lines.append(f"{without}:")
    other = _instead(t, op, help_)
    t.line(f"br label %{done}")
    t.lines.append(f"{done}:")
    return t.new(f"phi {ty} [ {own}, %{there} ], [ {other}, %{without} ]")


def _instead(t: Text, op: Op, help_: str) -> str:
    memory = t.new(f"alloca [{SLOTS} x {_Q}], align 8")
    operands = [f"{llvm_type(a.ty)} {t.of(a)}" for a in op.args[:-1]]
    operands += [f"i32 {value}" for value in op.params.values()]
    for number, operand in enumerate(operands):
        place = t.new(f"getelementptr i8, ptr {memory}, i64 {16 * number}")
        t.line(f"store {operand}, ptr {place}, align 8")
    entry = t.new(f"getelementptr i8, ptr {help_}, i64 {_INSTEAD_AT}")
    code = t.new(f"load ptr, ptr {entry}, align 8")
    arguments = f"(ptr {code}, ptr {memory}, i64 {INSTEAD[op.name]})"
    t.line(f'call void asm sideeffect "{_CALL}", "{_CONSTRAINTS}"{arguments}')
    return t.new(f"load {llvm_type(op.ty)}, ptr {memory}, align 8")


def _x86(t: Text, name: str, ty: str, *operands: str) -> str:
    return t.new(f"call {ty} @llvm.x86.{name}({', '.join(operands)})")


# --- AES ------------------------------------------------------------------------------------------


def _round(t: Text, name: str, value: str) -> str:
    """A step with a key of zeros."""
    return _x86(t, f"aesni.{name}", _Q, f"{_Q} {value}", f"{_Q} zeroinitializer")


@arm("aes")
def _aes(t: Text, op: Op) -> str:
    name = "aesdeclast" if op.params["inverse"] else "aesenclast"
    return _either(t, op, "AES", lambda: _round(t, name, t.of(op.args[0])))


@arm("aes_mix")
def _aes_mix(t: Text, op: Op) -> str:
    """A whole round mixes: what it does before is undone before."""
    value = t.of(op.args[0])

    def native() -> str:
        if op.params["inverse"]:
            return _x86(t, "aesni.aesimc", _Q, f"{_Q} {value}")
        return _round(t, "aesenc", _round(t, "aesdeclast", value))

    return _either(t, op, "AES", native)


# --- polynomials ----------------------------------------------------------------------------------


def _product(t: Text, a: str, b: str) -> str:
    a, b = (t.new(f"insertelement {_Q} zeroinitializer, i64 {x}, i32 0") for x in (a, b))
    return _x86(t, "pclmulqdq", _Q, f"{_Q} {a}", f"{_Q} {b}", "i8 0")


@arm("clmul")
def _clmul(t: Text, op: Op) -> str:
    a, b, _ = args_of(t, op)
    return _either(t, op, "CLMUL", lambda: _product(t, a, b))


POLYNOMIAL = 0xEDB88320  # the bits of 0x04C11DB7 in reverse order, without the first


def _inverse(polynomial: int, bits: int) -> int:
    """The power series that the polynomial times it is 1, up to x^bits."""
    found = 0
    rest = 1
    for bit in range(bits):
        if rest >> bit & 1:
            found |= 1 << bit
            rest ^= polynomial << bit
    return found


@arm("crc32")
def _crc32(t: Text, op: Op) -> str:
    if op.params["castagnoli"]:
        return _either(t, op, "CRC32C", lambda: _crc32c(t, op))
    return _either(t, op, "CLMUL", lambda: _crc32_by_products(t, op))


def _crc32c(t: Text, op: Op) -> str:
    crc, data, _ = args_of(t, op)
    bits = op.params["bits"]
    if bits < 32:
        data = t.new(f"trunc i32 {data} to i{bits}")
    return _x86(t, f"sse42.crc32.32.{bits}", "i32", f"i32 {crc}", f"i{bits} {data}")


def _crc32_by_products(t: Text, op: Op) -> str:
    """What makes the low bits 0 is a multiple of the polynomial: add it, and they are gone."""
    crc, data, _ = args_of(t, op)
    bits, mask = op.params["bits"], (1 << op.params["bits"]) - 1
    whole = POLYNOMIAL << 1 | 1
    old = t.new(f"zext i32 {crc} to i64")
    low = t.new(f"and i64 {t.new(f'xor i64 {old}, {_zext(t, data)}')}, {mask}")
    factor = _low(t, _product(t, low, str(_inverse(whole, bits))))
    multiple = _low(t, _product(t, t.new(f"and i64 {factor}, {mask}"), str(whole)))
    total = t.new(f"xor i64 {t.new(f'lshr i64 {old}, {bits}')}, {_shifted(t, multiple, bits)}")
    return t.new(f"trunc i64 {total} to i32")


def _zext(t: Text, value: str) -> str:
    return t.new(f"zext i32 {value} to i64")


def _low(t: Text, value: str) -> str:
    return t.new(f"extractelement {_Q} {value}, i32 0")


def _shifted(t: Text, value: str, bits: int) -> str:
    return t.new(f"lshr i64 {value}, {bits}")


# --- SHA ------------------------------------------------------------------------------------------


def _words(t: Text, value: str) -> str:
    return t.new(f"bitcast {_Q} {value} to {_W}")


def _pick(t: Text, a: str, b: str, *lanes: int) -> str:
    mask = ", ".join(f"i32 {lane}" for lane in lanes)
    return t.new(f"shufflevector {_W} {a}, {_W} {b}, {_W} <{mask}>")


def _reversed(t: Text, a: str) -> str:
    return _pick(t, a, a, 3, 2, 1, 0)


#: The host adds the constant of the twenty rounds itself: by kind, which of them and what it is.
_SHA1 = ((0, 0x5A827999), (1, 0x6ED9EBA1), (2, 0x8F1BBCDC))


@arm("sha1")
def _sha1(t: Text, op: Op) -> str:
    abcd, e, wk, _ = args_of(t, op)
    which, constant = _SHA1[op.params["kind"]]

    def native() -> str:
        lanes = ", ".join([f"i32 {constant}"] * 4)
        plain = t.new(f"sub {_W} {_words(t, wk)}, <{lanes}>")
        first = t.new(f"extractelement {_W} {plain}, i32 0")
        first = t.new(f"add i32 {first}, {e}")
        plain = t.new(f"insertelement {_W} {plain}, i32 {first}, i32 0")
        state = _reversed(t, _words(t, abcd))
        operands = f"{_W} {state}", f"{_W} {_reversed(t, plain)}", f"i8 {which}"
        found = _reversed(t, _x86(t, "sha1rnds4", _W, *operands))
        return t.new(f"bitcast {_W} {found} to {_Q}")

    return _either(t, op, "SHA", native)


@arm("sha256")
def _sha256(t: Text, op: Op) -> str:
    """The host has A, B, E, F in one register and C, D, G, H in the other, A and C highest."""
    abcd, efgh, wk, _ = args_of(t, op)

    def native() -> str:
        x, y, w = (_words(t, value) for value in (abcd, efgh, wk))
        outer, inner = _pick(t, y, x, 1, 0, 5, 4), _pick(t, y, x, 3, 2, 7, 6)
        for words in (w, _pick(t, w, w, 2, 3, 2, 3)):
            operands = (f"{_W} {value}" for value in (inner, outer, words))
            inner, outer = outer, _x86(t, "sha256rnds2", _W, *operands)
        lanes = (1, 0, 5, 4) if op.params["part"] else (3, 2, 7, 6)
        return t.new(f"bitcast {_W} {_pick(t, outer, inner, *lanes)} to {_Q}")

    return _either(t, op, "SHA", native)
