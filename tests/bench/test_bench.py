"""The bench's arithmetic: ratios, and how a callgrind file is charged. Nothing is timed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.bench import history, measure, plot, translation

PROFILE = """\
# callgrind format
events: Ir

ob=(1) /xlate-run
fl=(1) ???
fn=(1) translate_block
10 300
cfn=(2) emit_template
calls=3 20
10 900
fn=(2)
20 900
fn=(3) sys_write
30 5000
fn=(4) ???
0x40 70000
+3 5
fn=(1)
12 50
"""


def test_self_costs_leave_out_what_is_called() -> None:
    """Inclusive costs of calls are not the caller's own; repeated parts of a function add up."""
    costs = translation.self_costs(PROFILE.splitlines())
    assert costs == {"translate_block": 350, "emit_template": 900, "sys_write": 5000, "???": 70005}


def test_translated_code_is_told_by_its_name() -> None:
    """Code without a symbol is the guest's."""
    assert translation.is_translated("???")
    assert translation.is_translated("0x000070001234")
    assert translation.is_translated("0x000000057fe9e7f0'2")
    assert not translation.is_translated("0x000007000002c6b2'2")
    assert not translation.is_translated("emit_template")


def test_process_side_functions_are_found(checkout: Path) -> None:
    """Definitions are read from the C sources; translation's own are not among them."""
    names = translation.process_side_functions(checkout / "xlate/runtime/src")
    assert {"load_guest", "options_parse", "thread_run", "elf_map"} <= names
    assert not {"unit_decode", "emit_template", "if", "while", "switch"} & names


def test_measure_forms_ratios_within_rounds() -> None:
    """A row has a median for every engine and a ratio for every pair that was measured."""
    burn = [sys.executable, "-S", "-c", "sum(range(300000)); print(1)"]
    commands = {"native": burn, "xlate": burn}
    pairs = [("xlate", "native"), ("xlate", "qemu")]
    row = measure.measure("same", "integer", commands, rounds=3, pairs=pairs)
    assert set(row.ratios) == {"xlate/native"}
    assert 0.2 < row.ratios["xlate/native"] < 5
    assert row.seconds["native"] > 0


def test_measure_refuses_different_results() -> None:
    """A fast engine with another checksum is no result."""
    commands = {name: [sys.executable, "-S", "-c", f"print({name!r})"] for name in ("a", "b")}
    with pytest.raises(measure.MeasureError, match="different results"):
        measure.measure("x", "integer", commands, rounds=1, pairs=[])


def test_measure_refuses_a_failing_command() -> None:
    """A command that fails is not a quick one."""
    with pytest.raises(measure.MeasureError, match="ended with 3"):
        measure.run([sys.executable, "-S", "-c", "raise SystemExit(3)"])


def test_history_round_trip(tmp_path: Path) -> None:
    """What is appended is read back, and the plot's series has a hole where a run lacks a row."""
    path = tmp_path / "history.jsonl"
    row = measure.Row("fib", "integer", {"xlate": 1.0, "qemu": 2.0}, {"xlate/qemu": 0.5})
    other = measure.Row("crc32", "integer", {"xlate": 1.0, "qemu": 1.0}, {"xlate/qemu": 1.0})
    history.append(path, history.entry([row], {}))
    history.append(path, history.entry([row, other], {"note": 1}))
    runs = history.read(path)
    assert [len(run["rows"]) for run in runs] == [1, 2]
    assert runs[0]["machine"]
    assert plot.series(runs) == {"crc32": [None, 1.0], "fib": [0.5, 0.5]}
    assert json.loads(path.read_text().splitlines()[1])["note"] == 1
