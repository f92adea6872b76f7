"""Our own code fails on one function: the program is converted without it, and it is named."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from backends.llvm.function import Lifter
from tests.cli.test_convert import FLAGS, SOURCE, STATUS
from xlate.cli.convert import convert_command
from xlate.errors import Inconsistent
from xlate.loader import load
from xlate.package.format import read
from xlate.package.store import Store

SAID = "internal error: sp is -8 and -56"


@pytest.fixture
def program(guest_cc: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a program on whose function `chosen` the lifter fails."""
    path = tmp_path / "prog"
    command = [*guest_cc, *FLAGS, "-mthumb", "-x", "c", "-", "-o", str(path)]
    subprocess.run(command, input=SOURCE, text=True, check=True, timeout=120)
    key, real = key_of(path), Lifter.text

    def text(lifter):
        if lifter.source.key == key:
            raise Inconsistent("sp is -8 and -56")
        return real(lifter)

    monkeypatch.setattr(Lifter, "text", text)
    monkeypatch.setenv("XLATE_CACHE", str(tmp_path / "store"))
    return path


def key_of(program: Path) -> int:
    """Return the key of `chosen`."""
    symbol = load(program).symbol_named("chosen")
    assert symbol is not None
    return symbol.guest_va | 1


def converted(*words: str | Path) -> Result:
    return CliRunner().invoke(convert_command, ["--jobs", "1", *map(str, words)])


@pytest.mark.needs_guest_cc
def test_it_costs_that_function_only(program: Path, xlate_run: Path, tmp_path: Path) -> None:
    done = converted(program)
    assert done.exit_code == 0, done.output
    where = f"the function at {key_of(program) & ~1:#x}"
    assert f"xlate: {program}: {where} stays in the baseline tier ({SAID})\n" in done.stderr
    assert f"1 {SAID}" in done.stdout
    path = Store(tmp_path / "store").find(program.read_bytes())
    assert path is not None
    package = read(path)
    assert package.provenance["mistakes"] == [[f"{key_of(program):#x}", SAID]]
    assert key_of(program) not in {entry.key for entry in package.entries}
    assert package.functions >= 3
    run = [str(xlate_run), "--stats=json", str(program)]
    ran = subprocess.run(run, capture_output=True, timeout=60, check=False)
    assert ran.returncode == STATUS
    stats = json.loads(ran.stderr)
    assert [row["state"] for row in stats["packages"]] == ["hit"]
    assert stats["runtime_blocks"] > 0


@pytest.mark.needs_guest_cc
def test_strict_makes_it_a_failure(program: Path, tmp_path: Path) -> None:
    done = converted("--strict", "--quiet", program, "-o", tmp_path / "out.xlp")
    assert done.exit_code == 125
    assert done.stderr.count("\n") == 1
    assert SAID in done.stderr


@pytest.mark.needs_guest_cc
def test_json_names_it(program: Path, tmp_path: Path) -> None:
    row = json.loads(converted("--json", program, "-o", tmp_path / "out.xlp").stdout)
    assert row["mistakes"] == [[f"{key_of(program):#x}", SAID]]
    assert row["refused"] == {SAID: 1}


@pytest.mark.needs_guest_cc
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize(("words", "status"), [((), 0), (("--strict",), 125)])
def test_a_tree_is_converted_all_the_same(
    program: Path, tmp_path: Path, words: tuple[str, ...], status: int
) -> None:
    done = converted("--recursive", tmp_path, *words)
    assert done.exit_code == status
    assert done.stderr.count(f"stays in the baseline tier ({SAID})") == 1
    rows = [line.split()[:2] for line in done.stdout.splitlines()]
    assert ["converted", "1"] in rows
    assert not [row for row in rows if row[:1] in (["failed"], ["not"])]
