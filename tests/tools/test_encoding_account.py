"""The account of the encoding space says what decoding does, and its page is up to date."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest
from click.testing import CliRunner

from frontends.arm32.decode import decode_a32, decode_t32, is_wide, record_insn
from frontends.arm64 import decode as arm64
from xlate.isa import Refusal
from xlate.isa.words import ALL
from xlate.tools.encoding_account import PAGE, main
from xlate.tools.encoding_page import page
from xlate.tools.encoding_parts import EXECUTES, IN_IT, SHOULD_BE, STATUSES, Part, Space, spaces
from xlate.tools.encoding_picture import draw

RANDOM_WORDS = 6000


@pytest.fixture(scope="module")
def account() -> list[Space]:
    return spaces()


def decoded(word: int, space: Space) -> tuple[str, str, str]:
    """Row, status and reason as decoding says: nothing of the account's own is used."""
    itstate = IN_IT if space.title.endswith("IT block") else 0
    if space.title == "A64":
        insn = arm64.decode(word, 0x10000)
    elif space.title == "A32":
        insn = decode_a32(word, 0x10000)
    elif is_wide(word >> 16):
        insn = decode_t32(word, 4, 0x10000, itstate)
    else:
        insn = decode_t32(word >> 16, 2, 0x10000, itstate)
    name = insn.row.name if insn.row is not None else ""
    try:
        (arm64.record_insn if space.title == "A64" else record_insn)(insn)
    except Refusal as refusal:
        return name, refusal.kind, refusal.reason
    return name, EXECUTES, ""


def words_to_try(space: Space):
    """One word of each part, and random ones."""
    pick = random.Random(space.title)
    for part in space.parts:
        word, of = pick.getrandbits(32), part.words
        while of != ALL:
            bit = space.sets.top(of)
            halves = space.sets.halves(of, bit)
            way = (word >> bit & 1) if all(halves) else int(halves[0] == 0)
            word, of = word & ~(1 << bit) | way << bit, halves[way]
        yield word
    yield from (pick.getrandbits(32) for _ in range(RANDOM_WORDS))


def said(part: Part) -> tuple[str, str, str]:
    return part.row.name if part.row is not None else "", part.status, part.reason


def in_picture(shown: dict, word: int) -> int:
    node = shown["root"]
    while node >= 0:
        bit = shown["nodes"][3 * node]
        node = shown["nodes"][3 * node + 1 + (word >> bit & 1)]
    return -1 - node


def test_account_and_picture_say_what_decoding_does(account):
    drawn = draw(account)
    start = drawn.index("const diagrams = ") + len("const diagrams = ")
    shown = json.loads(drawn[start : drawn.index(";\n", start)])
    seen: Counter[str] = Counter()
    for space, picture in zip(account, shown, strict=True):
        for word in words_to_try(space):
            number = in_picture(picture, word)
            part = space.parts[number]
            assert space.sets.has(part.words, word), f"{space.title} {word:08x}"
            name, status, reason = decoded(word, space)
            # A gap is undefined to the decoder, whatever its list says; those of A64 are refused.
            if part.row is None and space.title != "A64":
                assert (name, status) == ("", "undefined"), f"{space.title} {word:08x}"
            elif part.reason == SHOULD_BE:  # undefined was chosen
                assert (part.row.name, status) == (name, "undefined"), f"{space.title} {word:08x}"
            else:
                assert said(part) == (name, status, reason), f"{space.title} {word:08x}"
            assert picture["ends"][number][4] == part.status
            seen[part.status] += 1
    assert set(seen) == set(STATUSES)


def test_every_row_has_words_and_every_refusal_a_reason(account):
    for space in account:
        assert all(space.count(p) for p in space.parts)
        assert [said(p) for p in space.parts if p.status != EXECUTES and not p.reason] == []
        # Only in the halfword that begins it does a word of 16 bits count.
        assert all(space.count(p) % (1 << 16) == 0 for p in space.parts if p.isa == "T16")


def test_page_is_up_to_date(account):
    assert PAGE.read_text() == page(account), "python -m xlate.tools.encoding_account --write"


@pytest.mark.parametrize(
    ("word", "status"),
    [
        (0xE6121F13, EXECUTES),  # sadd16 r1, r2, r3
        (0xE6121E13, "unpredictable"),  # bits 11-8 should be ones
        (0xE6121EB3, "undefined"),  # nor is there such an operation
        (0xE0010392, EXECUTES),  # mul r1, r2, r3
        (0xE0011392, "unpredictable"),  # bits 15-12 should be zeros
        (0xE19100B2, EXECUTES),  # ldrh r0, [r1, r2]
        (0xE19101B2, "unpredictable"),  # bits 11-8 should be zeros
    ],
)
def test_bits_that_should_be_otherwise_are_unpredictable(account, word, status):
    found = [p.status for p in account[0].parts if account[0].sets.has(p.words, word)]
    assert found == [status]


def test_rows_are_listed(account, monkeypatch):
    monkeypatch.setattr("xlate.tools.encoding_account.spaces", lambda: account[:1])
    lines = CliRunner().invoke(main, ["--rows"]).stdout.splitlines()
    assert len(lines) == len(account[0].parts)
    assert sum(int(line.rpartition("\t")[2]) for line in lines) == 1 << 32
