"""Loops on lanes of which many rounds are looked at together do what they do one by one.

The witness is the same loop with ``rounds_abreast`` switched off, which other tests compare with
the interpreter; memory, registers and FPSCR's flags must be the same to the bit.
"""

from __future__ import annotations

import ctypes
import random
import re
import struct
from dataclasses import replace
from functools import cache
from unittest.mock import patch

import pytest

from backends.llvm.linker import link
from backends.llvm.pool import compile_functions
from frontends.arm32.state import STATE
from tests.llvm.machine import Machine
from tests.llvm.sample import PRELUDE
from tests.llvm.test_abreast import ALL_MASKED, PAGE, mxcsr
from tests.llvm.test_lifter import BASE, BX_LR, jump, lift
from tests.llvm.test_loops import LENGTH, SUBS_R0, memory

assert memory  # the fixture

# q2 from r4 on, q3 from r6 on; q0 stays, q1 is a sum.
LOAD_2, LOAD_3, STORE_3, NEXT_3 = 0xF4244A8D, 0xF4266A8F, 0xF4066A8D, 0xF4266A8D
MLA, MLS, ADD, SUB = 0xF2046D50, 0xF2246D50, 0xF2066D44, 0xF2266D44  # q3 of q2 and q0 or q3
MUL, LANE = 0xF3046D56, 0xF3A46160  # q3 = q2 * q3; q3 += q2 * d0[1]
SUM, SUM_ADD, SUM_LANE = 0xF2042D56, 0xF2022D44, 0xF3A42142  # q1 += q2 * q3, q2, q2 * d2[0]
LOAD_TWO, STORE_TWO, MUL_2, ADD_3 = 0xF424428D, 0xF406428D, 0xF3044D50, 0xF2066D40
LOAD_8, STORE_8, MUL_8 = 0xF4640A8D, 0xF4460A8D, 0xF3400DFE  # q8, q8 *= q15
DOWN = (SUBS_R0 | 1,)
LOOPS = {
    "a factor times a row": (LOAD_2, LOAD_3, MLA, STORE_3, *DOWN),
    "taken away": (LOAD_2, LOAD_3, MLS, STORE_3, *DOWN),
    "a lane of a register": (LOAD_2, LOAD_3, LANE, STORE_3, *DOWN),
    "sum, difference, product": (LOAD_2, LOAD_3, ADD, SUB, MUL, SUB, STORE_3, *DOWN),
    "two vectors a round": (LOAD_TWO, MUL_2, ADD_3, STORE_TWO, *DOWN),
    "upper registers": (LOAD_8, MUL_8, STORE_8, *DOWN),
    "a product of rows": (LOAD_2, NEXT_3, SUM, *DOWN),
    "a sum of rows": (LOAD_2, SUM_ADD, NEXT_3, SUM, *DOWN),
    "a sum of what is stored": (LOAD_2, LOAD_3, MLA, SUM, STORE_3, *DOWN),
}
# What must be left as it is, and why.
OTHERS = {
    "a load behind the store": (LOAD_2, MUL, STORE_3, LOAD_3, *DOWN),
    "a copy, which keeps signalling NaNs": (LOAD_2, 0xF2246154, STORE_3, *DOWN),
    "bits": (LOAD_2, LOAD_3, MLA, 0xF3066154, STORE_3, *DOWN),
    "a maximum": (LOAD_2, LOAD_3, MLA, 0xF2066F44, STORE_3, *DOWN),
    "one of two halves": (LOAD_2, LOAD_3, 0xF2046D10, STORE_3, *DOWN),
    "other strides": (LOAD_TWO, MUL_2, STORE_3, *DOWN),
    "a lane of the sum": (LOAD_2, SUM_LANE, *DOWN),
    "what nobody looks at": (LOAD_2, LOAD_3, MUL, LOAD_3, MLA, STORE_3, *DOWN),
}
WORD = 0xFFFFFFFF
SPECIAL = (0, 1 << 31, 1, 0x807FFFFF, 0x00800000, 0x7F800000, 0xFF800000, 0x7F800001, 0x7FC00005)
# Times the first of SMALL: tiny before it is rounded, the least normal number behind.
UP = 0x1FFFF800
SMALL = struct.pack("<4I", 0x20000400, 0x3F800000, 0, 0x3F800000)  # no denormal as doubles
TINY = (0x20000000, 0x9FFFFFFF, 0x00FFFFFF, 0x7F7FFFFF, 0x1F800001)


def text(body: tuple[int, ...], *, rows: bool = True) -> list:
    loop = [*body, jump(len(body), 0, 1), BX_LR]
    if rows:
        return list(lift(loop).texts.values())
    with patch("backends.llvm.function.rounds_abreast", return_value=None):
        return list(lift(loop).texts.values())


@cache
def machine(body: tuple[int, ...], *, rows: bool) -> Machine:
    texts = text(body, rows=rows)
    results = compile_functions(texts, PRELUDE, level=1, jobs=1)
    return Machine(link(texts, results, low=BASE, span=4096, offsets=STATE.offsets()))


@pytest.mark.parametrize("name", LOOPS)
def test_these_loops_are_taken(name):
    assert "%sn" in text(LOOPS[name])[0].text


@pytest.mark.parametrize("name", OTHERS)
def test_these_loops_are_not(name):
    assert "%sn" not in text(OTHERS[name])[0].text


def outcome(m: Machine, memory, before: bytes, setting: list[int], raised: int, q0: bytes) -> tuple:
    """Memory, registers and FPSCR's flags behind a run."""
    offsets = STATE.offsets()
    ctypes.memmove(memory[0], before, LENGTH)
    m.integers = list(setting)
    # Denormal ones would make the host say so: Python compares what it passes.
    m.doubles = [*struct.unpack("<4d", q0 + bytes(16)), *[0.0] * (len(m.doubles) - 4)]
    high = offsets["d"] + 8 * 30
    m.state[high : high + 16] = q0
    at = offsets["r"] + 4 * 14
    m.state[at : at + 4] = (0x1000).to_bytes(4, "little")
    m.write("qc", "<I", 0)
    word = ctypes.c_uint32(ALL_MASKED | raised)
    load, save = (
        ctypes.CFUNCTYPE(None, ctypes.c_void_p)(mxcsr(code)[1]) for code in ("0fae17c3", "0fae1fc3")
    )
    load(ctypes.addressof(word))
    assert m.run(BASE) == 0x1000
    save(ctypes.addressof(word))
    said = word.value
    flags = said & 1 | said >> 2 << 1 & 2 | said >> 3 << 2 & 4 | said >> 4 << 3 & 8 | said >> 5 << 4
    found = flags & 0x1F | m.read("qc", "<I")
    return bytes(memory[1]), m.integers, doubles(m), found, said >> 13 & 3


def doubles(m: Machine) -> bytes:
    at = STATE.offsets()["d"]
    return struct.pack(f"<{len(m.doubles)}d", *m.doubles) + bytes(m.state[at + 128 : at + 256])


def numbers(pick: random.Random, special: float, tiny: float, pool: tuple[int, ...]) -> bytes:
    """A few pages around the middle; some numbers are special, some of ``pool``."""
    found = []
    for _ in range(8 * PAGE // 4):
        value = struct.unpack("<I", struct.pack("<f", pick.uniform(-4, 4)))[0]
        if pick.random() < special:
            value = pick.choice(SPECIAL)
        elif pick.random() < tiny:
            value = pick.choice(pool)
        found.append(value)
    middle = struct.pack(f"<{len(found)}I", *found)
    rest = bytes((LENGTH - len(middle)) // 2)
    return rest + middle + rest


def same(
    body: tuple[int, ...], memory, before: bytes, setting: list[int], raised: int, q0: bytes
) -> None:
    one, other = (
        outcome(machine(body, rows=rows), memory, before, setting, raised, q0)
        for rows in (True, False)
    )
    assert one[1:] == other[1:], setting
    assert one[0] == other[0], setting


@pytest.mark.parametrize("name", LOOPS)
def test_bit_for_bit(name, memory):
    """Any number of rounds, pages begun anywhere, loads near the store, odd numbers at times."""
    pick = random.Random(name)
    middle = memory[0] + LENGTH // 2
    size = 32 if "two" in name else 16
    counts = (1, 2, 3, 4, 5, 6, 8, 9, 15, 16, 17, 31, 32, 33, 37, 48, 61, 200, 500)
    factor = struct.pack("<4f", 1.5, -0.25, 3, 1e-3)
    for turn in range(32):
        special = (0, 0.0005, 0.01, 0.3)[turn % 4]
        before = numbers(pick, special, (0.001, 0, 0)[turn % 3], TINY)
        count = min(pick.choice(counts), 500 * 16 // size)
        store = middle - 2 * PAGE + 4 * pick.randrange(-20, 20)
        near = pick.choice((0, *range(-38, 39), 300)) * 16 + pick.choice((0, 0, 0, 4, 8, 1))
        load = store if "upper" in name and turn % 2 else store + near
        setting = [count, 0, 0, 0, load, 0, store, 0, 0, 0]
        raised = pick.choice((0, 0, 0x20, 0x01, 0x10, 0x02, 0x3F))
        same(LOOPS[name], memory, before, setting, raised, SMALL if turn % 5 == 1 else factor)


@pytest.mark.parametrize("name", ["a factor times a row", "two vectors a round", "upper registers"])
def test_products_rounded_up(name, memory):
    """The host says nothing of a tiny product that rounding made the least normal number."""
    pick = random.Random(name)
    middle = memory[0] + LENGTH // 2
    for _ in range(4):
        before = numbers(pick, 0, 0.004, (UP,))
        load = middle - 2 * PAGE + (0 if "upper" in name else 4096)
        setting = [200, 0, 0, 0, load, 0, middle - 2 * PAGE, 0, 0, 0]
        same(LOOPS[name], memory, before, setting, 0, SMALL)


def test_groups_are_done(memory):
    """Ordinary numbers are never taken back: that would be trapped."""
    texts = text(LOOPS["a product of rows"])
    trap = '  call void asm sideeffect "ud2", ""()\n'
    texts = [
        replace(t, text=re.sub(r"(?m)^x\d+[op]:\n", lambda m: m[0] + trap, t.text)) for t in texts
    ]
    results = compile_functions(texts, PRELUDE, level=1, jobs=1)
    m = Machine(link(texts, results, low=BASE, span=4096, offsets=STATE.offsets()))
    at = memory[0] + LENGTH // 2
    before = bytearray(LENGTH)
    struct.pack_into("<800f", before, LENGTH // 2, *[float(n % 7) for n in range(800)])
    setting = [200, 0, 0, 0, at, 0, at, 0, 0, 0]
    outcome(m, memory, bytes(before), setting, 0, bytes(16))
    sums = struct.unpack("<4f", struct.pack("<2d", *m.doubles[2:4]))
    squares = [float((n % 7) ** 2) for n in range(800)]
    assert sums == tuple(sum(squares[lane::4]) for lane in range(4))
