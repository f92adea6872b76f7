"""Arms of checksums, ciphers and digests, as their standards define them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, reduce
from operator import xor

from backends.interp.cpu import Cpu, arm
from backends.interp.lanes import join, split
from xlate.ir import Op

_AES_FIELD = 0x11B  # x^8 + x^4 + x^3 + x + 1
_POLYNOMIALS = (0x04C11DB7, 0x1EDC6F41)
_WORD = 0xFFFFFFFF


# --- polynomials over {0, 1} ----------------------------------------------------------------------


def carryless(a: int, b: int) -> int:
    """Product of polynomials."""
    return _xor(a << bit for bit in range(b.bit_length()) if b >> bit & 1)


def _xor(values: Iterable[int]) -> int:
    return reduce(xor, values, 0)


def remainder(a: int, polynomial: int) -> int:
    """A modulo the polynomial."""
    degree = polynomial.bit_length() - 1
    while a.bit_length() > degree:
        a ^= polynomial << (a.bit_length() - 1 - degree)
    return a


def _mirror(value: int, bits: int) -> int:
    return int(f"{value:0{bits}b}"[::-1], 2)


@arm("clmul")
def _clmul(cpu: Cpu, op: Op, a: int, b: int, _host: int) -> int:
    return carryless(a, b)


@arm("crc32")
def _crc32(cpu: Cpu, op: Op, crc: int, data: int, _host: int) -> int:
    bits = op.params["bits"]
    polynomial = 1 << 32 | _POLYNOMIALS[op.params["castagnoli"]]
    data &= (1 << bits) - 1
    dividend = _mirror(crc, 32) << bits ^ _mirror(data, bits) << 32
    return _mirror(remainder(dividend, polynomial), 32)


# --- AES ------------------------------------------------------------------------------------------


def _product(a: int, b: int) -> int:
    return remainder(carryless(a, b), _AES_FIELD)


@cache
def _boxes() -> tuple[list[int], list[int]]:
    """SubBytes: the affine map of the inverse; and its inverse."""
    box = []
    for x in range(256):
        inverse = next((y for y in range(256) if _product(x, y) == 1), 0)
        turned = (inverse << i | inverse >> (8 - i) for i in range(5))
        box.append(_xor(turned) & 0xFF ^ 0x63)
    return box, [box.index(x) for x in range(256)]


@arm("aes")
def _aes(cpu: Cpu, op: Op, a: int, _host: int) -> int:
    """Row r of the four columns moves by r columns."""
    state, inverse = split(a, 128, 8), op.params["inverse"]
    box = _boxes()[inverse]
    step = 12 if inverse else 4
    moved = [state[(i + step * (i % 4)) % 16] for i in range(16)]
    return join((box[x] for x in moved), 8)


@arm("aes_mix")
def _aes_mix(cpu: Cpu, op: Op, a: int, _host: int) -> int:
    state, factors = split(a, 128, 8), (14, 11, 13, 9) if op.params["inverse"] else (2, 3, 1, 1)
    columns = [state[at : at + 4] for at in range(0, 16, 4)]
    mixed = (
        _xor(_product(column[(row + i) % 4], factors[i]) for i in range(4))
        for column in columns
        for row in range(4)
    )
    return join(mixed, 8)


# --- SHA ------------------------------------------------------------------------------------------


def _left(x: int, bits: int) -> int:
    return (x << bits | x >> (32 - bits)) & _WORD


def _right(x: int, *turns: int) -> int:
    return _xor(_left(x, 32 - bits) for bits in turns)


def choose(x: int, y: int, z: int) -> int:
    """Bits of y where x is 1, of z elsewhere."""
    return (y ^ z) & x ^ z


def majority(x: int, y: int, z: int) -> int:
    """Bits that most of the three have."""
    return x & y | (x | y) & z


@arm("sha1")
def _sha1(cpu: Cpu, op: Op, abcd: int, e: int, wk: int, _host: int) -> int:
    a, b, c, d = split(abcd, 128, 32)
    mix = (choose, lambda x, y, z: x ^ y ^ z, majority)[op.params["kind"]]
    for word in split(wk, 128, 32):
        new = e + _left(a, 5) + mix(b, c, d) + word & _WORD
        a, b, c, d, e = new, a, _left(b, 30), c, d
    return join((a, b, c, d), 32)


@arm("sha256")
def _sha256(cpu: Cpu, op: Op, abcd: int, efgh: int, wk: int, _host: int) -> int:
    a, b, c, d = split(abcd, 128, 32)
    e, f, g, h = split(efgh, 128, 32)
    for word in split(wk, 128, 32):
        first = h + _right(e, 6, 11, 25) + choose(e, f, g) + word
        second = first + _right(a, 2, 13, 22) + majority(a, b, c)
        a, b, c, d, e, f, g, h = second & _WORD, a, b, c, d + first & _WORD, e, f, g
    return join((e, f, g, h) if op.params["part"] else (a, b, c, d), 32)
