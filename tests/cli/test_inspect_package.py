"""`xlate inspect` of packages, and of one function through the optimised tier."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.loader.elf_bytes import BASE, CODE_OFFSET, Elf
from xlate.package.format import read, write

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]

ENTRY = BASE + CODE_OFFSET
SOURCE = """
__attribute__((noinline)) int twice(volatile int *x) { return *x + *x; }
void _start(void)
{
	static int value = 21;
	register int number asm("r7") = 1;
	register int status asm("r0") = twice(&value);

	asm volatile("svc #0" : : "r"(number), "r"(status));
	__builtin_unreachable();
}
"""


@pytest.fixture
def xlate(xlate_command: list[str], python_env: dict[str, str], tmp_path: Path) -> Run:
    env = {**python_env, "XLATE_CACHE": str(tmp_path / "store")}

    def run(*words: object) -> subprocess.CompletedProcess[bytes]:
        command = [*xlate_command, *map(str, words)]
        return subprocess.run(
            command, env=env, cwd=tmp_path, capture_output=True, timeout=60, check=False
        )

    return run


@pytest.fixture
def package(xlate: Run, tmp_path: Path) -> Path:
    (tmp_path / "prog").write_bytes(Elf().build())
    done = xlate("convert", "prog", "-o", "prog.xlp")
    assert done.returncode == 0, done.stderr
    return tmp_path / "prog.xlp"


@pytest.fixture
def named(guest_cc: list[str], tmp_path: Path) -> Path:
    (tmp_path / "named.c").write_text(SOURCE)
    command = [*guest_cc, "-O2", "-static", "-nostdlib", "-ffreestanding", "named.c", "-o", "named"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60)
    return tmp_path / "named"


def test_package_as_tables(xlate: Run, package: Path) -> None:
    done = xlate("inspect", package.name)
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode()
    for words in ("made by      this version", "-O1, x86-64", "Entries", f"{ENTRY:#x}  A32"):
        assert words in text
    assert "llvm" in text.partition("Provenance")[2]


def test_package_as_json(xlate: Run, package: Path) -> None:
    found = json.loads(xlate("inspect", package.name, "--json").stdout)
    assert found["guest_size"] == len(Elf().build())
    assert [entry["key"] for entry in found["entries"]] == [ENTRY]
    assert found["functions"] == 1
    assert found["provenance"]["translated"]["instructions"] == 3
    assert found["sections"]["table_t32"] == 0


def test_function_of_a_package(xlate: Run, package: Path) -> None:
    done = xlate("inspect", package.name, "--function", hex(ENTRY))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.decode().splitlines()
    assert lines[0].startswith(f"f_{ENTRY:08x}: A32, ")
    assert any("ret" in line.split() for line in lines)
    found = json.loads(xlate("inspect", package.name, "--function", hex(ENTRY), "--json").stdout)
    assert found["key"] == ENTRY
    assert len(found["host"]) == len(lines) - 2


def test_function_that_is_not_there(xlate: Run, package: Path) -> None:
    done = xlate("inspect", package.name, "--function", "0x4000")
    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert b"no function of the package" in done.stderr


def test_names_are_the_programs(xlate: Run, package: Path) -> None:
    done = xlate("inspect", package.name, "--function", "main")
    assert done.returncode == 2
    assert b"a package holds no names" in done.stderr


def test_damaged_package_is_one_line(xlate: Run, package: Path) -> None:
    package.write_bytes(package.read_bytes()[:-1])
    done = xlate("inspect", package.name)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"xlate: prog.xlp: damaged package")
    assert done.stderr.count(b"\n") == 1


def test_words_of_a_package_are_only_words(xlate: Run, package: Path) -> None:
    """Whoever wrote it chooses neither colours nor what the terminal does."""
    made = read(package)
    words = {"[/x] [bold": "a [red]b[/red] \x1b]0;title\x07", "left": {"[/y]\x1b[2J": 3}}
    write(package, replace(made, provenance=words))
    done = xlate("inspect", package.name)
    assert done.returncode == 0, done.stderr
    shown = done.stdout.decode()
    assert "[/x] [bold  a [red]b[/red] \N{REPLACEMENT CHARACTER}]0;title" in shown
    assert "3 [/y]\N{REPLACEMENT CHARACTER}[2J" in shown
    assert "\x1b" not in shown


def test_a_pipe_is_no_package_and_nobody_waits_for_it(xlate: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    done = xlate("inspect", "pipe")
    assert done.returncode == 1
    assert done.stderr.startswith(b"xlate: pipe: not a regular file")


def test_llvm_ir_is_not_in_a_package(xlate: Run, package: Path) -> None:
    done = xlate("inspect", package.name, "--function", "0x11000", "--llvm")
    assert done.returncode == 2
    assert b"name the program instead" in done.stderr


def test_program_without_a_package(xlate: Run, tmp_path: Path) -> None:
    (tmp_path / "prog").write_bytes(Elf().build())
    done = xlate("inspect", "--package", "prog")
    assert done.returncode == 1
    assert b"try: xlate convert prog" in done.stderr


@pytest.mark.needs_guest_cc
def test_stored_package_by_its_program(xlate: Run, named: Path) -> None:
    assert xlate("convert", named.name, "--quiet").returncode == 0
    done = xlate("inspect", "--package", named.name)
    assert done.returncode == 0, done.stderr
    assert str(named.parent / "store").encode() in done.stdout
    found = xlate("inspect", "--package", named.name, "--function", "twice", "--json")
    host = json.loads(found.stdout)["host"]
    # The reads of *x stand beside instructions of the function.
    reads = [line["key"] for line in host if "gs:[" in line["text"]]
    assert reads
    first = json.loads(found.stdout)["key"]
    assert all(first <= key < first + 16 for key in reads)


@pytest.mark.needs_guest_cc
def test_function_of_a_program_in_three_stages(xlate: Run, named: Path) -> None:
    done = xlate("inspect", named.name, "--function", "_start", "--llvm", "--host", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["name"] == "_start"
    callee = next(word for word in found["lifted"].split() if word.startswith("@f_") and
                  not word.startswith(f"@f_{found['key']:08x}"))  # fmt: skip
    name = callee.partition("(")[0]
    assert found["optimised"].startswith("define dso_local x86_regcallcc")
    assert f"@f_{found['key']:08x}(" in found["optimised"].splitlines()[0]
    # What was a local variable is one no more.
    assert "alloca" in found["lifted"]
    assert "alloca" not in found["optimised"]
    assert name in found["optimised"]
    assert any(line["text"] == f"call {name[1:]}" for line in found["host"])


@pytest.mark.needs_guest_cc
def test_levels_show(xlate: Run, named: Path) -> None:
    for level in (0, 2):
        done = xlate("inspect", named.name, "--function", "_start", "--llvm", "-O", level)
        assert done.returncode == 0, done.stderr
        assert f"; after the passes of -O{level}\ndefine ".encode() in done.stdout


def test_parts_want_a_function(xlate: Run, tmp_path: Path) -> None:
    (tmp_path / "prog").write_bytes(Elf().build())
    assert xlate("inspect", "prog", "--llvm").returncode == 2


def test_address_without_a_function(xlate: Run, tmp_path: Path) -> None:
    (tmp_path / "prog").write_bytes(Elf().build())
    done = xlate("inspect", "prog", "--function", "0x5000", "--host")
    assert done.returncode == 2
    assert b"in no segment" in done.stderr
