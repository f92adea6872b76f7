"""Random words, decoded by our rows and by capstone: both know an instruction, or neither.

Where capstone prints an instruction that we call undefined, unicorn has the casting vote, since
capstone often ignores bits that should be 0 or 1 and knows coprocessors that no machine has;
where it takes such bits as fixed and our row does not, the word is left out. What remains
stands in ``capstone.toml`` with a reason; an entry that no longer occurs fails. Words that the
manual calls UNPREDICTABLE are left out: disassemblers choose freely there.
"""

from __future__ import annotations

import random
import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import capstone
import pytest

from frontends.arm32.decode import A32, T16, T32, Insn, decode_a32, decode_t32, is_wide, record_insn
from tests import needs
from xlate.isa import Refusal, Row
from xlate.verify.case import State, code_bytes, make_case
from xlate.verify.generate import should_be

SETS = {"A32": A32, "T16": T16, "T32": T32}
WORDS = 40_000
PC = 0x10000


@dataclass(frozen=True)
class Listed:
    """Rows for which we answer otherwise; ``text`` is a part of what capstone prints."""

    isa: str
    rows: list[str]
    ours: str
    reason: str
    text: str = ""

    def covers(self, isa: str, row: str, ours: str, text: str) -> bool:
        known = row in self.rows and ours == self.ours
        return self.isa in (isa, "*") and known and self.text in text


LISTED = [
    Listed(**entry)
    for entry in tomllib.loads(Path(__file__).with_name("capstone.toml").read_text())["difference"]
]


@cache
def disassemblers(isa: str) -> tuple[capstone.Cs, ...]:
    """ARMv8 has no SWP any more, ARMv7 not yet VSEL: our processor has both."""
    mode = capstone.CS_MODE_ARM if isa == "A32" else capstone.CS_MODE_THUMB
    return tuple(capstone.Cs(capstone.CS_ARCH_ARM, mode | v) for v in (capstone.CS_MODE_V8, 0))


def capstone_text(isa: str, word: int) -> str:
    code = code_bytes(isa, [word])
    for disassembler in disassemblers(isa):
        for _, size, mnemonic, operands in disassembler.disasm_lite(code, PC):
            if size == len(code):
                return f"{mnemonic} {operands}"
    return ""


def our_answer(insn: Insn) -> str:
    """Executes, or the kind of the refusal."""
    try:
        record_insn(insn)
    except Refusal as refusal:
        return refusal.kind
    return "executes"


def words(isa: str, pick: random.Random):
    """Half from the rows, half anything."""
    rows: list[Row] = list(SETS[isa])
    for number in range(WORDS):
        row = pick.choice(rows)
        word = row.encoding.value | pick.getrandbits(row.encoding.width) & ~row.encoding.mask
        if number % 2:
            word = pick.getrandbits(row.encoding.width)
        first = word >> 16 if isa == "T32" else word
        if isa == "A32" or is_wide(first) == (isa == "T32"):
            yield word


@pytest.fixture(scope="module")
def unicorn_refuses():
    needs.needs_module("unicorn")
    from xlate.verify.unicorn_engine import UnicornEngine

    engine = UnicornEngine()

    def refuses(isa: str, word: int) -> bool:
        always = word & 0x0FFFFFFF | 0xE0000000 if isa == "A32" and word >> 28 < 15 else word
        return engine.run([make_case(isa, [always], State(), {})])[0].stop == "undefined"

    return refuses


@pytest.mark.parametrize("isa", SETS)
def test_capstone_knows_what_we_know(isa, unicorn_refuses):
    pick = random.Random(isa)
    seen: Counter[int] = Counter()
    found = []
    for word in words(isa, pick):
        size = len(code_bytes(isa, [word]))
        insn = decode_a32(word, PC) if isa == "A32" else decode_t32(word, size, PC, 0)
        ours, text = our_answer(insn), capstone_text(isa, word)
        if ours == "unpredictable" or (ours == "undefined") == (text == ""):
            continue
        if ours == "undefined" and unicorn_refuses(isa, word):
            continue
        if text == "" and insn.row is not None and should_be(insn.row):
            continue
        name = insn.row.name if insn.row is not None else "gap"
        entry = next((i for i, e in enumerate(LISTED) if e.covers(isa, name, ours, text)), None)
        if entry is None:
            found.append(f"{isa} {word:08x} {name}: we {ours}, capstone {text or 'knows nothing'}")
        else:
            seen[entry] += 1
    assert not found, f"{len(found)} differences:\n" + "\n".join(found[:40])
    stale = [e.reason for i, e in enumerate(LISTED) if e.isa == isa and not seen[i]]
    assert not stale, f"no longer differ, remove from capstone.toml: {stale}"
