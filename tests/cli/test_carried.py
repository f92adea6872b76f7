"""`xlate convert --standalone` and `xlate pack --into-runtime` from a shell's view."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.cli.test_convert import FLAGS, SOURCE, STATUS
from xlate.cli import cli
from xlate.package import bundle

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def program(guest_cc: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("program")
    (folder / "prog.c").write_text(SOURCE)
    command = [*guest_cc, *FLAGS, "-mthumb", "prog.c", "-o", "prog"]
    subprocess.run(command, cwd=folder, check=True, timeout=120)
    return folder / "prog"


@pytest.fixture
def xlate(xlate_command: list[str], python_env: dict[str, str], tmp_path: Path) -> Run:
    def run(*words: object, cache: object = tmp_path / "store") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*xlate_command, *map(str, words)],
            env={**python_env, "XLATE_CACHE": str(cache)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def started(*words: object) -> tuple[int, dict[str, object]]:
    """Status and statistics of a command without an environment."""
    done = subprocess.run(
        [str(word) for word in words],
        env={"XLATE_STATS": "json"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    stats = json.loads(done.stderr)
    return done.returncode, {
        "states": [row["state"] for row in stats["packages"]],
        "runtime_blocks": stats["runtime_blocks"],
    }


@pytest.mark.needs_guest_cc
def test_a_standalone_executable(xlate: Run, program: Path, tmp_path: Path) -> None:
    """It runs as its program does, and has the same bytes wherever it is made."""
    done = xlate("convert", "--standalone", program, "-o", "app", "-j", 1, cache="off")
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 file of the guest" in done.stdout
    assert "1 translated" in done.stdout
    expected = {"states": ["hit in the runtime"], "runtime_blocks": 0}
    assert started(tmp_path / "app", "--help") == (STATUS, expected)
    again = xlate("convert", "--standalone", program, "-o", "two", "-j", 2, "--json", cache="off")
    told = json.loads(again.stdout)
    assert [row["from_store"] for row in told["packages"]] == [False]
    assert told["files"] == [{"path": str(program), "names": [], "size": program.stat().st_size}]
    assert (tmp_path / "app").read_bytes() == (tmp_path / "two").read_bytes()
    assert str(program.parent).encode() not in (tmp_path / "two").read_bytes()


@pytest.mark.needs_guest_cc
def test_it_runs_as_it_was_made(xlate: Run, program: Path, tmp_path: Path) -> None:
    assert xlate("convert", "--standalone", program, "-o", "app", "--fp", "fast").returncode == 0
    assert started(tmp_path / "app")[1]["states"] == ["hit in the runtime"]


@pytest.mark.needs_guest_cc
def test_a_runtime_with_packages(xlate: Run, program: Path, tmp_path: Path) -> None:
    done = xlate("pack", "--into-runtime", program, "-o", "run")
    assert (done.returncode, done.stderr) == (0, "")
    assert "run: 1 package" in done.stdout
    expected = {"states": ["hit in the runtime"], "runtime_blocks": 0}
    assert started(tmp_path / "run", program) == (STATUS, expected)
    listed = json.loads(xlate("pack", "list", "run", "--json").stdout)
    assert [row["names"] for row in listed["packages"]] == [["prog"]]
    data = bytearray((tmp_path / "run").read_bytes())
    data[-1] ^= 1
    (tmp_path / "run").write_bytes(data)
    damaged = xlate("pack", "verify", "run")
    assert damaged.returncode == 1
    assert damaged.stderr.startswith("xlate: run: damaged executable (its checksum is wrong)")


def said(*words: object) -> tuple[int, str]:
    """Exit status and standard error of the command in this process."""
    done = CliRunner().invoke(cli, [str(word) for word in words])
    return done.exit_code, done.stderr


def test_nothing_else_is_replaced(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("dear diary")
    for words in (("convert", "--standalone"), ("pack", "--into-runtime")):
        status, line = said(*words, "/bin/sh", "-o", mine)
        assert status == 1
        assert line == f"xlate: {mine}: it exists, and is no executable that carries anything\n"
        assert mine.read_text() == "dear diary"


def test_it_is_for_one_program_into_a_file() -> None:
    for words in (("prog",), ("one", "two", "-o", "app"), ("--recursive", ".", "-o", "app")):
        status, lines = said("convert", "--standalone", *words)
        assert status == 2
        assert "--standalone is for one program, and needs -o FILE" in lines


def test_what_is_no_program_is_told(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no program")
    status, line = said("convert", "--standalone", text, "-o", tmp_path / "app")
    assert (status, line.startswith(f"xlate: {text}: ")) == (1, True)
    assert not (tmp_path / "app").exists()
    assert not bundle.carries(text)
