"""Loops of scalar floating point whose rounds go side by side do what they do one by one.

The witness is the same loop with ``rounds_abreast`` switched off, which other tests compare with
the interpreter; memory, registers and exceptions must be the same to the bit.
"""

from __future__ import annotations

import ctypes
import random
import struct
from functools import cache
from unittest.mock import patch

import pytest

from backends.llvm.linker import link
from backends.llvm.pool import compile_functions
from frontends.arm32.state import STATE
from tests.llvm.machine import Machine, executable
from tests.llvm.sample import PRELUDE
from tests.llvm.test_lifter import BASE, BX_LR, jump, lift
from tests.llvm.test_loops import LENGTH, SUBS_R0, memory

assert memory  # the fixture

PAGE, ALL_MASKED = 4096, 0x1F80
# s2 from r4 on, s3 from r6 on; s0, s1 stay. d2, d3 and d0 likewise.
LOAD_2, LOAD_3, STORE_3 = 0xECB41A01, 0xEDD61A00, 0xECE61A01
MLA, ADD, SUB, DIV = 0xEE411A00, 0xEE711A21, 0xEE711A61, 0xEEC11A00  # s3 of s2 and s0 or s3
NEG, ROOT, ABS = 0xEEF11A61, 0xEEF11AE1, 0xEEF01AE1
LOAD_D2, LOAD_D3, STORE_D3 = 0xECB42B02, 0xED963B00, 0xECA63B02
MLS_D = 0xEE023B40  # vmls.f64 d3, d2, d0
DOWN = (SUBS_R0 | 1,)
BY_POINTERS = (0xED941A00, LOAD_3, MLA, 0xE2844004, 0xEDC61A00, 0xE2866004, 0xE1560001)
LOOPS = {
    "a factor times a row": (LOAD_2, LOAD_3, MLA, STORE_3, *DOWN),
    "pointers that move later": BY_POINTERS,
    "a sum": (LOAD_2, LOAD_3, ADD, STORE_3, *DOWN),
    "a quotient, its root": (LOAD_2, DIV, ROOT, NEG, STORE_3, *DOWN),
    "a difference without its sign": (LOAD_2, LOAD_3, SUB, ABS, STORE_3, *DOWN),
    "doubles": (LOAD_D2, LOAD_D3, MLS_D, STORE_D3, *DOWN),
}
# What must be left as it is, and why.
OTHERS = {
    "a number from the round before": (LOAD_2, ADD, STORE_3, *DOWN),
    "two stores": (LOAD_2, LOAD_3, MLA, 0xEDC61A02, STORE_3, *DOWN),
    "another stride": (LOAD_2, LOAD_3, MLA, 0xEDC61A00, 0xE2866008, *DOWN),
    "a load behind the store": (LOAD_2, MLA, 0xEDC61A00, LOAD_3, 0xE2866004, *DOWN),
    "a copy, which keeps signalling NaNs": (LOAD_2, 0xECA61A01, *DOWN),
    "nothing stored": (LOAD_2, LOAD_3, MLA, 0xE2866004, *DOWN),
    "a condition": (LOAD_2, LOAD_3, MLA & 0x0FFFFFFF, STORE_3, *DOWN),
}
SPECIAL = (0, 1 << 31, 1, 0x007FFFFF, 0x7F800000, 0xFF800000, 0x7F800001, 0x7FC00005, 0x7F7FFFFF)


def text(body: tuple[int, ...], *, abreast: bool = True) -> list:
    loop = [*body, jump(len(body), 0, 1), BX_LR]
    if abreast:
        return list(lift(loop).texts.values())
    with patch("backends.llvm.function.rounds_abreast", return_value=None):
        return list(lift(loop).texts.values())


@cache
def machine(body: tuple[int, ...], *, abreast: bool) -> Machine:
    texts = text(body, abreast=abreast)
    results = compile_functions(texts, PRELUDE, level=1, jobs=1)
    return Machine(link(texts, results, low=BASE, span=4096, offsets=STATE.offsets()))


@pytest.mark.parametrize("name", LOOPS)
def test_these_loops_are_taken(name):
    assert "<4 x float>" in (found := text(LOOPS[name])[0].text) or "<2 x double>" in found


@pytest.mark.parametrize("name", OTHERS)
def test_these_loops_are_not(name):
    assert "%sr" not in text(OTHERS[name])[0].text


@cache
def mxcsr(code: str) -> tuple[object, int]:
    return executable(bytes.fromhex(code))


def outcome(m: Machine, memory, before: bytes, setting: list[int], factor: int) -> tuple:
    """Memory, registers and exceptions behind a run."""
    ctypes.memmove(memory[0], before, LENGTH)
    m.integers = list(setting)
    m.doubles[:4] = struct.unpack("<4d", struct.pack("<2Q", factor, 0) * 2)
    at = STATE.offsets()["r"] + 4 * 14
    m.state[at : at + 4] = (0x1000).to_bytes(4, "little")
    word = ctypes.c_uint32(ALL_MASKED)
    load, save = (
        ctypes.CFUNCTYPE(None, ctypes.c_void_p)(mxcsr(code)[1]) for code in ("0fae17c3", "0fae1fc3")
    )
    load(ctypes.addressof(word))
    assert m.run(BASE) == 0x1000
    save(ctypes.addressof(word))
    doubles = struct.pack(f"<{len(m.doubles)}d", *m.doubles)
    return bytes(memory[1]), m.integers, doubles, word.value & 0x3F


def same(body: tuple[int, ...], memory, before: bytes, setting: list[int], factor: int) -> None:
    one, other = (
        outcome(machine(body, abreast=abreast), memory, before, setting, factor)
        for abreast in (True, False)
    )
    assert one[1:] == other[1:], setting
    assert one[0] == other[0], setting


def numbers(pick: random.Random, *, special: float, double: bool) -> bytes:
    """A few pages around the middle; some numbers are special."""
    found = []
    for _ in range(4 * PAGE // (8 if double else 4)):
        value = struct.pack("<d" if double else "<f", pick.uniform(-4, 4))
        if pick.random() < special:
            top = pick.choice(SPECIAL)
            if double and top & 0x7F800000 == 0x7F800000:
                top |= 0x00700000  # a NaN, but for infinity that is one of a double too
            value = struct.pack("<II", 5, top) if double else struct.pack("<I", top)
        found.append(value)
    middle = b"".join(found)
    rest = bytes((LENGTH - len(middle)) // 2)
    return rest + middle + rest


@pytest.mark.parametrize("name", LOOPS)
def test_bit_for_bit(name, memory):
    """Any number of rounds, pages begun anywhere, loads near the store, NaNs now and then."""
    pick = random.Random(name)
    double = name == "doubles"
    size = 8 if double else 4
    middle = memory[0] + LENGTH // 2
    counts = (1, 2, 3, 4, 5, 6, 8, 9, 15, 16, 17, 18, 33, 48, 61, 200, 1300)
    factor = 0x3FF8000000000000 if double else 0x3FC000003FC00000
    for turn in range(24):
        before = numbers(pick, special=(0, 0.002, 0.05, 0.5)[turn % 4], double=double)
        count = min(pick.choice(counts), 1300 // (size // 4))
        store = middle - PAGE + size * pick.randrange(-20, 20)
        near = pick.choice((0, *range(-18, 19), 300)) * size + pick.choice((0, 0, 0, 4, 1))
        setting = [count, store + size * count, 0, 0, store + near, 0, store, 0, 0, 0]
        same(LOOPS[name], memory, before, setting, factor)


def test_rounds_that_feed_each_other(memory):
    """Each number is made of the one before, by way of memory: 1.5 times as large."""
    body = (LOAD_2, 0xEE611A00, STORE_3, *DOWN)  # vmul.f32 s3, s2, s0
    at = memory[0] + LENGTH // 2
    for distance in (2, 3, 4, 5, 15, 16, 17):
        before = bytearray(LENGTH)
        struct.pack_into(f"<{distance}f", before, LENGTH // 2, *[1.0] * distance)
        setting = [64, 0, 0, 0, at, 0, at + 4 * distance, 0, 0, 0]
        found = outcome(
            machine(body, abreast=True), memory, bytes(before), setting, 0x3FC000003FC00000
        )[0]
        values = struct.unpack_from("<20f", found, LENGTH // 2)
        assert values == tuple(1.5 ** (n // distance) for n in range(20))  # exact up to 1.5^14
