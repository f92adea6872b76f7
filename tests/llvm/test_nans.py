"""Which NaN comes out of arithmetic: the rule of the manual, for all kinds of operands.

A single operation is lowered exactly; of two, the first is looked at only when a NaN came out.
"""

from __future__ import annotations

import itertools
import struct
from functools import cache

import pytest

from backends.llvm.linker import link
from backends.llvm.pool import compile_functions
from frontends.arm32.state import STATE
from tests.llvm.machine import Machine
from tests.llvm.sample import PRELUDE
from tests.llvm.test_lifter import BASE, BX_LR, lift

QUIET, SIGNALLING = 0x7FF8000000001234, 0x7FF0000000005678
MINUS = 1 << 63
DEFAULT = 0x7FF8000000000000
ONE, INFINITY = 0x3FF0000000000000, 0x7FF0000000000000
NANS = (QUIET, SIGNALLING, QUIET | MINUS | 1, SIGNALLING | MINUS | 1)
SUB, ADD_BEHIND = 0xEE310B42, 0xEE300B03  # vsub.f64 d0, d1, d2; vadd.f64 d0, d0, d3


def is_nan(bits: int) -> bool:
    return bits & ~MINUS > INFINITY


def is_signalling(bits: int) -> bool:
    return is_nan(bits) and not bits >> 51 & 1


def picked(a: int, b: int) -> int:
    """A signalling operand first, then a quiet one; none is the default."""
    for wanted in (is_signalling, is_nan):
        for bits in (a, b):
            if wanted(bits):
                return bits | 1 << 51
    return DEFAULT


@cache
def machine(*words: int) -> Machine:
    texts = list(lift([*words, BX_LR]).texts.values())
    results = compile_functions(texts, PRELUDE, level=1, jobs=1)
    return Machine(link(texts, results, low=BASE, span=4096, offsets=STATE.offsets()))


def result(m: Machine, *operands: int) -> int:
    m.doubles[1 : 1 + len(operands)] = struct.unpack(
        f"<{len(operands)}d", struct.pack(f"<{len(operands)}Q", *operands)
    )
    m.run(BASE)
    bits: int = struct.unpack("<Q", struct.pack("<d", m.doubles[0]))[0]
    return bits


@pytest.mark.parametrize(("a", "b"), [*itertools.product((*NANS, ONE, INFINITY), repeat=2)])
def test_an_operation_alone(a, b):
    if is_nan(a) or is_nan(b) or a == b == INFINITY:
        assert result(machine(SUB), a, b) == picked(a, b)
    else:
        assert not is_nan(result(machine(SUB), a, b))


@pytest.mark.parametrize(("a", "b"), [*itertools.product((*NANS, INFINITY), repeat=2)])
@pytest.mark.parametrize("c", [*NANS, ONE])
def test_the_first_of_two(a, b, c):
    assert result(machine(SUB, ADD_BEHIND), a, b, c) == picked(picked(a, b), c)
