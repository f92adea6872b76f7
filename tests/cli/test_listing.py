"""Our listing against objdump's: the same bytes at the same addresses, in the same modes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests import needs as wanted
from xlate.loader import CodeMark, load
from xlate.report import listing

SOURCE = """
#include <stdio.h>
__attribute__((target("arm"))) int in_arm(int x) { return x * 123456789 + 987654321; }
double halves(double x) { return x * 0.333333333333; }
int table(int x)
{
	switch (x) {
	case 0: return 7; case 1: return in_arm(3); case 2: return 9; case 3: return in_arm(4);
	case 4: return 1; case 5: return 2; case 6: return in_arm(6); default: return 0;
	}
}
int main(int argc, char **argv) { printf("%d %f %s", table(argc), halves(argc), *argv); return 0; }
"""
ROW = re.compile(r" *([0-9a-f]+):\t((?:[0-9a-f]{4,8} ?)+)\s")


@pytest.fixture(scope="module")
def program(guest_cc: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("listing")
    (folder / "code.c").write_text(SOURCE)
    command = [*guest_cc, "-O2", "-fno-inline", "-static", "code.c", "-o", "code"]
    subprocess.run(command, cwd=folder, check=True, timeout=120)
    return folder / "code"


def _objdump(program: Path, section: str) -> dict[int, str]:
    tool = wanted.needs("arm-linux-gnueabihf-objdump", "apt install binutils-arm-linux-gnueabihf")
    command = [tool, "-d", "-z", "-j", section, str(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    rows = (ROW.match(line) for line in done.stdout.splitlines())
    return {int(row[1], 16): row[2].strip() for row in rows if row is not None}


@pytest.mark.needs_guest_cc
def test_same_cuts_as_objdump(program: Path) -> None:
    image = load(program)
    theirs = _objdump(program, ".text")
    (span,) = (s for s in listing.spans(image) if s.name == ".text")
    ours = {line.guest_va: line.encoding() for line in listing.lines(image, span)}
    assert len(theirs) > 1000
    differing = {at for at, words in theirs.items() if ours.get(at) != words}
    # objdump shows data that no word fills in its own grouping; instructions must all agree.
    data = {line.guest_va for line in listing.lines(image, span) if line.mark is CodeMark.DATA}
    assert {at for at in differing if at not in data and (at & ~3) not in data} == set()


@pytest.mark.needs_guest_cc
def test_modes_without_symbols(program: Path, tmp_path: Path) -> None:
    tool = wanted.needs("arm-linux-gnueabihf-strip")
    stripped = tmp_path / "stripped"
    subprocess.run([tool, "-o", str(stripped), str(program)], check=True, timeout=60)
    image = load(stripped)
    assert image.symbols == ()
    by_name = {span.name: span for span in listing.spans(image)}
    modes = {
        name: listing.guess_mode(image, by_name[name].data) for name in (".text", ".init", ".fini")
    }
    assert modes == {".text": CodeMark.THUMB, ".init": CodeMark.ARM, ".fini": CodeMark.ARM}


def test_branch_targets_and_literals_are_named(program: Path) -> None:
    image = load(program)
    main = image.symbol_named("main")
    assert main is not None
    lines = listing.at_address(image, main.guest_va, 40)
    targets = [line.operands for line in lines if line.mnemonic.startswith("bl")]
    assert any("<table>" in text for text in targets)
    loads = [line for line in lines if "[pc" in line.operands]
    for line in loads:
        assert main.guest_va < int(line.comment, 16) < main.guest_va + 0x200
