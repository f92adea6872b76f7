"""Drawn programs and the files they are put into: jumps reach their labels, files are read back."""

from __future__ import annotations

import random

import pytest

from frontends.arm32.recorded import recorded
from xlate.loader import Prot, parse
from xlate.verify.case import PAGE, READ, WRITE, Claims, Result, State, differences, make_case
from xlate.verify.elf_file import MOST_PAGES, CodePage, elf_file, file_offset
from xlate.verify.generate import Broken, Refused, decode_all
from xlate.verify.interp_engine import run_case
from xlate.verify.programs import Assembly, Jump, ProgramGenerator

NOP = {"A32": 0xE1A00000, "T32": 0xBF00}


JUMPS = [
    (isa, kind, distance)
    for isa in ("A32", "T32")
    for kind in ("b", "bl", "cbz", "cbnz", "bne")
    for distance in (1, 2, 9, 28, -3, -20)
    if not kind.startswith("cb") or (isa == "T32" and distance > 0)
]


@pytest.mark.parametrize(("isa", "kind", "distance"), JUMPS)
def test_a_jump_goes_to_its_label(isa, kind, distance):
    code = Assembly(isa)
    cond = 1 if kind == "bne" else 14
    jump = Jump("b" if kind == "bne" else kind, "there", cond, 3)
    nops = [NOP[isa]] * abs(distance)
    if distance < 0:
        code.label("there")
        code.items += [*nops, jump]
    else:
        code.items += [jump, *nops]
        code.label("there")
        code.items.append(NOP[isa])
    words = code.words()
    case = make_case(isa, words, State(), {})
    insns = list(decode_all(isa, words, case.state.r[15]))
    at = insns[abs(distance)] if distance < 0 else insns[0]
    there = insns[0] if distance < 0 else insns[-1]
    assert recorded(at).flow.target_at(at.pc) == there.pc | int(isa != "A32")


def programs(count: int):
    generator = ProgramGenerator(11)
    while min(len(stock) for stock in generator._stock.values()) < 60:
        try:
            generator.remember(generator.draw())
        except (Refused, Broken):
            continue
    while count:
        try:
            yield generator.draw_program()
        except Refused:
            continue
        count -= 1


def test_most_programs_run_to_their_end():
    drawn = list(programs(80))
    ends = [one for one in drawn if one.expected.state.r[15] & PAGE - 1 == 0]
    assert len(ends) > 40
    assert {one.isa for one in drawn} == {"A32", "T32"}
    assert all(run_case(one.case) == one.expected for one in drawn)


def test_pages_are_read_back_from_the_file_with_their_entries():
    pick = random.Random(3)
    pages = [
        CodePage(PAGE * (1 + 3 * i), pick.randbytes(PAGE), PAGE * (1 + 3 * i) + 0xF00 + i % 2)
        for i in range(MOST_PAGES)
    ]
    file = elf_file(pages, position_independent=True)
    image = parse(file)
    assert image.position_independent
    assert [(s.guest_va, s.data) for s in image.segments] == [(p.address, p.data) for p in pages]
    assert all(s.prot == Prot.READ | Prot.EXEC for s in image.segments)
    found = {s.guest_va | int(bool(s.thumb)) for s in image.symbols if s.thumb is not None}
    assert found == {p.entry for p in pages}
    assert all(file[file_offset(i) :][:PAGE] == p.data for i, p in enumerate(pages))


def test_files_of_different_code_differ_in_their_first_page():
    first, second = (elf_file([CodePage(PAGE, bytes([i]) * PAGE, PAGE)]) for i in (1, 2))
    assert first[:PAGE] != second[:PAGE]
    assert first == elf_file([CodePage(PAGE, b"\1" * PAGE, PAGE)])


@pytest.mark.parametrize(
    ("stale", "seen"),
    [
        ((), {"r3", "r15", "nzcv", "fpscr", "mem[0x800000]"}),
        (("nzcv",), {"r3", "r15", "fpscr", "mem[0x800000]"}),
        (("cumulative",), {"r3", "r15", "nzcv", "mem[0x800000]"}),
        (("registers",), {"r15", "mem[0x800000]"}),
        (("registers", "pc"), {"mem[0x800000]"}),
    ],
)
def test_what_a_result_does_not_answer_for_is_not_compared(stale, seen):
    case = make_case("A32", [NOP["A32"]], State(), {0x800000: (READ | WRITE, bytes(PAGE))})
    other = State(nzcv=5, fpscr=1)
    other.r[3], other.r[15] = 1, 4
    ours = Result(State(), "fault")
    theirs = Result(other, "fault", {0x800000: b"x" * PAGE}, stale=frozenset(stale))
    found = differences(case, ours, theirs, Claims())
    assert {line.split()[0] for line in found} == seen
