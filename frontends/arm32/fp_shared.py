"""What VFP and Advanced SIMD rows share: where they are encoded, and where S, D and Q registers lie.

An encoding is the same in A32 and T32 up to its top bits, so a row is written once and registered in both
sets. What no row claims falls to the wide space rows at the end of this file: UNDEFINED.
Registers are bytes of the state: S[n] at 4n, D[n] at 8n, Q[n] at 16n, lane i of width w at i * w / 8,
so a register number only ever becomes an offset, which is patched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from frontends.arm32.machine import OFFSET, Arm32
from frontends.arm32.rows import A32, T32
from xlate.ir import Value
from xlate.isa import Expr
from xlate.isa.insn import Semantics

_Register = Callable[[Semantics], Semantics]


def _both(a32: str, t32: str, *, manual: str, name: str, space: str) -> _Register:
    def register(fn: Semantics) -> Semantics:
        over = (space,) if space else ()
        A32(a32, manual=manual, name=name, over=over)(fn)
        T32(t32, manual=manual, name=name, over=over)(fn)
        return fn

    return register


def vfp_row(tail: str, *, manual: str, name: str = "", space: bool = False) -> _Register:
    """Row of coprocessors 10 and 11; ``tail`` is all but the top four bits."""
    over = "vfp_data_space" if tail.startswith("1110") else "vfp_transfer_space"
    return _both(
        f"cond:4 {tail}", f"1110 {tail}", manual=manual, name=name, space="" if space else over
    )


def unconditional_vfp_row(tail: str, *, manual: str, name: str = "") -> _Register:
    """Row of coprocessors 10 and 11 without a condition; ``tail`` is all but the top four bits."""
    word, space = f"1111 {tail}", "vfp_unconditional_space"

    def register(fn: Semantics) -> Semantics:
        A32(word, manual=manual, name=name, over=(space, "coprocessor2"))(fn)
        T32(word, manual=manual, name=name, over=(space,))(fn)
        return fn

    return register


def neon_row(u: str, tail: str, *, manual: str, name: str = "", space: bool = False) -> _Register:
    """Row of Advanced SIMD data processing: ``u`` is 0, 1 or a field, ``tail`` bits 23 to 0."""
    return _both(
        f"1111 001 {u} {tail}",
        f"111 {u} 1111 {tail}",
        manual=manual,
        name=name,
        space="" if space else "neon_data_space",
    )


def element_row(tail: str, *, manual: str, name: str = "", space: bool = False) -> _Register:
    """Row of Advanced SIMD element or structure load/store; ``tail`` is bits 23 to 0."""
    return _both(
        f"1111 0100 {tail}",
        f"1111 1001 {tail}",
        manual=manual,
        name=name,
        space="" if space else "neon_element_space",
    )


# --- registers ------------------------------------------------------------------------------------

FLOAT = ("f32", "f64")
INT = ("i32", "i64")
VECTOR = ("v64", "v128")


def s_number(V: Any, x: Any) -> Any:
    """Register number of a single: V:x."""
    return V * 2 + x


def d_number(V: Any, x: Any) -> Any:
    """Register number of a double: x:V."""
    return x * 16 + V


def s_offset(number: Any) -> Any:
    """State offset of S[number]."""
    return OFFSET["d"] + number * 4


def d_offset(number: Any) -> Any:
    """State offset of D[number]."""
    return OFFSET["d"] + number * 8


def fp_offset(sz: int, V: Any, x: Any) -> Any:
    """State offset of the register that V, x name: a double when ``sz``, else a single."""
    return d_offset(d_number(V, x)) if sz else s_offset(s_number(V, x))


def get_fp(m: Arm32, sz: int, V: Any, x: Any) -> Value:
    """S or D register as f32 or f64."""
    return m.get_state(fp_offset(sz, V, x), FLOAT[sz])


def get_bits(m: Arm32, sz: int, V: Any, x: Any) -> Value:
    """S or D register as i32 or i64."""
    return m.get_state(fp_offset(sz, V, x), INT[sz])


def set_fp(m: Arm32, sz: int, V: Any, x: Any, value: Value) -> None:
    """Write an S or D register with a value of its width."""
    m.set_state(fp_offset(sz, V, x), value)


def load_as(m: Arm32, addr: Value, ty: str) -> Value:
    """Read guest memory as a vector type."""
    return m.block.op("load", addr, ty=ty)


def rounds(m: Arm32, count: int) -> Any:
    """Give a count for ``m.repeat`` that stays a loop (one body) when shapes are recorded."""
    return Expr.of(count) if isinstance(m.ctx.pc, Expr) else count


# --- arithmetic with ARM's NaNs -------------------------------------------------------------------


def fp_binary(m: Arm32, op: str, a: Value, b: Value) -> Value:
    """FPAdd, FPSub, FPMul or FPDiv: the IEEE result, a NaN chosen as ARM does."""
    return m.block.op("nan_fix", a, b, m.block.op(op, a, b))


def fp_neg(m: Arm32, a: Value) -> Value:
    """FPNeg: the sign bit flipped, of a NaN too."""
    return m.block.op("fneg", a)


def fp_const(m: Arm32, sz: int, bits: Any) -> Value:
    """f32 or f64 constant from its bits, a number or an expression."""
    return m.block.op("bitcast", m.const(bits, 64 if sz else 32), ty=FLOAT[sz])


# --- the spaces -----------------------------------------------------------------------------------


@A32(
    "1111 1110 xxxxxxxxxxxx 101x xxxxxxxx",
    manual="Floating-point data processing, unconditional",
    name="vfp_unconditional_space",
    over=("coprocessor2",),
)
@T32(
    "1111 1110 xxxxxxxxxxxx 101x xxxxxxxx",
    manual="Floating-point data processing, unconditional",
    name="vfp_unconditional_space",
)
@vfp_row(
    "1110 xxxxxxxxxxxx 101x xxxxxxxx",
    manual="Floating-point data processing",
    name="vfp_data_space",
    space=True,
)
@vfp_row(
    "110x xxxxxxxxxxxx 101x xxxxxxxx",
    manual="Extension register load/store",
    name="vfp_transfer_space",
    space=True,
)
@neon_row("x", "x" * 24, manual="Advanced SIMD data-processing", name="neon_data_space", space=True)
@element_row(
    "xxx0 " + "x" * 20,
    manual="Advanced SIMD element or structure load/store",
    name="neon_element_space",
    space=True,
)
def unallocated(m: Arm32) -> None:
    """Nothing changes: the guest gets SIGILL."""
    m.undefined("unallocated in the floating-point and Advanced SIMD space")
