"""Sets of words against plain enumeration: every operation, on small words."""

from __future__ import annotations

import random

import pytest

from xlate.errors import Inconsistent
from xlate.isa import Expr
from xlate.isa.encoding import FieldSlice
from xlate.isa.expr import popcount, sext
from xlate.isa.words import ALL, NONE, WordSets

WIDTH = 10
WORDS = range(1 << WIDTH)
FIELDS = (FieldSlice("a", 6, 4), FieldSlice("b", 2, 4), FieldSlice("c", 0, 2))
A, B, C = (Expr.var(field.name) for field in FIELDS)

CONDITIONS = (
    A == B,
    A != 3,
    A < B,
    A <= B,
    A > B + 1,
    A >= C,
    (A == 15) | (B == 15),
    (A + B * 3 + C) > 20,
    A - B == 1,
    B - 1 > 7,
    A >> C & 1,
    A << C == B,
    A ^ B,
    popcount(A << 4 | B) < 2,
    ~A == 0,
)


def words_of(sets: WordSets, of: int) -> list[int]:
    return [word for word in WORDS if sets.has(of, word)]


@pytest.mark.parametrize("condition", CONDITIONS, ids=str)
def test_conditions_hold_where_they_evaluate_to_true(condition):
    sets = WordSets(WIDTH)
    found = sets.where(condition, FIELDS)
    wanted = [w for w in WORDS if condition.evaluate({f.name: f.of(w) for f in FIELDS})]
    assert words_of(sets, found) == wanted
    assert sets.count(found) == len(wanted)


def test_sets_meet_join_and_are_the_same_when_they_are_equal():
    sets, pick = WordSets(WIDTH), random.Random(1)
    for _ in range(60):
        a, b = (sets.cube(pick.randrange(1 << WIDTH), pick.randrange(1 << WIDTH)) for _ in "ab")
        one, two = set(words_of(sets, a)), set(words_of(sets, b))
        assert set(words_of(sets, sets.both(a, b))) == one & two
        assert set(words_of(sets, sets.either(a, b))) == one | two
        assert set(words_of(sets, sets.without(a, b))) == one - two
        assert sets.count(sets.either(a, b)) == len(one | two)
        assert sets.either(sets.both(a, b), sets.without(a, b)) == a
    assert (sets.count(NONE), sets.count(ALL)) == (0, 1 << WIDTH)


def test_bits_that_do_not_matter_are_freed():
    sets, mask = WordSets(WIDTH), 0b10_0110_0001
    found = sets.where((A == B) | (C == 1), FIELDS)
    values = {word & ~mask for word in words_of(sets, found)}
    assert words_of(sets, sets.whatever(found, mask)) == [w for w in WORDS if w & ~mask in values]


def test_what_cannot_be_counted_is_said():
    with pytest.raises(Inconsistent, match="sext is not counted"):
        WordSets(WIDTH).where(sext(A, 4) > 2, FIELDS)
