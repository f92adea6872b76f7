"""Counted loops compute what the guest's loop does, whatever the bounds, and still poll.

Each loop runs in this process, beside a few lines of Python that say what it must come to.
"""

from __future__ import annotations

import random
import re
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
@pytest.mark.parametrize("step", [1, 4, 12, -1, -4])
@pytest.mark.parametrize("mirrored", [False, True], ids=["plain", "mirrored"])
def test_a_loop_to_a_bound(cond, step, mirrored):
    change = ADD_R0 | step if step > 0 else SUB_R0 | -step
    m = machine(COUNT, change, CMP_R0 if mirrored else CMP_R1, jump(3, 0, cond))

    def goes_on(x: int, bound: int) -> bool:
        return holds(cond, bound, x) if mirrored else holds(cond, x, bound)

    check(m, bounds(cond, step), step, goes_on)


def check(m: Machine, cases, step: int, goes_on, *, late: bool = False, third: int = 0) -> None:
    for x, bound in cases:
        wanted = expected(x, bound, step, goes_on, late=late)
        if wanted is not None:
            assert run(m, [x, bound, 0, third]) == 0x1000
            assert (m.integers[0], m.integers[2]) == wanted, (x, bound)


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


def test_a_counted_loop_divides_nothing():
    text = lift([COUNT, ADD_R0 | 12, CMP_R1, jump(3, 0, 1), BX_LR]).at(0)
    assert "%room" in text
    assert not re.search("udiv|urem", text)
