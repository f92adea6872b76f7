"""`--fp fast`: what it keeps, and what it costs in code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from backends.llvm.objects import ObjectCode
from backends.llvm.pool import compile_functions
from backends.llvm.slots import PRELUDE
from xlate.discovery import discover
from xlate.lift import Lifting
from xlate.loader import parse
from xlate.package.format import read
from xlate.report.package import disassemble
from xlate.verify.case import PAGE, code_bytes
from xlate.verify.elf_file import CodePage, elf_file

SOURCE = Path(__file__).parent / "fast_fp.c"
FLAGS = ("-O2", "-static", "-nostdlib", "-ffreestanding", "-mfpu=neon", "-ffp-contract=off")
PC = 0x10000
FLUSHED = "flushed"


# --- what it computes ----------------------------------------------------------------------------


def printed(xlate_run: Path, program: Path, *options: str) -> dict[str, str]:
    """Return what the program prints, by the first word of each line."""
    done = subprocess.run(
        [str(xlate_run), "--stats=json", *options, str(program)],
        env={**os.environ, "XLATE_CACHE": "off"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ('"state":"hit"' in done.stderr.replace(" ", "")) == bool(options), done.stderr
    return dict(line.split() for line in done.stdout.splitlines())


@pytest.mark.needs_guest_cc
def test_results_are_the_same_but_for_what_is_given_up(
    xlate_run: Path, guest_cc: list[str], python_env: dict[str, str], tmp_path: Path
) -> None:
    program = tmp_path / "fast_fp"
    subprocess.run([*guest_cc, *FLAGS, str(SOURCE), "-o", str(program)], check=True)
    package = tmp_path / "fast.xlp"
    words = ["convert", "-q", "--fp", "fast", str(program), "-o", str(package)]
    environment = {**python_env, "XLATE_CACHE": "off"}
    subprocess.run([sys.executable, "-m", "xlate", *words], env=environment, check=True)
    assert read(package).identity.fast
    exact = printed(xlate_run, program)
    fast = printed(xlate_run, program, "--fp", "fast", "-p", str(package))
    assert int(exact.pop(FLUSHED), 16) == 0
    assert int(fast.pop(FLUSHED), 16) != 0  # lanes are not flushed there
    assert fast == exact
    assert len(fast) == 7


def host_code(isa: str, word: int, *, fast: bool) -> list[str]:
    """Return the host instructions of a function of one instruction and a return."""
    code = code_bytes(isa, [word]) + code_bytes(isa, [0xE12FFF1E])
    image = parse(elf_file([CodePage(PC, code.ljust(PAGE, b"\0"), PC)]), "row")
    text = Lifting(image, discover(image), fast=fast).text_of(PC)
    assert text is not None
    made = compile_functions([text], PRELUDE, level=1, jobs=1)[text.name]
    assert isinstance(made, ObjectCode), made
    return [line.text for line in disassemble(made.code, 0, text.key, (), {})]


@pytest.mark.parametrize(
    ("word", "most"),
    [(0xEE310B02, 4), (0xEE000A81, 12), (0xF2400DE2, 12), (0xF3400DF2, 12)],
    ids=["vadd.f64", "vmla.f32", "vadd.f32 q", "vmul.f32 q"],
)
def test_nothing_is_looked_at(word: int, most: int) -> None:
    """No comparison with a NaN, no look at MXCSR, no other way."""
    lines = host_code("A32", word, fast=True)
    assert len(lines) <= most, lines
    assert not any(line.startswith(("j", "ucomis", "stmxcsr", "ldmxcsr")) for line in lines)
    assert len(host_code("A32", word, fast=False)) > 2 * len(lines)
