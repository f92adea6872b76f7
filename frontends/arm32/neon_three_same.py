"""Advanced SIMD: three registers of the same length, of integers that wrap, and bitwise."""

from __future__ import annotations

from collections.abc import Callable

from frontends.arm32.fp_shared import neon_row
from frontends.arm32.machine import Arm32
from frontends.arm32.neon_shared import ALL, SMALL, Vec, VecFn, check_quad, vector, vector_offset
from xlate.ir import Value
from xlate.isa import Imm, Reg


def three_same(
    u: str, code: str, *, manual: str, lanes: tuple[int, ...] = SMALL, double_only: bool = False
) -> Callable[[VecFn], VecFn]:
    """Row with U = ``u`` (or a field) and bits 11-8, 4 = ``code``; other lane widths are UNDEFINED."""

    def register(fn: VecFn) -> VecFn:
        def row(
            m: Arm32,
            D: Imm,
            size: int,
            Vn: Reg,
            Vd: Reg,
            N: Imm,
            Q: int,
            M: Imm,
            Vm: Reg,
            U: int = 0,
        ) -> None:
            lane = 8 << size
            if lane not in lanes or (double_only and Q):
                m.undefined("lane or vector width")
            check_quad(m, Q, Vn | Vd | Vm)
            offsets = [vector_offset(V, x) for V, x in ((Vd, D), (Vm, M), (Vn, N))]
            v = vector(m, Q, lane, U, d=offsets[0], m_=offsets[1], n=offsets[2])
            v.write("d", fn(v))

        row.__doc__ = fn.__doc__
        a, b = code.split()
        tail = f"0 D:1 size:2 Vn:4 Vd:4 {a} N:1 Q:1 M:1 {b} Vm:4"
        neon_row(u, tail, manual=manual, name=fn.__name__)(row)
        return fn

    return register


# --- addition and comparison ----------------------------------------------------------------------


@three_same("0", "1000 0", manual="VADD (integer)", lanes=ALL)
def vadd_i(v: Vec) -> Value:
    """Vd := Vn + Vm."""
    return v.op("add", v.n, v.m)


@three_same("1", "1000 0", manual="VSUB (integer)", lanes=ALL)
def vsub_i(v: Vec) -> Value:
    """Vd := Vn - Vm."""
    return v.op("sub", v.n, v.m)


@three_same("U:1", "0000 0", manual="VHADD, VHSUB")
def vhadd(v: Vec) -> Value:
    """Vd := (Vn + Vm) / 2, without the carry out: common bits and half of the different ones."""
    n, m = v.n, v.m
    return v.op("add", v.op("and", n, m), v.shift_right(v.op("xor", n, m), 1))


@three_same("U:1", "0001 0", manual="VRHADD")
def vrhadd(v: Vec) -> Value:
    """Vd := (Vn + Vm + 1) / 2."""
    n, m = v.n, v.m
    return v.op("sub", v.op("or", n, m), v.shift_right(v.op("xor", n, m), 1))


@three_same("U:1", "0010 0", manual="VHADD, VHSUB")
def vhsub(v: Vec) -> Value:
    """Vd := (Vn - Vm) / 2."""
    n, m = v.n, v.m
    borrow = v.op("and", v.invert(n), m)
    return v.op("sub", v.shift_right(v.op("xor", n, m), 1), borrow)


@three_same("U:1", "0011 0", manual="VCGT (register)")
def vcgt(v: Vec) -> Value:
    """Vd := Vn > Vm."""
    return v.signed_op("gt", v.n, v.m)


@three_same("U:1", "0011 1", manual="VCGE (register)")
def vcge(v: Vec) -> Value:
    """Vd := Vn >= Vm."""
    return v.signed_op("ge", v.n, v.m)


@three_same("1", "1000 1", manual="VCEQ (register)")
def vceq(v: Vec) -> Value:
    """Vd := Vn = Vm."""
    return v.op("eq", v.n, v.m)


@three_same("0", "1000 1", manual="VTST")
def vtst(v: Vec) -> Value:
    """Vd := (Vn & Vm) is not 0."""
    return v.invert(v.op("eq", v.op("and", v.n, v.m), v.splat(0)))


@three_same("U:1", "0110 0", manual="VMAX, VMIN (integer)")
def vmax(v: Vec) -> Value:
    """Vd := the greater of Vn, Vm."""
    return v.signed_op("max", v.n, v.m)


@three_same("U:1", "0110 1", manual="VMAX, VMIN (integer)")
def vmin(v: Vec) -> Value:
    """Vd := the smaller of Vn, Vm."""
    return v.signed_op("min", v.n, v.m)


@three_same("U:1", "0111 0", manual="VABD, VABDL (integer)")
def vabd(v: Vec) -> Value:
    """Vd := |Vn - Vm|."""
    return v.difference(v.n, v.m)


@three_same("U:1", "0111 1", manual="VABA, VABAL")
def vaba(v: Vec) -> Value:
    """Vd := Vd + |Vn - Vm|."""
    return v.op("add", v.d, v.difference(v.n, v.m))


# --- multiplication and pairs ---------------------------------------------------------------------


@three_same("0", "1001 1", manual="VMUL, VMULL (integer and polynomial)")
def vmul_i(v: Vec) -> Value:
    """Vd := Vn * Vm."""
    return v.op("mul", v.n, v.m)


@three_same("0", "1001 0", manual="VMLA, VMLAL, VMLS, VMLSL (integer)")
def vmla_i(v: Vec) -> Value:
    """Vd := Vd + Vn * Vm."""
    return v.op("add", v.d, v.op("mul", v.n, v.m))


@three_same("1", "1001 0", manual="VMLA, VMLAL, VMLS, VMLSL (integer)")
def vmls_i(v: Vec) -> Value:
    """Vd := Vd - Vn * Vm."""
    return v.op("sub", v.d, v.op("mul", v.n, v.m))


@three_same("0", "1011 1", manual="VPADD (integer)", double_only=True)
def vpadd_i(v: Vec) -> Value:
    """Vd := sums of neighbouring lanes of Vm:Vn."""
    return v.pairwise("add", v.n, v.m)


@three_same("U:1", "1010 0", manual="VPMAX, VPMIN (integer)", double_only=True)
def vpmax(v: Vec) -> Value:
    """Vd := greater of neighbouring lanes of Vm:Vn."""
    return v.pairwise("umax" if v.unsigned else "smax", v.n, v.m)


@three_same("U:1", "1010 1", manual="VPMAX, VPMIN (integer)", double_only=True)
def vpmin(v: Vec) -> Value:
    """Vd := smaller of neighbouring lanes of Vm:Vn."""
    return v.pairwise("umin" if v.unsigned else "smin", v.n, v.m)


# --- bitwise: the size field is part of the operation ---------------------------------------------


def bitwise(u: str, size: str, *, manual: str) -> Callable[[VecFn], VecFn]:
    """Row of a bitwise operation."""

    def register(fn: VecFn) -> VecFn:
        def row(m: Arm32, D: Imm, Vn: Reg, Vd: Reg, N: Imm, Q: int, M: Imm, Vm: Reg) -> None:
            check_quad(m, Q, Vn | Vd | Vm)
            offsets = [vector_offset(V, x) for V, x in ((Vd, D), (Vm, M), (Vn, N))]
            v = vector(m, Q, 64, 1, d=offsets[0], m_=offsets[1], n=offsets[2])
            v.write("d", fn(v))

        row.__doc__ = fn.__doc__
        tail = f"0 D:1 {size} Vn:4 Vd:4 0001 N:1 Q:1 M:1 1 Vm:4"
        neon_row(u, tail, manual=manual, name=fn.__name__)(row)
        return fn

    return register


@bitwise("0", "00", manual="VAND (register)")
def vand(v: Vec) -> Value:
    """Vd := Vn & Vm."""
    return v.op("and", v.n, v.m)


@bitwise("0", "01", manual="VBIC (register)")
def vbic(v: Vec) -> Value:
    """Vd := Vn & ~Vm."""
    return v.op("and", v.n, v.invert(v.m))


@bitwise("0", "10", manual="VORR (register)")
def vorr(v: Vec) -> Value:
    """Vd := Vn | Vm (VMOV when they are one)."""
    return v.op("or", v.n, v.m)


@bitwise("0", "11", manual="VORN (register)")
def vorn(v: Vec) -> Value:
    """Vd := Vn | ~Vm."""
    return v.op("or", v.n, v.invert(v.m))


@bitwise("1", "00", manual="VEOR")
def veor(v: Vec) -> Value:
    """Vd := Vn ^ Vm."""
    return v.op("xor", v.n, v.m)


@bitwise("1", "01", manual="VBIF, VBIT, VBSL")
def vbsl(v: Vec) -> Value:
    """Vd := Vd ? Vn : Vm, bit by bit."""
    return v.choose(v.d, v.n, v.m)


@bitwise("1", "10", manual="VBIF, VBIT, VBSL")
def vbit(v: Vec) -> Value:
    """Vd := Vm ? Vn : Vd, bit by bit."""
    return v.choose(v.m, v.n, v.d)


@bitwise("1", "11", manual="VBIF, VBIT, VBSL")
def vbif(v: Vec) -> Value:
    """Vd := Vm ? Vd : Vn, bit by bit."""
    return v.choose(v.m, v.d, v.n)
