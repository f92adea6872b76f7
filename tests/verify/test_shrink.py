"""A difference shrinks to the instructions and the state that it needs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from frontends.arm32.rows import A32
from xlate.tools.fuzz import Plan, _shrink, run_share
from xlate.verify.case import CODE_PAGE, Claims, State, code_bytes, make_case
from xlate.verify.generate import SETS, Drawn, Generator, decode_all
from xlate.verify.interp_engine import run_case
from xlate.verify.lines import format_line
from xlate.verify.shrink import NOP_A32

WRONG = 0xE0822001  # add r2, r2, r1
OTHERS = (0xE0433005, 0xE2844001, 0xE1A06007)


class WrongAboutOne:
    """The interpreter, but for one instruction: where it stands (bytes from the end) may matter."""

    name = "wrong"
    claims = Claims()

    def __init__(self, word: int, at: int | None = None) -> None:
        self.code = code_bytes("A32", [word])
        self.at = at

    def run(self, cases):
        return [self._run(case) for case in cases]

    def _run(self, case):
        result = run_case(case)
        code = case.pages[CODE_PAGE][1]
        where = code.find(self.code)
        if where < 0 or (self.at is not None and len(code) - where != self.at):
            return result
        if not case.state.r[1]:
            return result
        registers = [value ^ (number == 2) for number, value in enumerate(result.state.r)]
        return replace(result, state=replace(result.state, r=registers))


def drawn(words: list[int]) -> Drawn:
    generator = Generator(3)
    state = State(r=[*range(1, 16), 0], nzcv=5, ge=3)
    case = make_case("A32", words, state, generator.pages())
    return Drawn(case, run_case(case), "A32", tuple(decode_all("A32", words, case.state.r[15])))


def test_what_is_not_needed_goes():
    small = _shrink(WrongAboutOne(WRONG), drawn([OTHERS[0], WRONG, *OTHERS[1:]]))
    assert small.words == [WRONG]
    assert small.name == "dp_register"
    line = format_line(small.isa, small.words, "add", small.case, run_case(small.case))
    assert line == "A32 e0822001  add  | r1=0x2 => r2=0x2"


def test_what_must_keep_its_place_is_padded():
    small = _shrink(WrongAboutOne(WRONG, at=8), drawn([OTHERS[0], WRONG, OTHERS[1]]))
    assert small.words == [WRONG, NOP_A32]


def test_a_case_that_does_not_differ_by_itself_stays():
    whole = drawn([OTHERS[0], WRONG])
    assert _shrink(WrongAboutOne(OTHERS[1]), whole) is whole


def test_the_fuzzer_reports_a_line(monkeypatch):
    monkeypatch.setattr("xlate.tools.fuzz.make_engine", lambda *_: WrongAboutOne(0))
    monkeypatch.setattr(WrongAboutOne, "_run", lambda _, case: wrong_clz(case))
    plan = Plan(1, 25, ("wrong",), tuple(SETS), ("clz",), "", "")
    report = run_share(plan)
    assert report.failures
    assert all("  clz  | " in failure for failure in report.failures)
    assert report.differ == {"wrong: A32 clz": len(report.failures)}


def wrong_clz(case):
    """CLZ of a register with bit 0 clear counts one too many."""
    result = run_case(case)
    word = int.from_bytes(case.pages[CODE_PAGE][1][-4:], "little")
    if A32.find(word) is not A32["clz"] or word >> 28 != 14 or case.state.r[word & 15] & 1:
        return result
    target = word >> 12 & 15
    registers = [value + (number == target) for number, value in enumerate(result.state.r)]
    return replace(result, state=replace(result.state, r=registers))


@pytest.mark.parametrize("words", [[WRONG], [WRONG, WRONG]])
def test_all_instructions_may_be_needed(words):
    engine = WrongAboutOne(WRONG, at=4 * len(words))
    assert len(_shrink(engine, drawn(words)).words) == len(words)
