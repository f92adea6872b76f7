"""Optimised code of chosen instructions and idioms, text and size, as a function of its own.

A row of ``optimised.json`` gives a set and words (those of a function: it ends by returning), and
``what`` it is where it is more than one instruction; the rest is written by ``pytest
tests/codegen --bless``. An instruction is counted with the load of lr and the return, which the
first row has alone. What a vector operation itself costs is the difference of two rows: operands
and result go through memory in both, and one has the operation.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backends.llvm.objects import CALLEE, ObjectCode
from backends.llvm.pool import Outcome, compile_functions
from backends.llvm.slots import PRELUDE
from backends.llvm.unit import FunctionText
from xlate.discovery import discover
from xlate.lift import Lifting
from xlate.loader import parse
from xlate.report.package import disassemble
from xlate.verify import capstone_text
from xlate.verify.case import PAGE, code_bytes
from xlate.verify.elf_file import CodePage, elf_file

GOLDENS = Path(__file__).parent / "optimised.json"
BASELINE = Path(__file__).parent / "arm32.json"
PC = 0x10000
LEVEL = 1
GIVEN = ("isa", "what", "code")
QUADS, QUAD = "quads from and to memory", "quad "
MOST = 3  # host instructions of an operation on 128 bits
# No product of bytes or words, no arithmetic shift of bytes or doublewords in SSE2; LLVM finds
# PAVGB for VRHADD where its operands come in registers, and not here.
LONGER = {f"{QUAD}v{op}" for op in ("mul.i8", "mul.i32", "shr.s8", "shr.s64", "rhadd.u8")}

_NAME = re.compile(r"@f_[0-9a-f]{8}\b")
Row = dict[str, Any]
ROWS: list[Row] = json.loads(GOLDENS.read_text())


def given(row: Row) -> Row:
    return {name: row[name] for name in GIVEN if name in row}


def name_of(row: Row) -> str:
    return f"{row['isa']}-{row.get('what') or row['code'].split()[0]}"


def code_of(row: Row) -> bytes:
    return b"".join(code_bytes(row["isa"], [int(word, 16)]) for word in row["code"].split())


def lifted(row: Row, number: int) -> FunctionText:
    """Return the row's function as text, under a name that no other row has."""
    thumb = int(row["isa"] != "A32")
    image = parse(elf_file([CodePage(PC, code_of(row).ljust(PAGE, b"\0"), PC | thumb)]), "row")
    text = Lifting(image, discover(image)).text_of(PC | thumb)
    assert text is not None
    name = f"{text.name}.{number}"
    return replace(text, name=name, text=_NAME.sub(f"@{name}", text.text))


def guest_text(row: Row) -> list[str]:
    lines, at = [], PC
    for word in row["code"].split():
        code = code_bytes(row["isa"], [int(word, 16)])
        lines.append(capstone_text.disassemble(row["isa"], code, at))
        at += len(code)
    return lines


def made(row: Row, text: FunctionText, outcome: Outcome) -> Row:
    """Return the row as the code makes it now."""
    assert isinstance(outcome, ObjectCode), outcome
    calls = {r.offset + 4 for r in outcome.relocs if r.kind == CALLEE}
    host = [
        "call itself" if line.offset + len(line.data) in calls else line.text
        for line in disassemble(outcome.code, 0, text.key, (), {})
    ]
    size = len(outcome.code)
    return {
        **given(row), "text": guest_text(row), "host": host, "count": len(host), "bytes": size
    }  # fmt: skip


@pytest.fixture(scope="module")
def now() -> list[Row]:
    """Return all rows as they are made now; one compilation for all."""
    texts = [lifted(row, number) for number, row in enumerate(ROWS)]
    outcomes = compile_functions(texts, PRELUDE, level=LEVEL, jobs=1)
    return [made(row, text, outcomes[text.name]) for row, text in zip(ROWS, texts, strict=True)]


def test_bless(now: list[Row], bless: bool) -> None:
    if not bless:
        pytest.skip("rewrites optimised.json under --bless only")
    ROWS[:] = now
    GOLDENS.write_text(json.dumps(now, indent=1) + "\n")


def test_goldens(now: list[Row], bless: bool) -> None:
    if bless:
        pytest.skip("goldens are being rewritten")
    changed = [(old, new) for old, new in zip(ROWS, now, strict=True) if old != new]
    names = ", ".join(name_of(old) for old, _ in changed)
    for old, new in changed:
        assert new == old, f"of {names}; review, then pytest tests/codegen --bless"


def test_rows_differ() -> None:
    assert len({(row["isa"], row["code"]) for row in ROWS}) == len(ROWS)


def test_both_engines_have_enough_rows() -> None:
    """Some 150 instructions each, and what leaves an instruction's function is in an idiom."""
    baseline = {(row["isa"], row["insn"]) for row in json.loads(BASELINE.read_text())}
    assert len(baseline) >= 150
    assert len([row for row in ROWS if "what" not in row]) >= 150
    assert len([row for row in ROWS if "what" in row]) >= 40


def working(row: Row) -> int:
    """Count a row's host instructions without those that save and restore registers."""
    return sum("[rsp" not in line for line in row["host"])


def test_operations_on_quads_are_one_to_three_host_instructions() -> None:
    """Of 128 bits, additions, multiplications, shifts and the like; but for what SSE2 lacks."""
    rows = {row["what"]: working(row) for row in ROWS if "quad" in row.get("what", "")}
    added = {name: count - rows[QUADS] for name, count in rows.items() if name != QUADS}
    assert len(added) >= 30
    assert all(f"{QUAD}v{kind}" in added for kind in ("add.i32", "sub.i8", "mul.i16", "shl.i64"))
    assert {name for name, count in added.items() if not 1 <= count <= MOST} == LONGER
