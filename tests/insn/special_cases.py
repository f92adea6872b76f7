"""Floating-point instructions on special values: which there are, what they get, in which modes.

Decides the cases of ``test_ieee_pairs.py``: all pairs of values, and triples of some, with both
signs: zeros, denormals, where normal numbers begin and end, factors whose product is tiny only
before it is rounded, where integers of 16, 31 and 32 bits end, infinities, NaNs of both kinds with
payloads. Scalars are done in four rounding modes with and without FPSCR.FZ and FPSCR.DN; Advanced
SIMD knows no modes, so its lanes get several values at once, and all bits of FPSCR set.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator

from frontends.arm32.rows import A32
from xlate.isa import Row
from xlate.verify.case import Case, State, make_case

FZ, DN, RMODE, AHP = 1 << 24, 1 << 25, 22, 1 << 26
MODES = [r << RMODE | fz | dn for fz in (0, FZ) for dn in (0, DN) for r in range(4)]
VECTOR_MODES = [0, FZ | DN | 2 << RMODE]

SCALAR_THREE = ("vmla_fp", "vmls_fp", "vnmla_fp", "vnmls_fp", "vfma_fp", "vfnma_fp")
SCALAR_TWO = ("vadd_fp", "vsub_fp", "vmul_fp", "vnmul_fp", "vdiv_fp", "vcmp_fp", "vmaxnm")
SCALAR_ONE = (
    *("vsqrt_fp", "vcmp_zero_fp", "vabs_fp", "vneg_fp", "vcvt_format", "vcvt_to_integer"),
    *("vcvt_to_fixed", "vcvt_half", "vcvt_half_double", "vrint_directed", "vrintz", "vrintx"),
    "vcvt_directed",
)
VECTOR_THREE = ("vmla_f32", "vmls_f32", "vfma_f32", "vfms_f32")
VECTOR_TWO = (
    *(f"v{op}_f32" for op in ("add", "sub", "mul", "abd", "ceq", "cge", "cgt", "acge", "acgt")),
    *(f"v{op}_f32" for op in ("padd", "pmax", "pmin", "max", "min", "maxnm", "minnm")),
    *("vrecps_f32", "vrsqrts_f32"),
)
VECTOR_ONE = (
    *(f"vc{how}_zero_f32" for how in ("gt", "ge", "eq", "le", "lt")),
    *("vabs_f32", "vneg_f32", "vrecpe_f32", "vrsqrte_f32", "vcvt_s32_f32", "vcvt_u32_f32"),
    *("vcvt_fixed_f32", "vcvt_f16_f32", *(f"vrint{way}_f32" for way in "nxazmp")),
    *(f"vcvt{way}_{sign}32_f32" for way in "anpm" for sign in "su"),
)
SCALARS, VECTORS = SCALAR_THREE + SCALAR_TWO + SCALAR_ONE, VECTOR_THREE + VECTOR_TWO + VECTOR_ONE
_PAIRWISE = ("vpadd_f32", "vpmax_f32", "vpmin_f32")
_IMMEDIATES = {"imm4": 5, "i": 1, "imm6": 0x3B}


def f32(number: float) -> int:
    """Bits of a single."""
    return int(struct.unpack("<I", struct.pack("<f", number))[0])


def f64(number: float) -> int:
    """Bits of a double."""
    return int(struct.unpack("<Q", struct.pack("<d", number))[0])


_FEW32 = [0, 1, 0x7FFFFF, 0x800000, 0x800001, f32(2.0**-63 * (1 + 2.0**-13))]
_FEW32 += [f32(2.0**-63 * (1 - 2.0**-13)), 0x3F800000, 0x7F7FFFFF, 0x7F800000]
_FEW32 += [0x7FC00005, 0x7FA00001]
_MORE32 = [0x400000, 0xFFFFFF, 0x1000000, 0x33800000, 0x3F7FFFFF, 0x3F800001, 0x3FC00000]
_MORE32 += [f32(2.0**-75), f32(2.0**23 + 1), f32(2.0**31), f32(2.0**32), 0x4EFFFFFF, 0x4F7FFFFF]
_LONE32 = [f32(x) + off for x in (0.5, 1.5, 2.5, 32767.5, 65535.5) for off in (-1, 0, 1)]
_LONE32 += [f32(x) + off for x in (65520, 2.0**-14, 2.0**-24, 2.0**-25) for off in (-1, 0, 1)]
_FEW64 = [0, 1, (1 << 52) - 1, 1 << 52, (1 << 52) + 1, f64(2.0**-511 * (1 + 2.0**-27))]
_FEW64 += [f64(2.0**-511 * (1 - 2.0**-27)), f64(1.0), (0x7FF << 52) - 1, 0x7FF << 52]
_FEW64 += [0x7FF8000000000005, 0x7FF4000000000001]
_MORE64 = [1 << 51, (2 << 52) - 1, 2 << 52, f64(2.0**-53), f64(1.0) - 1, f64(1.0) + 1, f64(1.5)]
_MORE64 += [f64(2.0**-537), f64(2.0**31 - 0.5), f64(2.0**32 - 0.5), f64(2.0**31), f64(2.0**32)]
_LONE64 = [f64(x) + off for x in (0.5, 1.5, 2.5, 32767.5, 65535.5) for off in (-1, 0, 1)]
_LONE64 += [f64(x) + off for x in (65520, 2.0**-14, 2.0**-24, 2.0**-25) for off in (-1, 0, 1)]
# Where singles begin: tiny or not only by what a rounding does, and what a single cannot hold.
_LONE64 += [f64(2.0**-126 * (1 - 2.0**-n)) + o for n in (23, 24, 25, 26, 30) for o in (-1, 0, 1)]
_LONE64 += [f64(x) + off for x in (2.0**-126, 2.0**-149, 2.0**-150, 2.0**128) for off in (-1, 0, 1)]
_LONE64 += [0x7FF0000020000000, 0x7FFC000000000000]
_HALVES = [0, 1, 0x3FF, 0x400, 0x3C00, 0x7BFF, 0x7C00, 0x7E01, 0x7D55, 0x7C01]


def _signed(values: list[int], width: int) -> list[int]:
    return [x | s for x in values for s in (0, 1 << (width - 1))]


FEW = (_signed(_FEW32, 32), _signed(_FEW64, 64))  # by sz
SOME = tuple(_signed(a + b, w) for a, b, w in ((_FEW32, _MORE32, 32), (_FEW64, _MORE64, 64)))
ALL = (SOME[0] + _signed(_LONE32, 32), SOME[1] + _signed(_LONE64, 64))
THIRDS = tuple(
    values[:2] + values[3:5] + values[6:7] + values[14:15] + values[18:24:2] for values in FEW
)
HALVES = _signed(_HALVES, 16)


def words(row: Row) -> Iterator[int]:
    """Every shape of the row: Vd is 6, Vn 4, Vm 2, the condition AL."""
    fixed = {"cond": 14, "Vd": 6, "Vn": 4, "Vm": 2, **_IMMEDIATES}
    shaped = [f for f in row.encoding.fields if f.name in row.structural and f.name != "imm6"]
    word = row.encoding.value
    rest = (f for f in row.encoding.fields if f not in shaped)
    word |= sum((fixed.get(f.name, 0) & ((1 << f.bits) - 1)) << f.lsb for f in rest)
    for values in itertools.product(*(range(1 << f.bits) for f in shaped)):
        yield word | sum(value << f.lsb for f, value in zip(shaped, values, strict=True))


def _case(word: int, d: int, n: int, m: int, fpscr: int) -> Case:
    """128 bits for each of the three registers."""
    state = State(r=[0] * 16, fpscr=fpscr)
    state.d = [0x1111111111111111 * (i % 15) for i in range(32)]
    for first, value in ((2, m), (4, n), (6, d)):
        state.d[first], state.d[first + 1] = value & (1 << 64) - 1, value >> 64
    return make_case("A32", [word], state, {})


def _both_halves(value: int, width: int) -> int:
    return sum(value << at for at in range(0, 128, width))


def _values(name: str, word: int) -> tuple[list[int], int]:
    """What an instruction of one operand gets, and the width of it."""
    if name in ("vcvt_half", "vcvt_half_double") and not word >> 16 & 1:
        return HALVES, 16
    wide = name == "vcvt_half_double" or bool(word >> 8 & 1)
    return ALL[wide], 64 if wide else 32


def _operands(name: str, word: int) -> Iterator[tuple[int, int, int]]:
    """Registers d, n, m of every case of a scalar word."""
    sz = word >> 8 & 1
    width = 64 if sz else 32
    if name in SCALAR_THREE:
        values: Iterator[tuple[int, ...]] = itertools.product(THIRDS[sz], FEW[sz], FEW[sz])
    elif name == "vcmp_fp":
        values = ((n, 0, m) for n, m in itertools.product(SOME[sz], repeat=2))
    elif name in SCALAR_TWO:
        values = ((0, n, m) for n, m in itertools.product(SOME[sz], repeat=2))
    else:
        alone, width = _values(name, word)
        values = ((x, x, x) for x in alone)
    for d, n, m in values:
        yield _both_halves(d, width), _both_halves(n, width), _both_halves(m, width)


def _lanes(name: str) -> Iterator[tuple[int, int, int]]:
    """The same of a vector word, several values at once."""
    if name in VECTOR_ONE:
        pairs = [(x, x) for x in ALL[0]]
    else:
        pairs = list(itertools.product(SOME[0], repeat=2))
    thirds = THIRDS[0] if name in VECTOR_THREE else [0]
    pairs += pairs[: -len(pairs) % 4]
    for at in range(0, len(pairs), 4):
        n, m = (sum(p[k] << 32 * i for i, p in enumerate(pairs[at : at + 4])) for k in (0, 1))
        if name in _PAIRWISE:  # of neighbours
            n, m = (sum(x << 32 * i for i, x in enumerate(p)) for p in (pairs[at], pairs[at + 1]))
        for d in thirds:
            yield _both_halves(d, 32), n, m


def _modes(name: str) -> list[int]:
    if name in VECTORS:
        return VECTOR_MODES
    half = name in ("vcvt_half", "vcvt_half_double")
    return MODES + [mode | AHP for mode in MODES] if half else MODES


def cases(name: str, *, step: int = 1, first: int = 0) -> Iterator[Case]:
    """Every ``step``-th case of a row, beginning with number ``first``."""
    row = A32[name]
    everything = (
        (word, operands, mode)
        for word in words(row)
        for operands in (_lanes(name) if name in VECTORS else _operands(name, word))
        for mode in _modes(name)
    )
    for word, (d, n, m), mode in itertools.islice(everything, first, None, step):
        yield _case(word, d, n, m, mode)
