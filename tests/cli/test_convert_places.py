"""Where `xlate convert` refuses to write, and what it says of stores that are none."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import needs as wanted
from tests.loader.elf_bytes import Elf

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]
PROGRAM = Elf().build()


@pytest.fixture
def convert(xlate_command: list[str], python_env: dict[str, str], tmp_path: Path) -> Run:
    (tmp_path / "one").write_bytes(PROGRAM)
    (tmp_path / "other").write_bytes(PROGRAM[:-1] + b"x")

    def run(*words: str, **changes: str | None) -> subprocess.CompletedProcess[bytes]:
        settings = {**python_env, "XLATE_CACHE": str(tmp_path / "store"), **changes}
        env = {name: value for name, value in settings.items() if value is not None}
        command = [*xlate_command, "convert", "-q", "one", *words]
        return subprocess.run(
            command, env=env, cwd=tmp_path, capture_output=True, timeout=120, check=False
        )

    return run


@pytest.mark.parametrize("output", ["one", "other", "notes"])
def test_what_is_no_package_is_not_replaced(convert: Run, tmp_path: Path, output: str) -> None:
    """A slip of the hand (`-o` before the wrong name) must not cost a program or a text."""
    (tmp_path / "notes").write_text("mine")
    before = (tmp_path / output).read_bytes()
    done = convert("-o", output)
    assert (done.returncode, done.stdout) == (1, b"")
    words = f"xlate: one: cannot write {output} (it exists and is no package)\n"
    assert done.stderr == words.encode()
    assert (tmp_path / output).read_bytes() == before


def test_a_device_is_not_replaced(convert: Run, tmp_path: Path) -> None:
    """As root, a rename over /dev/null would end the peace of the whole machine."""
    os.mkfifo(tmp_path / "pipe")
    done = convert("-o", "pipe")
    assert done.returncode == 1
    assert done.stderr == b"xlate: one: cannot write pipe (it exists and is no package)\n"
    assert (tmp_path / "pipe").is_fifo()


def test_packages_and_empty_files_are_replaced(convert: Run, tmp_path: Path) -> None:
    (tmp_path / "one.xlp").touch()
    first = convert("-o", "one.xlp")
    assert (first.returncode, first.stderr) == (0, b"")
    made = (tmp_path / "one.xlp").read_bytes()
    (tmp_path / "one.xlp").write_bytes(made[:5000])
    assert convert("-o", "one.xlp").returncode == 0
    assert (tmp_path / "one.xlp").read_bytes() == made


def test_without_a_home_there_is_no_store(convert: Run) -> None:
    done = convert(XLATE_CACHE=None, XDG_CACHE_HOME=None, HOME=None)
    assert done.returncode == 1
    assert done.stderr == (
        b"xlate: no store (neither XLATE_CACHE nor HOME says where); try: -o FILE\n"
    )


def test_a_file_where_the_store_should_be(convert: Run, tmp_path: Path) -> None:
    store = tmp_path / "other"
    done = convert(XLATE_CACHE=str(store))
    assert done.returncode == 1
    assert done.stderr == f"xlate: one: cannot write {store} (not a directory)\n".encode()
    assert convert("-o", "one.xlp", XLATE_CACHE=str(store)).returncode == 0


def test_a_store_that_cannot_be_written(convert: Run, tmp_path: Path) -> None:
    user = wanted.needs_ordinary_user()
    store = tmp_path / "theirs"
    store.mkdir(mode=0o700)
    os.chown(store, user, user)
    done = convert(XLATE_CACHE=str(store))
    assert done.returncode == 1
    assert done.stderr.startswith(b"xlate: one: the store is not safe to use (")
    assert done.stderr.count(b"\n") == 1
