"""Decode-time expressions: they compute what Python computes, print C, and fork a recording."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlate.errors import Inconsistent
from xlate.isa import Expr, sext, transform
from xlate.isa.expr import MASK64, forking

numbers = st.integers(0, MASK64)
small = st.integers(0, 63)


@given(a=numbers, b=numbers)
@pytest.mark.parametrize(
    "compute",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a * b,
        lambda a, b: a & b,
        lambda a, b: a | b,
        lambda a, b: a ^ b,
        lambda a, b: 5 - a + 3 * b,
        lambda a, b: (a + 4) & 0xFFFFFFFC | (b & 1),
    ],
)
def test_arithmetic_is_modulo_64_bits(compute, a, b):
    expr = compute(Expr.var("a"), Expr.var("b"))
    assert expr.evaluate({"a": a, "b": b}) == compute(a, b) & MASK64
    assert expr.compiled()({"a": a, "b": b}) == compute(a, b) & MASK64


@given(a=numbers, n=small)
def test_shifts(a, n):
    x = Expr.var("x")
    assert (x << n).evaluate({"x": a}) == (a << n) & MASK64
    assert (x >> n).evaluate({"x": a}) == a >> n


@given(a=numbers, b=numbers)
def test_comparisons_are_unsigned(a, b):
    x, y = Expr.var("x"), Expr.var("y")
    env = {"x": a, "y": b}
    assert (x < y).evaluate(env) == (a < b)
    assert (x >= y).evaluate(env) == (a >= b)
    assert (x == y).evaluate(env) == (a == b)


def test_text_is_c():
    x = Expr.var("imm5")
    assert str((x + 1) & 0xFF) == "((imm5 + 1u) & 255u)"
    assert str(Expr.of(1 << 40)) == "0x10000000000ull"
    assert str(sext(x, 5)) == "sext(imm5, 5u)"


def test_a_condition_outside_a_recording_is_an_error():
    with pytest.raises(Inconsistent, match="outside a recording"):
        bool(Expr.var("x") == 1)


def test_a_condition_asks_the_forker():
    asked = []

    class Yes:
        def decide(self, condition: Expr) -> bool:
            asked.append(str(condition))
            return True

    with forking(Yes()):
        taken = "yes" if Expr.var("Rt") == 15 else "no"
    assert taken == "yes"
    assert asked == ["(Rt == 15u)"]


def test_only_numbers_mix_with_expressions():
    with pytest.raises(Inconsistent, match="not a decode-time value"):
        Expr.var("x") + "1"


@given(value=numbers, bits=st.integers(1, 63))
def test_sext(value, bits):
    low = value & ((1 << bits) - 1)
    expected = low - (1 << bits) if low >> (bits - 1) else low
    assert sext(value, bits) == expected & MASK64
    assert sext(Expr.var("v"), bits).evaluate({"v": value}) == expected & MASK64


def test_every_transform_computes_from_expressions_too():
    import frontends.arm32  # noqa: F401 - registers the transforms

    for name, fn in transform.registry.items():
        count = fn.python.__code__.co_argcount
        names = [f"x{i}" for i in range(count)]
        expr = fn(*(Expr.var(n) for n in names))
        env = dict.fromkeys(names, 1)
        assert expr.evaluate(env) == fn(*[1] * count) & MASK64, name
        assert expr.compiled()(env) == fn(*[1] * count) & MASK64, name
