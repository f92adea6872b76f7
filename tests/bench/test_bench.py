"""The bench's arithmetic: ratios, and how a callgrind file is charged. Nothing is timed."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from corpus import build as corpus
from tests.bench import calls, conversion, disturbed, history, measure, plot, tables, translation
from tests.bench.engines import (
    BASELINE,
    ENGINES,
    NATIVE,
    OPTIMISED,
    PAIRS,
    QEMU,
    Converter,
    Engines,
)

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
    commands = {NATIVE: burn, BASELINE: burn}
    row = measure.measure("same", "integer", commands, rounds=3, pairs=PAIRS)
    assert set(row.ratios) == {"baseline/native"}
    assert 0.2 < row.ratios["baseline/native"] < 5
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
    row = measure.Row("fib", "integer", {BASELINE: 1.0, QEMU: 2.0}, {"baseline/qemu": 0.5})
    other = measure.Row("crc32", "integer", {BASELINE: 1.0, QEMU: 1.0}, {"baseline/qemu": 1.0})
    history.append(path, history.entry([row], {}))
    history.append(path, history.entry([row, other], {"note": 1}))
    runs = history.read(path)
    assert [len(run["rows"]) for run in runs] == [1, 2]
    assert runs[0]["machine"]
    assert plot.series(runs, "baseline/qemu") == {"crc32": [None, 1.0], "fib": [0.5, 0.5]}
    assert json.loads(path.read_text().splitlines()[1])["note"] == 1


def test_plot_reads_runs_of_one_tier() -> None:
    """Runs from before the optimised tier stay in the baseline's curve, and in no other."""
    former = {"rows": [{"name": "fib", "group": "integer", "ratios": {"xlate/qemu": 0.4}}]}
    assert plot.series([former], "baseline/qemu") == {"fib": [0.4]}
    assert plot.mean(former, "baseline/qemu") == pytest.approx(0.4)
    assert plot.mean(former, "optimised/native") is None


def test_plot_is_drawn(tmp_path: Path) -> None:
    """A picture comes out, with one run and with none of the optimised tier."""
    pytest.importorskip("matplotlib", reason='needs the extra "bench" (matplotlib)')
    row = measure.Row("fib", "integer", {BASELINE: 1.0, QEMU: 2.0}, {"baseline/qemu": 0.5})
    plot.draw([history.entry([row], {})], tmp_path / "history.svg")
    assert "baseline/qemu" in (tmp_path / "history.svg").read_text()


def _row(name: str, group: str, ratio: float) -> measure.Row:
    return measure.Row(name, group, {OPTIMISED: ratio, NATIVE: 1}, {"optimised/native": ratio})


def test_means_leave_out_what_stands_apart() -> None:
    """A mean for each group, and one over all but the vectors."""
    rows = [_row("a", "integer", 2), _row("b", "calls", 8), _row("c", "neon", 1000)]
    averages = tables.means(rows)
    assert averages[tables.ALL]["optimised/native"] == pytest.approx(4)
    assert averages["neon"]["optimised/native"] == pytest.approx(1000)


def test_goals_by_group_and_mode() -> None:
    """PIE has a goal of its own; a ratio without a goal has none."""
    assert tables.target(tables.ALL, "optimised/native", "thumb") == 1.25
    assert tables.target(tables.ALL, "optimised/native", "pie") == 1.3
    assert tables.target("calls", "optimised/native", "arm") == 1.4
    assert tables.target("neon", "optimised/native", "arm") is None


STAND_IN = """
import json, os, pathlib, sys
words = sys.argv[1:]
output = pathlib.Path(words[words.index("-o") + 1])
store = pathlib.Path(os.environ["XLATE_CACHE"])
profile = store / "profile"
known = profile.read_text() if profile.exists() else ""
output.write_text(f"{known}{words[0]}")
translated = {"functions": 2, "instructions": 600}
print(json.dumps({"level": 1, "translated": translated}))
"""

# A package is good when it says that it was found.
STAND_IN_RUN = """\
#!/bin/sh
state="not found"
if [ "$1" = --stats=json ]; then
    grep -q found "$5" && state=hit
    printf '{"packages": [{"file": "/a/prog", "state": "%s"}]}' "$state" >"$3"
fi
printf "found " >"$XLATE_CACHE/profile"
"""


@pytest.fixture
def stand_in(tmp_path: Path) -> Converter:
    """A conversion command that writes a file, told by a profile in the store."""
    script = tmp_path / "convert.py"
    script.write_text(STAND_IN)
    return Converter(tmp_path / "store", 2, (sys.executable, "-S", str(script)))


def test_a_program_is_converted_run_and_converted_again(
    stand_in: Converter, tmp_path: Path
) -> None:
    """The package that is timed knows what the run between the conversions found."""
    runner = tmp_path / "run"
    runner.write_text(STAND_IN_RUN)
    runner.chmod(0o700)
    engines = Engines(ENGINES, runner, None, stand_in, Path("/sysroot"), tmp_path / "packages")
    engines.prepare(Path("prog"), ["3"])
    package = engines.package(Path("prog"))
    assert package.read_text() == "found prog"
    # A good package stays as it is.
    package.write_text("found it")
    engines.prepare(Path("prog"), ["3"])
    assert package.read_text() == "found it"
    replace(engines, fresh=True).prepare(Path("prog"), ["3"])
    assert package.read_text() == "found prog"
    commands = engines.guest(Path("prog"), ["7"])
    tail = ["-L", "/sysroot", "prog", "7"]
    assert commands == {
        OPTIMISED: [str(runner), "-p", str(package), "--tier", "auto", *tail],
        BASELINE: [str(runner), "--tier", "baseline", *tail],
    }
    assert "-O2" in stand_in.command(Path("prog"), package)


def test_a_package_that_is_not_taken_is_not_timed(stand_in: Converter, tmp_path: Path) -> None:
    """Otherwise the baseline tier's time would stand in the optimised tier's column."""
    runner = tmp_path / "run"
    runner.write_text(STAND_IN_RUN.replace('"found "', '"lost "'))
    runner.chmod(0o700)
    engines = Engines(ENGINES, runner, None, stand_in, None, tmp_path / "packages")
    with pytest.raises(measure.MeasureError, match="not taken: not found"):
        engines.prepare(Path("prog"), ["3"])


def test_a_conversion_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    """A command that succeeds without a package would leave an old one to be timed."""
    idle = Converter(tmp_path / "store", words=(sys.executable, "-S", "-c", "pass"))
    with pytest.raises(measure.MeasureError, match="wrote no"):
        idle.convert(Path("prog"), tmp_path / "none" / "prog.xlp")


def test_conversion_cost(stand_in: Converter, tmp_path: Path) -> None:
    """Time, memory and size are those of a conversion from an empty store."""
    stand_in.store.mkdir()
    (stand_in.store / "profile").write_text("of another run ")
    cost = conversion.convert_from_nothing(stand_in, Path("prog"))
    assert (cost.functions, cost.instructions, cost.package_bytes) == (2, 600, len("prog"))
    assert cost.instructions_per_second == pytest.approx(600 / cost.cpu_seconds)
    assert cost.peak_process_mib > 1


def test_watched_counts_children() -> None:
    """The peak is that of the whole tree."""
    child = "import subprocess, sys; b = bytes(range(256)) * 160000; subprocess.run(sys.argv[1:])"
    grandchild = "import time; b = bytes(range(256)) * 160000; time.sleep(1)"
    leaf = [sys.executable, "-S", "-c", grandchild]
    command = [sys.executable, "-S", "-c", child, *leaf]
    _, peak = conversion.watched(command, {})
    assert peak > 2 * 40000


def test_disturbed_commands_pair_variants(stand_in: Converter) -> None:
    """Each engine runs both variants with the same count."""
    program = next(p for p in corpus.disturbed() if p.name == "recursion")
    engines = Engines((NATIVE, BASELINE), Path("run"), None, stand_in)
    words = disturbed.commands(program, Path("guest"), 9, engines)
    # recursion is not for the native build.
    assert list(words) == ["baseline undisturbed", "baseline disturbed"]
    assert words["baseline disturbed"][-2:] == ["disturbed", "9"]
    assert words["baseline undisturbed"][-2:] == ["undisturbed", "9"]


def test_calls_are_compared_with_native(tmp_path: Path) -> None:
    """Figures come from lines of the program; a ratio above its goal is marked."""
    script = tmp_path / "calls.sh"
    script.write_text("echo null 300\necho thread 10\n")
    figures = {BASELINE: calls.run(["sh", str(script)]), NATIVE: {"null": 100.0, "thread": 10.0}}
    rows = list(zip(*(column.cells for column in calls.table(figures).columns), strict=True))
    assert rows[0] == ("null", "300", "[red]3.00[/] (2.0)", "100")
    assert ("thread", "10", "[green]1.00[/] (2.0)", "10") in rows
    assert ("mmap", "", "", "") in rows


def test_calls_that_fail_are_told() -> None:
    with pytest.raises(measure.MeasureError, match="ended with 3: no"):
        calls.run(["sh", "-c", "echo no >&2; exit 3"])
