"""The grammar of encodings, and the mistakes in rows that are errors when they are registered."""

from __future__ import annotations

import pytest

from xlate.errors import Inconsistent
from xlate.isa import Imm, Reg, RowSet
from xlate.isa.decoder import Decoder
from xlate.isa.encoding import Encoding


def nothing(m) -> None:
    """Nothing."""


def one_field(m, a: Imm) -> None:
    """A."""


def test_fixed_bits_and_fields():
    enc = Encoding.parse("cond:4 0000100 S:1 Rn:4 Rd:4 imm12:12", 32)
    assert enc.mask == 0x0FE00000
    assert enc.value == 0x00800000
    word = 0xE0912003
    assert enc.matches(word)
    fields = enc.extract(word)
    assert fields == {"cond": 14, "S": 1, "Rn": 1, "Rd": 2, "imm12": 3}


def test_x_matters_not():
    enc = Encoding.parse("1010xxxx Rd:8", 16)
    assert enc.matches(0xA000)
    assert enc.matches(0xAF00)
    assert not enc.matches(0xB000)


def test_bits_in_parentheses_are_fixed_and_known_as_should_be():
    enc = Encoding.parse("1010 (0000 11)x1 (1)0 01", 16)
    assert (enc.mask, enc.value, enc.should) == (0xFFDF, 0xA0D9, 0x0FC8)
    assert Encoding.parse("1010 0000 11x1 10 01", 16).should == 0


@pytest.mark.parametrize(
    ("text", "width", "message"),
    [
        ("cond:4 0000100", 32, "covers 11 bits, not 32"),
        ("a:16 b:16 1", 32, "covers 33 bits, not 32"),
        ("a:8 a:8", 16, "names a field twice"),
        ("a:8 2222", 16, "cannot read '2222'"),
        ("a:8 (0000 1111", 16, "does not close its parenthesis"),
    ],
    ids=["err_short", "err_long", "err_twice", "err_token", "err_open"],
)
def test_err_grammar(text, width, message):
    with pytest.raises(Inconsistent, match=message):
        Encoding.parse(text, width)


def two_rows(first: str, second: str, **second_options) -> RowSet:
    rows = RowSet("TEST", 16)
    rows(first, manual="A", name="first")(nothing)
    rows(second, manual="B", name="second", **second_options)(nothing)
    return rows


def test_err_overlap_undeclared():
    with pytest.raises(Inconsistent, match=r'overlaps first .* must say over=\("first",\)'):
        two_rows("0000xxxx xxxxxxxx", "00001111 xxxxxxxx")


def test_err_overlap_equal_specificity_cannot_be_declared():
    with pytest.raises(Inconsistent, match="overlaps"):
        two_rows("0000xxxx xxxxxxxx", "xxxx0000 xxxxxxxx", over=("first",))


def test_err_overlap_declared_by_the_wider():
    rows = RowSet("TEST", 16)
    rows("00001111 xxxxxxxx", manual="A", name="narrow")(nothing)
    with pytest.raises(Inconsistent, match="overlaps narrow"):
        rows("0000xxxx xxxxxxxx", manual="B", name="wide", over=("narrow",))(nothing)


def test_err_field_without_parameter():
    rows = RowSet("TEST", 16)
    with pytest.raises(Inconsistent, match=r"fields .* against parameters"):
        rows("a:8 b:8", manual="A")(one_field)


def test_err_parameter_without_field():
    rows = RowSet("TEST", 16)
    with pytest.raises(Inconsistent, match=r"fields .* against parameters"):
        rows("0000000000000000", manual="A")(one_field)


def test_err_same_name_twice():
    rows = RowSet("TEST", 16)
    rows("0000000000000000", manual="A", name="row")(nothing)
    with pytest.raises(Inconsistent, match="there twice"):
        rows("0000000000000001", manual="A", name="row")(nothing)


def test_ok_declared_overlap_finds_the_narrower():
    rows = two_rows("0000xxxx xxxxxxxx", "00001111 xxxxxxxx", over=("first",))
    for find in (rows.find, Decoder(rows).find):
        assert find(0x0F00).name == "second"
        assert find(0x0E00).name == "first"
        assert find(0x1000) is None


def conditional(m, Rd: Reg) -> None:  # noqa: N803 - the manual's names
    """Rd."""


def test_ok_condition_1111_is_another_space():
    rows = RowSet("TEST", 32)
    rows("cond:4 0000 xxxxxxxx xxxxxxxx xxxx Rd:4", manual="A", name="normal")(conditional)
    rows("1111 0000 xxxxxxxx xxxxxxxx xxxxxxxx", manual="B", name="other")(nothing)
    for find in (rows.find, Decoder(rows).find):
        assert find(0xE0000000).name == "normal"
        assert find(0xF0000000).name == "other"
