"""Advanced SIMD: AES, SHA-1, SHA-256, and the product of polynomials of 64 bits.

Message schedules are lane arithmetic; the rounds are operations of their own, for which hosts have
instructions. In an IT block, where all of this is UNPREDICTABLE, it executes under its condition.
"""

from __future__ import annotations

from collections.abc import Callable

from frontends.arm32.fp_shared import neon_row
from frontends.arm32.machine import OFFSET, Arm32
from frontends.arm32.neon_shared import Vec, VecFn, check_quad, vector, vector_offset
from xlate.ir import Value
from xlate.isa import Imm, Reg

CHOOSE, PARITY, MAJORITY = 0, 1, 2


def _host(m: Arm32) -> Value:
    return m.get_state(OFFSET["host"], "i64")


# --- families of rows -----------------------------------------------------------------------------


def two_quads(a: str, code: str, wanted: int, *, manual: str) -> Callable[[VecFn], VecFn]:
    """Row with bits 17-16 = ``a`` and 11-6 = ``code``, of words when ``wanted`` is 2, else of bytes."""

    def register(fn: VecFn) -> VecFn:
        def row(m: Arm32, D: Imm, size: int, Vd: Reg, M: Imm, Vm: Reg) -> None:
            if size != wanted:
                m.undefined("lane width")
            check_quad(m, 1, Vd | Vm)
            v = vector(m, 1, 32, 1, d=vector_offset(Vd, D), m_=vector_offset(Vm, M))
            v.write("d", fn(v))

        row.__doc__ = fn.__doc__
        tail = f"1 D:1 11 size:2 {a} Vd:4 {code} M:1 0 Vm:4"
        neon_row("1", tail, manual=manual, name=fn.__name__)(row)
        return fn

    return register


def three_quads(u: str, size: str, *, manual: str) -> Callable[[VecFn], VecFn]:
    """Row of three quadwords with U = ``u`` and bits 21-20 = ``size``."""

    def register(fn: VecFn) -> VecFn:
        def row(m: Arm32, D: Imm, Vn: Reg, Vd: Reg, N: Imm, Q: int, M: Imm, Vm: Reg) -> None:
            if not Q:
                m.undefined("vector width")
            check_quad(m, 1, Vn | Vd | Vm)
            d, n, m_ = (vector_offset(V, x) for V, x in ((Vd, D), (Vn, N), (Vm, M)))
            v = vector(m, 1, 32, 1, d=d, m_=m_, n=n)
            v.write("d", fn(v))

        row.__doc__ = fn.__doc__
        tail = f"0 D:1 {size} Vn:4 Vd:4 1100 N:1 Q:1 M:1 0 Vm:4"
        neon_row(u, tail, manual=manual, name=fn.__name__)(row)
        return fn

    return register


# --- AES ------------------------------------------------------------------------------------------


def _aes(v: Vec, name: str, value: Value, inverse: int) -> Value:
    return v.machine.block.op(name, value, _host(v.machine), inverse=inverse)


@two_quads("00", "001100", 0, manual="AESE")
def aese(v: Vec) -> Value:
    """Qd := SubBytes(ShiftRows(Qd ^ Qm))."""
    return _aes(v, "aes", v.op("xor", v.d, v.m), 0)


@two_quads("00", "001101", 0, manual="AESD")
def aesd(v: Vec) -> Value:
    """Qd := the inverses of SubBytes and ShiftRows of Qd ^ Qm."""
    return _aes(v, "aes", v.op("xor", v.d, v.m), 1)


@two_quads("00", "001110", 0, manual="AESMC")
def aesmc(v: Vec) -> Value:
    """Qd := MixColumns(Qm)."""
    return _aes(v, "aes_mix", v.m, 0)


@two_quads("00", "001111", 0, manual="AESIMC")
def aesimc(v: Vec) -> Value:
    """Qd := the inverse of MixColumns of Qm."""
    return _aes(v, "aes_mix", v.m, 1)


# --- SHA-1 ----------------------------------------------------------------------------------------


def rotate_left(v: Vec, a: Value, bits: int) -> Value:
    """Words rotated to the left."""
    return v.op("or", v.shift("shl", a, bits), v.shift("lshr", a, 32 - bits))


def _lanes_from(v: Vec, low: Value, high: Value, first: int) -> Value:
    """Four words of high:low from the first on."""
    return v.machine.block.op("bytes_ext", low, high, index=4 * first)


@two_quads("01", "001011", 2, manual="SHA1H")
def sha1h(v: Vec) -> Value:
    """Qd := the lowest word of Qm rotated by 30, zeros above."""
    lowest = v.machine.block.op("extract", v.m, ty="i32", lane=32, index=0)
    return v.machine.block.op("insert", v.splat(0), lowest.ror(2), lane=32, index=0)


def _sha1(v: Vec, kind: int) -> Value:
    block = v.machine.block
    e = block.op("extract", v.n, ty="i32", lane=32, index=0)
    return block.op("sha1", v.d, e, v.m, _host(v.machine), kind=kind)


@three_quads("0", "00", manual="SHA1C")
def sha1c(v: Vec) -> Value:
    """Qd := A to D after four rounds with choose, from Qd, E in Qn and the words of Qm."""
    return _sha1(v, CHOOSE)


@three_quads("0", "01", manual="SHA1P")
def sha1p(v: Vec) -> Value:
    """Qd := A to D after four rounds with parity, from Qd, E in Qn and the words of Qm."""
    return _sha1(v, PARITY)


@three_quads("0", "10", manual="SHA1M")
def sha1m(v: Vec) -> Value:
    """Qd := A to D after four rounds with majority, from Qd, E in Qn and the words of Qm."""
    return _sha1(v, MAJORITY)


@three_quads("0", "11", manual="SHA1SU0")
def sha1su0(v: Vec) -> Value:
    """Qd := words 2 to 5 of Qn:Qd, exclusive or Qd and Qm."""
    return v.op("xor", _lanes_from(v, v.d, v.n, 2), v.op("xor", v.d, v.m))


@two_quads("10", "001110", 2, manual="SHA1SU1")
def sha1su1(v: Vec) -> Value:
    """Qd := the words of Qd and Qm, which lie one further, rotated; the last needs the first."""
    mixed = v.op("xor", v.d, _lanes_from(v, v.m, v.splat(0), 1))
    turned = rotate_left(v, mixed, 1)
    first = _lanes_from(v, v.splat(0), turned, 1)  # the first word goes to the last place
    return v.op("xor", turned, rotate_left(v, first, 1))


# --- SHA-256 --------------------------------------------------------------------------------------


def _sha256(v: Vec, abcd: Value, efgh: Value, part: int) -> Value:
    return v.machine.block.op("sha256", abcd, efgh, v.m, _host(v.machine), part=part)


@three_quads("1", "00", manual="SHA256H")
def sha256h(v: Vec) -> Value:
    """Qd := A to D after four rounds from Qd = A to D, Qn = E to H and the words of Qm."""
    return _sha256(v, v.d, v.n, 0)


@three_quads("1", "01", manual="SHA256H2")
def sha256h2(v: Vec) -> Value:
    """Qd := E to H after four rounds from Qn = A to D, Qd = E to H and the words of Qm."""
    return _sha256(v, v.n, v.d, 1)


def sigma(v: Vec, a: Value, first: int, second: int, shift: int) -> Value:
    """Words rotated to the right by two amounts and shifted by a third, in exclusive or."""
    turned = v.op("xor", rotate_left(v, a, 32 - first), rotate_left(v, a, 32 - second))
    return v.op("xor", turned, v.shift("lshr", a, shift))


@two_quads("10", "001111", 2, manual="SHA256SU0")
def sha256su0(v: Vec) -> Value:
    """Qd := Qd + sigma of words 1 to 4 of Qm:Qd."""
    return v.op("add", v.d, sigma(v, _lanes_from(v, v.d, v.m, 1), 7, 18, 3))


@three_quads("1", "10", manual="SHA256SU1")
def sha256su1(v: Vec) -> Value:
    """Qd := Qd + words 1 to 4 of Qm:Qn + sigma of the two words before each, the new ones too."""
    zeros = v.splat(0)
    plain = v.op("add", v.d, _lanes_from(v, v.n, v.m, 1))
    low = v.op("add", plain, sigma(v, _lanes_from(v, v.m, zeros, 2), 17, 19, 10))
    high = sigma(v, _lanes_from(v, zeros, low, 2), 17, 19, 10)
    return v.op("add", low, high)


# --- polynomials ----------------------------------------------------------------------------------


@neon_row(
    "0",
    "1 D:1 10 Vn:4 Vd:4 1110 N:1 0 M:1 0 Vm:4",
    manual="VMULL (integer and polynomial)",
)
def vmull_p64(m: Arm32, D: Imm, Vn: Reg, Vd: Reg, N: Imm, M: Imm, Vm: Reg) -> None:
    """Qd := Dn * Dm as polynomials over {0, 1}."""
    check_quad(m, 1, Vd)
    n, m_ = (m.get_state(vector_offset(V, x), "i64") for V, x in ((Vn, N), (Vm, M)))
    product = m.block.op("clmul", n, m_, _host(m), ty="v128")
    m.set_state(vector_offset(Vd, D), product)
