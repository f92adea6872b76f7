"""`xlate` from a shell's view: one line for bad input, exit statuses, JSON, exec passes all on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from tests.loader.elf_bytes import BASE, CODE_OFFSET, Elf
from xlate.cli import cli
from xlate.version import VERSION

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]

# Starts the command line with another program in the place of xlate-run.
WITH_RUNNER = (
    "import pathlib, sys; from xlate import runtime; "
    "runtime.INSTALLED = pathlib.Path(sys.argv.pop(1)); from xlate.cli import main; main()"
)

SHOW_EVERYTHING = r"""
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv)
{
	struct sigaction pipe;
	int i;

	for (i = 0; i < argc; i++) {
		for (const char *p = argv[i]; *p; p++)
			printf("%02x", (unsigned char)*p);
		printf("\n");
	}
	sigaction(SIGPIPE, NULL, &pipe);
	printf("sigpipe %s\n", pipe.sa_handler == SIG_DFL ? "default" : "other");
	printf("lc_ctype %s\n", getenv("LC_CTYPE") ? getenv("LC_CTYPE") : "unset");
	return 42;
}
"""


@pytest.fixture
def xlate(xlate_command: list[str], python_env: dict[str, str], tmp_path: Path) -> Run:
    def run(*arguments: str | bytes) -> subprocess.CompletedProcess[bytes]:
        command = [*xlate_command, *arguments]
        return subprocess.run(
            command, env=python_env, cwd=tmp_path, capture_output=True, timeout=60, check=False
        )

    return run


@pytest.fixture(scope="module")
def runner(host_cc: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runner")
    (folder / "show.c").write_text(SHOW_EVERYTHING)
    command = [*host_cc, "show.c", "-o", "show"]
    subprocess.run(command, cwd=folder, check=True, timeout=120)
    return folder / "show"


@pytest.fixture
def small(tmp_path: Path) -> str:
    (tmp_path / "small").write_bytes(Elf().build())
    return "small"


def test_version(xlate: Run) -> None:
    done = xlate("--version")
    assert (done.returncode, done.stdout) == (0, f"xlate {VERSION}\n".encode())


@pytest.mark.parametrize("command", [[], ["inspect"], ["disasm"]])
def test_help_teaches_by_example(xlate: Run, command: list[str]) -> None:
    done = xlate(*command, "--help")
    assert done.returncode == 0
    assert b"Examples:\n" in done.stdout
    assert f"  xlate {' '.join(command)}".encode() in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["--frobnicate"],
        ["disasm"],
        ["disasm", "-d", "-D", "x"],
        ["inspect", "-n", "x"],
    ],
)
def test_usage_errors_end_with_2(xlate: Run, arguments: list[str]) -> None:
    done = xlate(*arguments)
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"Usage:" in done.stderr


@pytest.mark.parametrize("command", ["inspect", "disasm"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", b"not a program (the file is empty)"),
        (b"\x7fELF\x01\x01", b"truncated ELF header"),
        (Elf(machine=183).build(), b"AArch64"),
        (Elf(phnum=65535).build(), b"absurd program headers"),
    ],
)
def test_bad_input_is_one_line(
    xlate: Run, tmp_path: Path, command: str, content: bytes, words: bytes
) -> None:
    (tmp_path / "bad").write_bytes(content)
    done = xlate(command, "bad")
    assert done.returncode == 1
    assert done.stdout == b""
    assert done.stderr.startswith(b"xlate: bad: ")
    assert words in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_name_that_is_not_utf8(xlate: Run) -> None:
    done = xlate("inspect", b"no-\xff-such")
    assert done.returncode == 1
    assert b"no such file" in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_inspect_json(xlate: Run, small: str) -> None:
    done = xlate("inspect", small, "--json", "-n", "3")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["entry"] == {"addr": BASE + CODE_OFFSET, "thumb": False}
    assert [row["text"] for row in found["code"]] == ["mov r7, #1", "mov r0, #0", "svc #0"]
    assert all(row["ir"] and row["host"] for row in found["code"])


def test_inspect_tables(xlate: Run, small: str) -> None:
    done = xlate("inspect", small, "-n", "1")
    assert done.returncode == 0, done.stderr
    assert b"r-x" in done.stdout
    assert b"mov r7, #1" in done.stdout
    assert "…".encode() not in done.stdout


def test_inspect_address_outside(xlate: Run, small: str) -> None:
    done = xlate("inspect", small, "--addr", "0x5000")
    assert done.returncode == 2
    assert b"in no segment" in done.stderr


def test_disasm_of_a_file_without_sections(xlate: Run, small: str) -> None:
    done = xlate("disasm", small)
    assert done.returncode == 0, done.stderr
    assert b"Disassembly of section segment0:" in done.stdout
    assert b"   11000:\te3a07001  \tmov\tr7, #1\n" in done.stdout


def test_disasm_forced_mode_and_range(xlate: Run, small: str) -> None:
    done = xlate("disasm", "--thumb", "--start-address", "0x11004", "--stop-address=0x11006", small)
    lines = done.stdout.splitlines()
    assert lines[-1] == b"   11004:\t0000      \tmovs\tr0, r0"
    assert b"11006:" not in done.stdout


def test_disasm_unknown_section_names_the_known(xlate: Run, small: str) -> None:
    done = xlate("disasm", "-j", ".text", small)
    assert done.returncode == 1
    assert b"no section .text (it has segment0)" in done.stderr


def test_exec_passes_every_byte(runner: Path, python_env: dict[str, str]) -> None:
    options = [b"-L", b"/srv", b"PROG", b"--help", b"--", b"", b"-h"]
    words = [*options, b"\xff\xfe", "\u00e9".encode(), b"--"]
    command = [sys.executable, "-c", WITH_RUNNER, str(runner), "exec", *words]
    # The C locale makes Python set LC_CTYPE for its children; the guest must not see it.
    environment = {k: v for k, v in python_env.items() if not k.startswith(("LC_", "LANG"))}
    done = subprocess.run(
        command, env={**environment, "LANG": "C"}, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 42, done.stderr
    *got, sigpipe, lc_ctype = done.stdout.splitlines()
    assert [bytes.fromhex(word.decode()) for word in got] == [b"xlate-run", *words]
    assert sigpipe == b"sigpipe default"
    assert lc_ctype == b"lc_ctype unset"


def test_exec_help_is_the_runners(runner: Path, python_env: dict[str, str]) -> None:
    command = [sys.executable, "-c", WITH_RUNNER, str(runner), "exec", "--help"]
    done = subprocess.run(command, env=python_env, capture_output=True, timeout=60, check=False)
    assert done.returncode == 42
    assert done.stdout.splitlines()[1] == b"--help".hex().encode()


def test_exec_runs_a_guest(xlate: Run, xlate_run: Path, busybox_armhf: Path) -> None:
    words = ["--help", "--", "-x", "two words"]
    script = 'printf "%s\\n" "$@"; exit 7'
    done = xlate("exec", str(busybox_armhf), "sh", "-c", script, "sh", *words)
    assert done.returncode == 7, done.stderr
    assert done.stdout.decode().splitlines() == words


@pytest.mark.parametrize(
    "command", [["coverage"], ["convert", "--recursive"], ["inspect"], ["verify"], ["convert"]]
)
def test_the_empty_word_is_no_path(xlate: Run, command: list[str]) -> None:
    """It is what an unset variable of a script leaves, and never the folder at hand."""
    done = xlate(*command, "")
    assert done.returncode in (1, 2), done
    assert done.stdout == b""
    assert b"''" in done.stderr or b"an empty word is no path" in done.stderr


@pytest.mark.parametrize("command", [["coverage"], ["convert", "--recursive"]])
def test_a_folder_without_programs_is_said(xlate: Run, tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "folder").mkdir()
    done = xlate(*command, "folder")
    assert done.stderr == b"xlate: folder: no ARM program there\n"
    assert (done.returncode, done.stdout) == (1, b"")


def _all_commands(
    group: click.Command, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield words, group
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            yield from _all_commands(command, (*words, name))


def test_examples_are_laid_out_as_they_were_written() -> None:
    """The mark that says so is a character, which a raw docstring does not have."""
    for words, command in _all_commands(cli):
        text = command.get_help(click.Context(command, info_name=" ".join(("xlate", *words))))
        assert "\\b" not in text, words
        assert text.count("Examples:") == text.count("\n  Examples:\n"), words
