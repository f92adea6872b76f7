"""Host code of chosen guest instructions, text and size: the daily performance test.

A row of ``arm32.json`` says what is compiled (set, word, flags alive, condition fused); the rest
of it is written by ``pytest tests/codegen --bless``. Counts do not jitter, so each difference is
a change of ours or of LLVM, and a person reads the diff. To add a row, write the first keys.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from xlate.isa.nzcv import CONDITIONS
from xlate.pipeline import host_steps
from xlate.verify.capstone_text import disassemble
from xlate.verify.case import code_bytes

GOLDENS = Path(__file__).parent / "arm32.json"
PC = 0x10000
GIVEN = ("isa", "insn", "live", "fused")

Row = dict[str, Any]
ROWS: list[Row] = json.loads(GOLDENS.read_text())


def given(row: Row) -> Row:
    return {name: row[name] for name in GIVEN if name in row}


def name_of(row: Row) -> str:
    return "-".join(str(value) or "none" for value in given(row).values())


@cache
def _made(isa: str, insn: str, live: str, fused: str | None) -> tuple[str, tuple[str, ...], int]:
    code = code_bytes(isa, [int(insn, 16)])
    cond = None if fused is None else CONDITIONS.index(fused)
    steps = host_steps(code, PC, isa != "A32", live=live, fused=cond)
    lines: list[str] = []
    for step in steps:
        lines += [*(["--"] if lines else []), *step.lines()]
    return disassemble(isa, code, PC), tuple(lines), sum(len(step.code) for step in steps)


def made(row: Row) -> Row:
    """Return the row as the code makes it now."""
    text, lines, size = _made(row["isa"], row["insn"], row.get("live", "NZCV"), row.get("fused"))
    count = sum(line != "--" for line in lines)
    return {**given(row), "text": text, "host": list(lines), "count": count, "bytes": size}


def test_bless(bless: bool) -> None:
    if not bless:
        pytest.skip("rewrites arm32.json under --bless only")
    ROWS[:] = [made(row) for row in ROWS]
    GOLDENS.write_text(json.dumps(ROWS, indent=1) + "\n")


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_golden(row: Row, bless: bool) -> None:
    if bless:
        pytest.skip("goldens are being rewritten")
    assert made(row) == row, "review, then pytest tests/codegen --bless"


def test_rows_differ() -> None:
    assert len({name_of(row) for row in ROWS}) == len(ROWS)
    assert {row["isa"] for row in ROWS} == {"A32", "T16", "T32"}


def test_dead_flags_cost_nothing() -> None:
    """ADDS and SUBS with all flags dead are the code of ADD and SUB."""
    for plain, setting in (("e0810002", "e0910002"), ("e0410002", "e0510002")):
        without = made({"isa": "A32", "insn": plain})
        dead = made({"isa": "A32", "insn": setting, "live": ""})
        assert dead["host"] == without["host"]
        alive = made({"isa": "A32", "insn": setting})
        assert alive["count"] > dead["count"]


def test_instruction_sets_share_templates() -> None:
    """The same operation on the same registers is the same code in A32, T16 and T32."""
    words = {"A32": "e0910002", "T16": "1888", "T32": "eb110002"}
    hosts = [made({"isa": isa, "insn": word})["host"] for isa, word in words.items()]
    assert hosts[0] == hosts[1] == hosts[2]
