"""Loops of a few rounds that the code before them tells are known, and no others.

A wrong answer would only show as a signal that waits, so programs drawn at random are walked here,
and no loop may make more rounds than was said of it.
"""

from __future__ import annotations

import random

import pytest

from backends.llvm import writer
from backends.llvm.rounds import MOST, short_loops
from tests.llvm.test_lifter import BASE, BX_LR, jump, lift
from tests.llvm.test_loops import ADD_R0, CMP_R1, COUNT, machine, run

ADD, SUB, MOV, MOVE, COMPARE = 0xE2800000, 0xE2400000, 0xE3A00000, 0xE1A00000, 0xE1500000
AL, NE, CC, GE = 14, 1, 3, 10
WORD = 0xFFFFFFFF


def add(to: int, a: int, number: int) -> int:
    return (ADD if number >= 0 else SUB) | a << 16 | to << 12 | abs(number)


def move(to: int, a: int) -> int:
    return MOVE | to << 12 | a


def claims(monkeypatch, *words: int) -> dict[int, int]:
    """Rounds by number of the instruction that a short loop begins with."""
    found: dict[int, int] = {}

    def noted(*args):
        result = short_loops(*args)
        found.update({(key - BASE) // 4: rounds for key, rounds in result.items()})
        return result

    monkeypatch.setattr(writer, "short_loops", noted)
    lift([*words, BX_LR])
    return found


LOOP = [COUNT, ADD_R0 | 4, CMP_R1]


@pytest.mark.parametrize("rounds", [1, 3, MOST, MOST + 1])
def test_between_two_sums_of_a_register(monkeypatch, rounds):
    words = [add(0, 5, 8), add(1, 5, 8 + 4 * rounds), *LOOP, jump(5, 2, NE)]
    short = rounds <= MOST
    assert claims(monkeypatch, *words) == ({2: rounds} if short else {})
    assert ("%room" in lift([*words, BX_LR]).at(0)) is not short
    m = machine(*words)
    assert run(m, [0, 0, 0, 0, 0, 1000]) == 0x1000
    assert m.integers[:3] == [1008 + 4 * rounds, 1008 + 4 * rounds, rounds]


@pytest.mark.parametrize("cond", [NE, CC])
def test_between_numbers(monkeypatch, cond):
    words = [MOV | 7, MOV | 1 << 12 | 27, *LOOP, jump(5, 2, cond)]
    assert claims(monkeypatch, *words) == {2: 5}


def test_which_of_two_sums_is_larger_is_not_known(monkeypatch):
    words = [add(0, 5, 8), add(1, 5, 28), *LOOP, jump(5, 2, CC)]
    assert claims(monkeypatch, *words) == {}


def test_a_distance_that_is_no_multiple_goes_all_the_way_round(monkeypatch):
    words = [add(0, 5, 8), add(1, 5, 10), *LOOP, jump(5, 2, NE)]
    assert claims(monkeypatch, *words) == {}


def test_sums_of_whichever_register(monkeypatch):
    """Both ways leave the two as far apart, though from different places."""
    one, other = [add(0, 5, 8), add(1, 5, 20)], [add(0, 6, 0), add(1, 6, 12)]
    # cmp r3, #0; bne 5; (one) b 7; (other) loop
    words = [0xE3530000, jump(1, 5, NE), *one, jump(4, 7), *other, *LOOP, jump(10, 7, NE)]
    assert claims(monkeypatch, *words) == {7: 3}
    words[6] = add(1, 6, 240)
    assert claims(monkeypatch, *words) == {}
    words[6] = add(1, 6, 24)
    assert claims(monkeypatch, *words) == {7: 6}  # the most of both
    words.insert(7, COUNT)  # where the ways meet already, it may be either
    words[1:5] = [jump(1, 5, NE), *one, jump(4, 7)]
    words[-1] = jump(11, 8, NE)
    assert claims(monkeypatch, *words) == {}
    words[6] = add(1, 6, 12)
    assert claims(monkeypatch, *words) == {8: 3}


def test_a_loop_around_polls_where_it_jumps_to_the_inner_one(monkeypatch):
    # (loop of 3 rounds) add r0, r5, #0; b 2
    words = [add(0, 5, 0), add(1, 5, 12), *LOOP, jump(5, 2, NE), add(0, 5, 0), jump(7, 2)]
    assert claims(monkeypatch, *words) == {2: 3}
    m = machine(*words)
    assert run(m, [0] * 10, pending=1) == BASE + 8
    assert m.integers[2] == 3


def test_what_a_call_leaves_is_not_known(monkeypatch):
    # bl (bx lr); bx lr would end it: the loop stands behind the call
    words = [add(0, 5, 8), add(1, 5, 20), 0xEB000005, *LOOP, jump(6, 3, NE), BX_LR, *[BX_LR] * 2]
    assert claims(monkeypatch, *words) == {}


# --- programs drawn at random ---------------------------------------------------------------------
def drawn(draw: random.Random) -> list[int]:
    """Sums and copies of six registers, jumps forward, loops inside loops."""
    words: list[int] = []
    starts: list[tuple[int, int, int]] = []
    for _ in range(draw.randrange(10, 30)):
        to, a, b = (draw.randrange(6) for _ in range(3))
        what = draw.random()
        if what < 0.35:
            words.append(add(to, a, draw.choice([0, 4, 4, 8, -4, -8, 12, 40])))
        elif what < 0.45:
            words.append(MOV | to << 12 | 4 * draw.randrange(12))
        elif what < 0.55:
            words.append(move(to, a))
        elif what < 0.7:
            if draw.random() < 0.7:
                words += [add(b, a, 4 * draw.randrange(1, 18))]
            starts.append((len(words), a, b))
        elif what < 0.8:
            words += [COMPARE | a << 16 | b, jump(0, 2, draw.choice([NE, GE])), add(to, a, 4)]
        elif starts:
            first, a, b = starts.pop(draw.randrange(len(starts)))
            words += [add(a, a, draw.choice([4, 4, -4])), COMPARE | a << 16 | b]
            words.append(jump(len(words), first, draw.choice([NE, NE, NE, CC, GE])))
    return words


def walk(words: list[int], registers: list[int], limit: int = 4000) -> dict[int, int]:
    """Most rounds in a row of each loop, by its first instruction and its jump back."""
    r, at, flags = list(registers), 0, (0, 0)
    now: dict[int, int] = {}
    most: dict[int, int] = {}
    for _ in range(limit):
        if at >= len(words):
            break
        word, there = words[at], at + 1
        if is_jump(word):
            if taken(word >> 28, *flags):
                there = target(at, word)
                now[at] = now.get(at, 1) + 1
                most[at] = max(most.get(at, 1), now[at])
            else:
                now[at] = 1
        elif word & 0x0FF00000 == COMPARE & 0x0FF00000:
            flags = (r[word >> 16 & 15], r[word & 15])
        else:
            r[word >> 12 & 15] = computed(word, r)
        at = there
    return most


def computed(word: int, r: list[int]) -> int:
    a, number = r[(word >> 16 & 15) % 6], word & 0xFFF
    return {
        ADD: a + number & WORD,
        SUB: a - number & WORD,
        MOV: number,
        MOVE: r[(word & 15) % 6],
    }[word & 0xFFF00000]


def is_jump(word: int) -> bool:
    return word >> 24 & 15 == 10


def target(at: int, word: int) -> int:
    """Number of the instruction that a jump goes to."""
    return at + 2 + ((word & 0xFFFFFF) ^ 0x800000) - 0x800000


def taken(cond: int, a: int, b: int) -> bool:
    x, y = (value - ((value >> 31) << 32) for value in (a, b))
    return {NE: a != b, CC: a < b, GE: x >= y, AL: True}[cond]


def test_no_loop_makes_more_rounds_than_was_said(monkeypatch):
    seen = 0
    for seed in range(150):
        draw = random.Random(seed)
        words = drawn(draw)
        said = claims(monkeypatch, *words)
        back = {
            target(at, word): at
            for at, word in enumerate(words)
            if is_jump(word) and target(at, word) <= at
        }
        for _ in range(4):
            most = walk(words, [4 * draw.randrange(30) for _ in range(6)])
            for first, rounds in said.items():
                assert most.get(back[first], 0) <= rounds, (seed, first)
                seen += back[first] in most
    assert seen > 20
