"""`xlate coverage`: rows that add up, totals, and files that cannot be read."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.loader.elf_bytes import CODE, Elf, Phdr

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]

# After the call of the system come a literal that nothing names, and a coprocessor's instruction.
MORE = bytes.fromhex("0170a0e3 0000a0e3 110f01ee 000000ef")


def program(code: bytes) -> bytes:
    """Return a program whose text is exactly the code."""
    phdr = Phdr(filesz=len(code), memsz=len(code))
    return Elf(phdrs=[phdr]).build().removesuffix(CODE) + code


@pytest.fixture
def xlate(xlate_command: list[str], python_env: dict[str, str], tmp_path: Path) -> Run:
    def run(*words: str) -> subprocess.CompletedProcess[bytes]:
        command = [*xlate_command, "coverage", *words]
        return subprocess.run(
            command, env=python_env, cwd=tmp_path, capture_output=True, timeout=60, check=False
        )

    return run


def test_rows_add_up(xlate: Run, tmp_path: Path) -> None:
    (tmp_path / "prog").write_bytes(program(MORE))
    done = xlate("prog", "--json")
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)
    assert row["path"] == "prog"
    assert row["text"] == len(MORE)
    assert sum(row["code"].values()) + row["data"] + row["unknown"] == row["text"]
    assert row["translated"] + sum(row["refused"].values()) == row["instructions"]


def test_refused_instructions_have_a_reason(xlate: Run, tmp_path: Path) -> None:
    (tmp_path / "prog").write_bytes(program(MORE))
    row = json.loads(xlate("prog", "--json").stdout)
    assert list(row["refused"].values()) == [1]
    assert all("coprocessor" in reason for reason in row["refused"])
    text = xlate("prog").stdout.decode()
    assert "Refused instructions\n  1 coprocessor" in text


def test_a_folder_has_a_total(xlate: Run, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    for name in ("one", "two"):
        (tmp_path / "tree" / name).write_bytes(Elf().build())
    (tmp_path / "tree" / "notes").write_text("text")
    done = xlate("tree")
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.decode().splitlines()]
    assert [row[0] for row in rows] == ["file", "tree/one", "tree/two", "all"]
    at = rows[0].index("instructions")
    assert [int(row[at]) for row in rows[1:]] == [3, 3, 6]


def test_bad_file_is_one_line_and_the_rest_goes_on(xlate: Run, tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"\x7fELF")
    (tmp_path / "good").write_bytes(Elf().build())
    done = xlate("bad", "good", "--json")
    assert done.returncode == 1
    assert done.stderr.startswith(b"xlate: bad: ")
    assert done.stderr.count(b"\n") == 1
    assert [json.loads(line)["path"] for line in done.stdout.splitlines()] == ["good"]


def test_nothing_named_is_a_usage_error(xlate: Run) -> None:
    assert xlate().returncode == 2
