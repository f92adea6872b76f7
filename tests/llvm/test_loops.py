"""Counted loops compute what the guest's loop does, whatever the bounds, and still poll.

Each loop runs in this process, beside a few lines of Python that say what it must come to.
"""

from __future__ import annotations

import ctypes
import mmap
import random
import re
import struct
from collections.abc import Callable
from functools import cache

import pytest

from backends.llvm.linker import link
from backends.llvm.pool import compile_functions
from frontends.arm32.state import STATE
from tests.llvm.machine import Machine
from tests.llvm.sample import PRELUDE
from tests.llvm.test_lifter import BASE, BX_LR, jump, lift

WORD = 0xFFFFFFFF
ENOUGH = 5_000  # rounds; longer loops have tests of their own
COUNT = 0xE2822001  # add r2, r2, #1
ADD_R0, SUB_R0, ADD_R3 = 0xE2800000, 0xE2400000, 0xE0800003  # r0 by a number or by r3
CMP_R1, CMP_R0, SUBS_R0 = 0xE1500001, 0xE1510000, 0xE2500000
CONDITIONS = {1: "ne", 2: "cs", 3: "cc", 8: "hi", 9: "ls", 10: "ge", 11: "lt", 12: "gt", 13: "le"}


def signed(value: int) -> int:
    return value - (1 << 32) if value >> 31 else value


def holds(cond: int, a: int, b: int) -> bool:
    """Whether a condition holds behind a comparison of a with b."""
    x, y = signed(a), signed(b)
    told = [a == b, a != b, a >= b, a < b]
    return [*told, *[False] * 4, a > b, a <= b, x >= y, x < y, x > y, x <= y][cond]


@cache
def machine(*words: int) -> Machine:
    texts = list(lift([*words, BX_LR]).texts.values())
    results = compile_functions(texts, PRELUDE, level=1, jobs=1)
    return Machine(link(texts, results, low=BASE, span=4096, offsets=STATE.offsets()))


def run(m: Machine, registers: list[int], *, pending: int = 0) -> int:
    """Set r0 on, run the function, and return the key that it goes on at."""
    m.integers = [*registers, *[0] * (10 - len(registers))]
    m.write("pending", "<I", pending)
    at = STATE.offsets()["r"] + 4 * 14
    m.state[at : at + 4] = (0x1000).to_bytes(4, "little")
    return m.run(BASE)


def expected(
    x: int, bound: int, step: int, goes_on: Callable[[int, int], bool], *, late: bool = False
) -> tuple[int, int] | None:
    """Counter and rounds at the end; None when that is too far away."""
    for rounds in range(1, ENOUGH):
        after = (x + step) & WORD
        if not goes_on(x if late else after, bound):
            return after, rounds
        x = after
    return None


def bounds(cond: int, step: int) -> list[tuple[int, int]]:
    """Starts and ends: near each other, far, wrapping, equal, the wrong way round."""
    draw = random.Random(f"{cond} {step}")
    corners = [0, 1, 2, 7, 8, 100, WORD, WORD - 7, 1 << 31, (1 << 31) - 1, 65536 * 3]
    found = [(draw.choice(corners), draw.choice(corners)) for _ in range(12)]
    for _ in range(24):
        x = draw.choice(corners)
        found.append((x, (x + step * draw.randrange(40) + draw.choice([0, 0, 1, 3])) & WORD))
    return found


@pytest.mark.parametrize("cond", CONDITIONS, ids=CONDITIONS.get)
@pytest.mark.parametrize("step", [1, 12, -4])
@pytest.mark.parametrize("mirrored", [False, True], ids=["plain", "mirrored"])
def test_a_loop_to_a_bound(cond, step, mirrored):
    change = ADD_R0 | step if step > 0 else SUB_R0 | -step
    m = machine(COUNT, change, CMP_R0 if mirrored else CMP_R1, jump(3, 0, cond))

    def goes_on(x: int, bound: int) -> bool:
        return holds(cond, bound, x) if mirrored else holds(cond, x, bound)

    check(m, bounds(cond, step), step, goes_on)


def check(m: Machine, cases, step: int, goes_on, *, late: bool = False, third: int = 0) -> None:
    ending = 0
    for x, bound in cases:
        wanted = expected(x, bound, step, goes_on, late=late)
        if wanted is not None:
            assert run(m, [x, bound, 0, third]) == 0x1000
            assert (m.integers[0], m.integers[2]) == wanted, (x, bound)
            ending += 1
    assert ending > 4


@pytest.mark.parametrize("cond", [3, 9, 11, 13], ids=CONDITIONS.get)
@pytest.mark.parametrize("step", [0, 1, 5, 1 << 14, (1 << 14) + 1, 1 << 29, 1 << 31, WORD])
def test_a_loop_by_a_register(cond, step):
    m = machine(COUNT, ADD_R3, CMP_R1, jump(3, 0, cond))
    check(m, bounds(cond, step), step, lambda x, y: holds(cond, x, y), third=step)


@pytest.mark.parametrize("step", [1, 4])
def test_a_loop_that_compares_before_it_adds(step):
    m = machine(COUNT, CMP_R1, ADD_R0 | step, jump(3, 0, 1))
    check(m, bounds(1, step), step, lambda x, y: x != y, late=True)


@pytest.mark.parametrize("cond", [1, 2, 5, 10, 12])
def test_a_countdown(cond):
    def goes_on(x: int, _: int) -> bool:
        before = (x + 2) & WORD
        return not x >> 31 if cond == 5 else holds(cond, before, 2)

    m = machine(COUNT, SUBS_R0 | 2, jump(2, 0, cond))
    check(m, bounds(cond, -2), -2, goes_on)


@pytest.mark.parametrize("step", [1, 12])
def test_a_loop_that_is_longer_than_a_chunk(step):
    m = machine(COUNT, ADD_R0 | step, CMP_R1, jump(3, 0, 1))
    assert run(m, [5, 5 + 200_001 * step, 0]) == 0x1000
    assert m.integers[2] == 200_001


@pytest.mark.parametrize(
    ("words", "start"),
    [
        ([COUNT, ADD_R0 | 2, CMP_R1, jump(3, 0, 1)], [1, 0]),  # never equal
        ([COUNT, ADD_R0 | 1, CMP_R1, jump(3, 0, 9)], [0, WORD]),  # never above
        ([COUNT, ADD_R3, CMP_R1, jump(3, 0, 3)], [0, 1, 0, 0]),  # never gets on
        ([COUNT, ADD_R0 | 1, CMP_R1, jump(3, 0, 1)], [5, 4]),
    ],
)
def test_an_endless_loop_polls(words, start):
    m = machine(*words)
    assert run(m, start, pending=1) == BASE
    assert 0 < m.integers[2] <= 1 << 18


@pytest.mark.parametrize(
    ("change", "cond"),
    [(ADD_R0 | 12, c) for c in (1, 3, 9, 11, 13)] + [(SUB_R0 | 4, c) for c in (1, 2, 8, 10, 12)],
)
def test_a_counted_loop_has_a_room_and_divides_nothing(change, cond):
    """Were it polled in every round instead, it would still be right, and slow."""
    text = lift([COUNT, change, CMP_R1, jump(3, 0, cond), BX_LR]).at(0)
    assert "%room" in text
    assert not re.search("udiv|urem", text)


# --- memory ---------------------------------------------------------------------------------------

LENGTH = 1 << 20
STORE_INDEXED, STORE_BYTE = 0xE7840105, 0xE7C42005  # str r0, [r4, r5, lsl #2]; strb r2, [r4, r5]
STORE_ON, STORE_BACK = 0xE4840004, 0xE5240004  # str r0, [r4], #4; str r0, [r4, #-4]!
LOAD_ON = 0xE4963004  # ldr r3, [r6], #4
SUM = 0xE0822003  # add r2, r2, r3


@pytest.fixture(scope="module")
def memory() -> tuple[int, ctypes.Array[ctypes.c_char]]:
    """Memory at a guest address; the host's is the same where the guest base is 0."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    low = 0x40  # MAP_32BIT
    at = libc.mmap(None, LENGTH, 3, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | low, -1, 0)
    assert at < 1 << 32
    return at, (ctypes.c_char * LENGTH).from_address(at)


def words(memory, first: int, count: int) -> list[int]:
    """Words of it, by number; the first may be before the middle."""
    at = LENGTH // 2 + 4 * first
    return list(struct.unpack_from(f"<{count}I", memory[1], at))


def wipe(memory) -> int:
    """Zero everything and return the address of the middle."""
    ctypes.memset(memory[0], 0, LENGTH)
    return memory[0] + LENGTH // 2


@pytest.mark.parametrize(
    ("first", "count"), [(0, 1), (0, 4), (3, 5), (0, 9), (-5, 11), (-30, 30), (-9, 6), (2, 20000)]
)
def test_a_loop_over_an_index(memory, first, count):
    """An index below zero wraps: such a loop is not unrolled, or not until it is above."""
    # str r0, [r4, r5, lsl #2]; add r0, r0, #1; add r5, r5, #1; cmp r5, r1; bne 0
    m = machine(STORE_INDEXED, ADD_R0 | 1, 0xE2855001, 0xE1550001, jump(4, 0, 1))
    at = wipe(memory)
    run(m, [7, (first + count) & WORD, 0, 0, at, first & WORD])
    assert words(memory, first - 1, count + 2) == [0, *range(7, 7 + count), 0]


@pytest.mark.parametrize("count", [1, 2, 4, 5, 7, 8, 100, 5000])
def test_a_loop_over_a_pointer_and_down(memory, count):
    # ldr r3, [r6], #4; add r2, r2, r3; str r0, [r4, #-4]!; add r0, r0, #1; cmp r6, r1; bne 0
    m = machine(LOAD_ON, SUM, STORE_BACK, ADD_R0 | 1, 0xE1560001, jump(5, 0, 1))
    at = wipe(memory)
    struct.pack_into(f"<{count}I", memory[1], LENGTH // 2, *range(1, count + 1))
    run(m, [7, at + 4 * count, 0, 0, at, 0, at])
    assert m.integers[2] == count * (count + 1) // 2
    assert (m.integers[4], m.integers[6]) == (at - 4 * count, at + 4 * count)
    assert words(memory, -count, count) == list(range(6 + count, 6, -1))


@pytest.mark.parametrize("stride", [1, 3, 1000, 5000])
@pytest.mark.parametrize("count", [1, 3, 4, 7, 8, 9, 50])
def test_a_loop_by_a_register_over_an_index(memory, stride, count):
    # add r2, r2, #1; strb r2, [r4, r5]; add r5, r5, r3; cmp r5, r1; bcc 0
    m = machine(COUNT, STORE_BYTE, 0xE0855003, 0xE1550001, jump(4, 0, 3))
    at = wipe(memory)
    run(m, [0, stride * count, 0, stride, at, 0])
    found = memory[1][LENGTH // 2 : LENGTH // 2 + stride * (count + 1)]
    assert list(found[::stride]) == [*range(1, count + 1), 0]
    assert sum(found) == sum(range(1, count + 1))


def test_a_register_that_is_written_under_a_condition_has_no_twin(memory):
    # str r0, [r4], #4; cmp r0, #3; addeq r4, r4, #4; add r0, r0, #1; cmp r0, r1; bne 0
    conditional = 0x02844004
    m = machine(STORE_ON, 0xE3500003, conditional, ADD_R0 | 1, CMP_R1, jump(5, 0, 1))
    at = wipe(memory)
    run(m, [1, 10, 0, 0, at])
    assert words(memory, 0, 11) == [1, 2, 3, 0, 4, 5, 6, 7, 8, 9, 0]


@pytest.mark.parametrize("count", [3, 4, 9])
def test_a_round_that_is_done_again_for_a_nan_loads_from_the_same_place(memory, count):
    # vadd.f64 d0, d0, d2; vldmia r6!, {d1}; vmul.f64 d2, d0, d1; subs r0, r0, #1; bne 0
    m = machine(0xEE300B02, 0xECB61B02, 0xEE202B01, SUBS_R0 | 1, jump(4, 0, 1))
    at = wipe(memory)
    nan = 0x7FF8000000001234
    struct.pack_into(f"<{count}Q", memory[1], LENGTH // 2, *[nan] * (count - 1), nan + 1)
    run(m, [count, 0, 0, 0, 0, 0, at])
    assert m.integers[6] == at + 8 * count
    assert struct.pack("<d", m.doubles[1]) == struct.pack("<Q", nan + 1)
    assert struct.pack("<d", m.doubles[2]) == struct.pack("<Q", nan)


@pytest.mark.parametrize("stride", [0, 8, 24])
@pytest.mark.parametrize("count", [2, 4, 5, 7, 8, 13])
def test_rounds_that_are_one_run_keep_the_first_nan(memory, count, stride):
    """A sum of doubles; two of them are NaNs, of which the first must stay whatever its round."""
    # vldr d1, [r6]; vadd.f64 d0, d0, d1; add r6, r6, #8 or r3; cmp r6, r1; bcc 0
    step = 0xE0866003 if stride else 0xE2866008
    code = [0xED961B00, 0xEE300B01, step, 0xE1560001, jump(4, 0, 3)]
    m = machine(*code)
    nans = [0x7FF8000000000001, 0xFFF8000000000002]
    for first in range(count - 1):
        at = wipe(memory)
        for index in range(count):
            later = {first: nans[0], count - 1: nans[1]}.get(index, 0x3FF0000000000000)
            struct.pack_into("<Q", memory[1], LENGTH // 2 + (stride or 8) * index, later)
        m.doubles[0] = 0.0
        run(m, [0, at + (stride or 8) * count, 0, stride, 0, 0, at])
        assert m.integers[6] == at + (stride or 8) * count
        assert struct.pack("<d", m.doubles[0]) == struct.pack("<Q", nans[0]), first


def test_a_loop_that_ends_in_the_middle_of_an_it_block_is_left_there():
    # adds r2, r2, #1; adds r0, r0, #1; cmp r0, r1; itt ne; bne 0 (unpredictable); addne; bx lr
    found = lift([0x3201, 0x3001, 0x4288, 0xBF1C, 0xE7FA, 0x3301, 0x4770], isa="T16")
    texts = list(found.texts.values())
    results = compile_functions(texts, PRELUDE, level=1, jobs=1)
    m = Machine(link(texts, results, low=BASE, span=4096, offsets=STATE.offsets()))
    m.integers = [1, 9, 0, 0, 0, 0, 0, 0, 0, 0]
    assert m.run(BASE | 1) == BASE + 6 | 1
    assert m.integers[:3] == [2, 9, 1]


@pytest.mark.parametrize("stride", [0, 16, 48])
@pytest.mark.parametrize("count", [1, 4, 5, 8, 9, 16, 17, 40])
def test_sums_of_lanes_in_many_rounds(memory, count, stride):
    """Eight rounds ask MXCSR once, four where the stride is a register; a denormal is 0."""
    # vld1.32 {d2, d3}, [r6]; vadd.f32 q0, q0, q1; add r6, r6, #16 or r3; cmp r6, r1; bcc 0
    step = 0xE0866003 if stride else 0xE2866010
    m = machine(0xF4262A8F, 0xF2000D42, step, 0xE1560001, jump(4, 0, 3))
    for odd in (None, 0, count - 1):
        at = wipe(memory)
        for index in range(count):
            lanes = [1.0, 2.0, 3.0, 4.0]
            if index == odd:
                lanes[1] = 1e-40
            struct.pack_into("<4f", memory[1], LENGTH // 2 + (stride or 16) * index, *lanes)
        m.doubles[:2] = [0.0, 0.0]
        end = at + (stride or 16) * count
        run(m, [0, end, 0, stride, 0, 0, at])
        assert m.integers[6] == end
        found = struct.unpack("<4f", struct.pack("<2d", *m.doubles[:2]))
        assert found == (count, 2 * (count - (odd is not None)), 3 * count, 4 * count)
