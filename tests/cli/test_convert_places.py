"""Where `xlate convert` refuses to write, and what it says of stores that are none."""

from __future__ import annotations

import json
import os
import random
import resource
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests import needs as wanted
from tests.loader.elf_bytes import BASE, CODE_OFFSET, Elf
from xlate.cli import convert as command
from xlate.convert.program import Job
from xlate.convert.result import Conversion
from xlate.errors import Inconsistent
from xlate.package.format import read
from xlate.package.key import quick_key
from xlate.package.layout import (
    PROFILE,
    PROFILE_FORMAT,
    PROFILE_MAGIC,
    PROFILE_SLOTS,
    PROFILE_SUFFIX,
)

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]
PROGRAM = Elf().build()


@pytest.fixture
def convert(xlate_command: list[str], python_env: dict[str, str], tmp_path: Path) -> Run:
    (tmp_path / "one").write_bytes(PROGRAM)
    (tmp_path / "other").write_bytes(PROGRAM[:-1] + b"x")

    def run(
        *words: str, limits: dict[int, int] | None = None, **changes: str | None
    ) -> subprocess.CompletedProcess[bytes]:
        def limit() -> None:
            for kind, most in (limits or {}).items():
                resource.setrlimit(kind, (most, most))

        settings = {**python_env, "XLATE_CACHE": str(tmp_path / "store"), **changes}
        env = {name: value for name, value in settings.items() if value is not None}
        words_in = [*xlate_command, "convert", "-q", "one", *words]
        return subprocess.run(
            words_in, env=env, cwd=tmp_path, capture_output=True, timeout=120, check=False,
            preexec_fn=limit,
        )  # fmt: skip

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


def test_a_full_disk_is_told_with_the_place(convert: Run, tmp_path: Path) -> None:
    """A limit on file sizes stands for the disk."""
    limits = {resource.RLIMIT_FSIZE: 6000}
    done = convert("-o", "out.xlp", XLATE_CACHE="off", limits=limits)
    assert done.returncode == 1
    assert done.stderr == b"xlate: one: cannot write out.xlp (file too large)\n"
    assert not (tmp_path / "out.xlp").exists()


def test_without_a_worker_nothing_is_said_of_writing(convert: Run) -> None:
    done = convert("-o", "out.xlp", XLATE_CACHE="off", limits={resource.RLIMIT_NOFILE: 8})
    assert done.returncode == 1
    words = b"no worker can be started (too many open files); try: --jobs 1\n"
    assert done.stderr == b"xlate: one: " + words


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyError("x"), b"internal error: KeyError: 'x'; try: XLATE_TRACEBACK=1 and report it"),
        (Inconsistent("no\nsense"), b"internal error: no sense; try: XLATE_TRACEBACK=1"),
        (MemoryError(), b"out of memory; try: a higher ulimit -v, or fewer --jobs\n"),
    ],
    ids=["bug", "inconsistent", "memory"],
)
def test_a_mistake_of_ours_costs_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, words: bytes
) -> None:
    for name in ("first", "second"):
        (tmp_path / name).write_bytes(Elf().build() + name.encode())
    convert_file = command.convert

    def fail_once(job: Job) -> Conversion:
        if job.path.name == "first":
            raise error
        return convert_file(job)

    monkeypatch.setattr(command, "convert", fail_once)
    monkeypatch.setenv("XLATE_CACHE", "off")
    monkeypatch.delenv("XLATE_TRACEBACK", raising=False)
    names = [str(tmp_path / name) for name in ("first", "second")]
    words_in = [*names, "--jobs", "1", "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(command.convert_command, words_in)
    assert done.exit_code == 125
    assert done.stderr_bytes.startswith(f"xlate: {names[0]}: ".encode() + words)
    assert done.stderr_bytes.count(b"\n") == 1
    assert b"1 of 2 converted" in done.stdout_bytes


def test_what_never_ran_is_not_told_as_seen(convert: Run, tmp_path: Path) -> None:
    """A profile full of noise, with one address of the program among it."""
    quick = quick_key(PROGRAM)
    noise = random.Random(3).choices(range(1 << 20, 1 << 32), k=PROFILE_SLOTS - 1)
    header = PROFILE.pack(
        magic=PROFILE_MAGIC, format=PROFILE_FORMAT, slots=PROFILE_SLOTS, quick=quick
    )
    profiles = tmp_path / "store" / "profiles"
    profiles.mkdir(parents=True, mode=0o700)
    keys = struct.pack(f"<{PROFILE_SLOTS}I", BASE + CODE_OFFSET + 4, *noise)
    (profiles / f"{quick.hex()}{PROFILE_SUFFIX}").write_bytes(header + keys)
    told = json.loads(convert("--json").stdout)
    assert told["observed"] == 1
    assert read(Path(told["package"])).profile == (BASE + CODE_OFFSET + 4,)
