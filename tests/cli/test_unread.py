"""What cannot be looked into is told by each command that searches folders: no silent gap."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from tests.loader.elf_bytes import Elf
from xlate.cli.convert import convert_command
from xlate.cli.coverage import coverage
from xlate.convert import files


@pytest.fixture
def closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a program, a file and a folder that cannot be read, even by root."""
    tree = tmp_path / "tree"
    (tree / "shut").mkdir(parents=True)
    for name in ("good", "hidden", "shut/inside"):
        (tree / name).write_bytes(Elf().build())
    opened, listed = os.open, os.scandir
    shut = {str(tree / "hidden"), str(tree / "shut")}

    def refuse(path: Any) -> None:
        if str(path) in shut:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    def open_file(path: Any, *rest: Any, **more: Any) -> int:
        refuse(path)
        return opened(path, *rest, **more)

    def scan(path: Any = ".") -> Any:
        refuse(path)
        return listed(path)

    monkeypatch.setattr(os, "open", open_file)
    monkeypatch.setattr(os, "scandir", scan)
    return tree


def test_below_says_what_it_could_not_read(closed: Path) -> None:
    found = files.below(closed)
    assert found.files == (closed / "good",)
    assert found.others == 0
    told = [(path.name, str(why)) for path, why in found.unread]
    assert sorted(told) == [
        (name, "cannot be read (permission denied)") for name in ("hidden", "shut")
    ]


@pytest.mark.parametrize(
    ("command", "words"),
    [(coverage, ()), (convert_command, ("--jobs", "1", "-o", "out", "--recursive"))],
    ids=["coverage", "convert"],
)
def test_commands_say_it_and_fail(
    closed: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: click.Command,
    words: tuple[str, ...],
) -> None:
    monkeypatch.chdir(closed.parent)
    monkeypatch.setenv("XLATE_CACHE", "off")
    done = CliRunner().invoke(command, [*words, str(closed)])
    assert done.exit_code == 1
    for name in ("hidden", "shut"):
        assert f"xlate: {closed / name}: cannot be read (permission denied)\n" in done.output
    assert "good" in done.output or ["converted", "1"] in [
        line.split()[:2] for line in done.output.splitlines()
    ]
