"""Decoding against capstone and objdump: every difference is explained, every explanation true.

``make decode`` compares millions of words; here it is every third of T16, and of A32 and T32 a
few words of each row, each of its fixed bits flipped, and uniform ones. Seeds are fixed.
"""

from __future__ import annotations

import pytest

from frontends.arm32.rows import A32
from tests import needs
from xlate.tools.decode import all_of_t16, draw, table
from xlate.verify import decoding
from xlate.verify.decoding import Ours, Table, is_name_of
from xlate.verify.generate import SETS
from xlate.verify.witnesses import IN_IT, OBJDUMP, Objdump, Verdict

MOST_ENTRIES = 60
NOTHING_EXPLAINED = Table([], {})


@pytest.fixture(autouse=True)
def objdump():
    needs.needs(OBJDUMP, "apt install binutils-arm-linux-gnueabihf")


def compared(isa: str, words: list[int]) -> Table:
    found = table()
    found.compare(isa, words)
    return found


@pytest.mark.parametrize("isa", SETS)
def test_every_difference_is_explained(isa):
    words = all_of_t16()[::3] if isa == "T16" else draw(isa, 1, flips=1, each=10, count=8000)
    found = compared(isa, words)
    assert found.words > 17_000
    assert not found.unexplained, "\n".join(map(str, found.unexplained[:40]))


def test_the_first_place_of_an_it_block_too():
    found = compared("T16" + IN_IT, all_of_t16()[::9])
    found.add(compared("T32" + IN_IT, draw("T32", 1, flips=0, each=3, count=3000)))
    assert not found.unexplained, "\n".join(map(str, found.unexplained[:40]))


def test_every_entry_explains_its_example():
    known = table()
    assert len(known.entries) <= MOST_ENTRIES
    assert all(entry.source and entry.reason for entry in known.entries)
    stale = known.stale()
    assert not stale, [f"{entry.example}: {entry.reason}" for entry in stale]


def test_headings_with_further_names_are_headings_of_rows():
    headings = {row.manual for rows in SETS.values() for row in rows}
    assert set(table().names) <= headings


def test_a_missing_row_and_a_row_too_many_show(monkeypatch):
    add, nothing = 0xE0810002, 0xE7F000F0  # add r0, r1, r2; udf
    monkeypatch.setattr(decoding, "our_answer", lambda isa, word: Ours(None, "undefined"))
    assert [d.witness for d in compared("A32", [add]).unexplained] == ["capstone", "objdump"]
    row = A32["umaal"]
    monkeypatch.setattr(decoding, "our_answer", lambda isa, word: Ours(row, "executes"))
    assert {d.says for d in compared("A32", [nothing]).unexplained} == {"name"}
    assert {d.says for d in compared("A32", [0xE7000010]).unexplained} == {"name"}
    assert {d.says for d in compared("A32", [0xF0000000]).unexplained} == {"none"}


def test_names_are_whole_with_condition_and_s():
    names = table().names
    printed = {"mla": True, "mlas r0": True, "mlaseq r0": True, "mlal": False, "ml": False}
    assert {text: is_name_of(A32["mla"], text, names) for text in printed} == printed


def test_what_objdump_prints_as_broken_is_no_instruction():
    verdicts = [answer.verdict for answer in Objdump().ask("A32", [0xF2800054, 0xE00F0291])]
    assert verdicts == [Verdict.KNOWS, Verdict.OPEN]
    assert [a.verdict for a in Objdump().ask("T32", [0xEF001140, 0xFFFFFFFF])] == [Verdict.NONE] * 2
    assert Objdump().ask("A32", []) == []
