"""The records of the native driver and the one-line cases: what is written is what is read back."""

from __future__ import annotations

import random
import stat
import sys

import pytest

from xlate.errors import Inconsistent, MalformedInput
from xlate.verify.case import READ, WRITE, Result, State, make_case
from xlate.verify.generate import Broken, Generator, Refused
from xlate.verify.interp_engine import Endless, run_case
from xlate.verify.lines import format_line, parse_line
from xlate.verify.stencil_engine import (
    CASE,
    StencilEngine,
    decode_state,
    encode_case,
    encode_state,
)


def drawn_cases(count: int):
    generator = Generator(5)
    while count:
        try:
            drawn = generator.draw()
        except (Refused, Broken):
            continue
        yield drawn
        count -= 1


def test_state_record_round_trip():
    for drawn in drawn_cases(50):
        state, svc_imm = decode_state(encode_state(drawn.case.state))
        assert state == drawn.case.state
        assert svc_imm == 0


def test_case_record_has_the_length_that_c_expects():
    for drawn in drawn_cases(3):
        record = encode_case(7, drawn.case)
        assert len(record) == 16 + 392 + len(drawn.case.pages) * 4104
        assert CASE.unpack_from(record)[1:3] == (7, len(drawn.case.pages))


def test_line_round_trip():
    for drawn in drawn_cases(100):
        text = format_line(drawn.isa, drawn.words, "text", drawn.case, drawn.expected)
        line = parse_line(text, "here")
        assert line.case.state == drawn.case.state
        assert line.expected.state.r == drawn.expected.state.r
        assert line.expected.state.d == drawn.expected.state.d
        assert line.expected.stop == drawn.expected.stop
        assert line.expected.pages == drawn.expected.pages


def test_the_same_seed_draws_the_same_cases():
    first = [d.case.text for d in drawn_cases(20)]
    assert first == [d.case.text for d in drawn_cases(20)]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("A32 e0810002 add", "not of the form"),
        ("X86 90  nop | =>", "not of the form"),
        ("A32 e0810002  add | r1=five =>", "invalid literal"),
        ("A32 e0810002  add | r1=5 => vanishes", "unknown item vanishes"),
    ],
)
def test_err_line(line, message):
    with pytest.raises(MalformedInput, match=message):
        parse_line(line, "file:1")


def test_float_items_fill_the_register_they_name():
    line = parse_line("A32 e0810002  add | s1=1.5 d1=-2.0 => s0=inf", "here")
    assert line.case.state.d[0] == 0x3FC00000_00000000
    assert line.case.state.d[1] == 0xC0000000_00000000
    assert line.expected.state.d[0] == 0x3FC00000_7F800000


def test_an_endless_case_is_refused():
    case = make_case("A32", [0xEAFFFFFE], State(), {})
    with pytest.raises(Endless):
        run_case(case)


@pytest.fixture
def driver(tmp_path):
    """A stand-in for xlate-insn: answers some cases, then does what its text says."""

    def make(body: str) -> StencilEngine:
        path = tmp_path / "driver"
        path.write_text(f"#!{sys.executable}\nimport os, struct, sys\n{PREAMBLE}{body}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return StencilEngine(path)

    return make


PREAMBLE = """
def answer(stop=6):
    head = sys.stdin.buffer.read(16)
    if not head:
        sys.exit(0)
    _, number, pages, _ = struct.unpack("<4I", head)
    state = sys.stdin.buffer.read(392)
    sys.stdin.buffer.read(pages * 4104)
    sys.stdout.buffer.write(struct.pack("<8I", 0x31525958, number, stop, 0, 0, 0, 0, 0) + state)
    sys.stdout.buffer.flush()
"""


def cases(count: int):
    pick = random.Random(1)
    for _ in range(count):
        state = State(r=[pick.getrandbits(32) for _ in range(16)])
        yield make_case("A32", [0xE1A00000], state, {0x800000: (READ | WRITE, bytes(4096))})


def test_driver_answers_every_case(driver):
    given = list(cases(40))
    results = driver("while True: answer()").run(given)
    assert [r.stop for r in results] == ["fetch"] * 40
    assert [r.state for r in results] == [c.state for c in given]


def test_a_driver_that_dies_is_started_again_and_the_case_is_blamed(driver):
    results = driver("answer()\nanswer()\nos.abort()").run(list(cases(6)))
    assert [r.stop for r in results] == ["fetch", "fetch", "crash"] * 2
    assert "status -6" in results[2].reason


def test_nonsense_from_the_driver_is_an_error(driver):
    with pytest.raises(Inconsistent, match="xlate-insn answered"):
        driver("answer(stop=99)").run(list(cases(1)))


def test_result_equality_ignores_nothing():
    assert Result(State(), "fetch") != Result(State(nzcv=1), "fetch")
