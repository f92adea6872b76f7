"""`xlate convert --recursive`: what is told, what a second call does, what an interrupt leaves."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.cli.test_convert import FLAGS, SOURCE, environment, left_in  # noqa: F401
from tests.loader.elf_bytes import Elf
from xlate.cli.convert import convert_command
from xlate.package.store import package_name

ONE = "int f{0}(int n) {{ return n % {1} ? n * {0} : n / {2}; }}\n"
MANY = "".join(ONE.format(i, i + 2, i + 3) for i in range(600))


Call = Callable[..., Result]

# pytest-xdist has a thread of its own; `xlate` has none when it forks.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


@pytest.fixture
def xlate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Return what runs `xlate convert --recursive` in this process, which has it loaded."""
    monkeypatch.setenv("XLATE_CACHE", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(convert_command, ["--recursive", *map(str, words)])


@pytest.fixture
def tree(guest_cc: list[str], tmp_path: Path) -> Path:
    """Return a folder with two small programs, another name of one, a copy, and a text."""
    folder = tmp_path / "tree"
    (folder / "bin").mkdir(parents=True)
    for name, mode in (("t32", "-mthumb"), ("a32", "-marm")):
        command = [*guest_cc, *FLAGS, mode, "-x", "c", "-", "-o", str(folder / "bin" / name)]
        subprocess.run(command, input=SOURCE, text=True, check=True, timeout=60)
    (folder / "same").hardlink_to(folder / "bin" / "a32")
    (folder / "copy").write_bytes((folder / "bin" / "t32").read_bytes())
    (folder / "text").write_text("no program")
    return folder


def rows(text: str) -> dict[str, list[str]]:
    lines = [line.split() for line in text.splitlines()]
    return {line[0]: line[1:] for line in lines if line}


@pytest.mark.needs_guest_cc
def test_a_second_call_passes_over_what_is_current(xlate: Call, tree: Path) -> None:
    first = xlate(tree)
    assert (first.exit_code, first.stderr) == (0, "")
    told = rows(first.stdout)
    assert told["converted"][0] == "2"
    assert told["current"] == ["0"]
    assert told["copies"][0] == "1"
    assert told["passed"] == ["over", "2"]
    second = rows(xlate(tree).stdout)
    assert second["converted"] == ["0"]
    assert second["current"] == ["2"]
    again = rows(xlate(tree, "--again").stdout)
    assert again["converted"][0] == "2"


@pytest.mark.needs_guest_cc
def test_same_bytes_abreast_and_one_after_the_other(xlate: Call, tree: Path) -> None:
    for name, jobs in (("one", "1"), ("two", "4")):
        done = xlate(tree, "--jobs", jobs, "--json", "-o", f"out/{name}")
        assert done.exit_code == 0, done.stderr
        names = {Path(json.loads(line)["path"]).name for line in done.stdout.splitlines()}
        assert names == {"copy", "same"}
    out = tree.parent / "out"
    made = {path.name: path.read_bytes() for path in (out / "one").iterdir()}
    assert made == {path.name: path.read_bytes() for path in (out / "two").iterdir()}
    assert len(made) == 2


@pytest.mark.needs_guest_cc
def test_what_fails_is_named_and_the_rest_is_converted(xlate: Call, tree: Path) -> None:
    """A package that is in the way as a folder: that file should have worked."""
    out = tree.parent / "out"
    done = xlate(tree, "-o", "out", "-q")
    assert (done.exit_code, done.stdout) == (0, "")
    victim = sorted(out.iterdir())[0]
    victim.unlink()
    victim.mkdir()
    second = xlate(tree, "-o", "out")
    assert second.exit_code == 1
    assert second.stderr.count("\n") == 1
    assert "cannot write out/" in second.stderr
    assert rows(second.stdout)["failed"] == ["1"]


def test_it_counts_what_it_passes_over(xlate: Call, tmp_path: Path) -> None:
    deep = tmp_path / "tree" / "usr" / "bin"
    deep.mkdir(parents=True)
    good = Elf().build()
    (deep / "good").write_bytes(good)
    (deep / "twin").hardlink_to(deep / "good")
    (deep / "link").symlink_to("good")
    (deep / "host").write_bytes(Elf(machine=62).build())
    (deep / "notes").write_text("text")
    (deep / "bad").write_bytes(Elf(phnum=65535).build())
    (deep / "copy").write_bytes(good)
    os.mkfifo(deep / "pipe")
    done = xlate("tree", "-o", "out")
    assert (done.exit_code, done.stderr) == (0, "")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[1][:2] == ["converted", "1"]
    assert ["copies", "1"] in [line[:2] for line in lines]
    assert ["passed", "over", "6"] in lines
    assert ["1", "not", "for", "xlate:", "absurd", "program", "headers"] in lines
    assert left_in(tmp_path / "out") == [package_name(good)]


@pytest.mark.needs_guest_cc
def test_an_interrupt_loses_nothing(
    xlate_command: list[str],
    environment: dict[str, str],  # noqa: F811
    guest_cc: list[str],
    tree: Path,
    tmp_path: Path,
) -> None:
    """On a terminal, with a bar: Ctrl-C while a large file is at work keeps the small ones."""
    flags = (*FLAGS, "-fno-ipa-icf", "-mthumb", "-x", "c", "-", "-o")
    command = [*guest_cc, *flags, str(tree / "many")]
    subprocess.run(command, input=MANY + SOURCE, text=True, check=True, timeout=60)
    mine, its = pty.openpty()
    words = [*xlate_command, "convert", "--recursive", str(tree), "--jobs", "1"]
    process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=its,
                               start_new_session=True)  # fmt: skip
    os.close(its)
    shown, deadline = b"", time.monotonic() + 60
    while b"2/3 many" not in shown and time.monotonic() < deadline:
        shown += os.read(mine, 1 << 12)
    os.kill(process.pid, signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    os.close(mine)
    assert process.returncode == 130
    assert b"left" in shown
    told = rows(out.decode())
    assert told["converted"][0] == "2"
    assert told["not"][:2] == ["done", "1"]
    assert not [name for name in left_in(Path(environment["XLATE_CACHE"])) if ".new" in name]
    assert not _of_session(process.pid)


def _of_session(leader: int) -> list[str]:
    """Return the processes of a session that is over."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == leader:
            found.append(path.read_text())
    return found
