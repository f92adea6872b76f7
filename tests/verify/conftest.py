"""A small guest program, converted once, and how `xlate verify` is run on copies of it."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from xlate.cli import cli
from xlate.package.format import Package, read
from xlate.package.store import Store

FLAGS = ("-static", "-nostdlib", "-ffreestanding", "-O1", "-fno-inline", "-marm")
SOURCE = """
static const double values[] = {1, 2, 3, 10};
volatile unsigned char text[64] = "what is written here is read back";
double mean(const double *x, int n)
{
	double sum = 0;
	for (int i = 0; i < n; i++)
		sum += x[i];
	return sum / n;
}
unsigned mixed(unsigned a, unsigned b) { return (a ^ b) + a * (b | 1) - (b >> 1); }
int chosen(int n)
{
	switch (n) {
	case 0: return 12; case 1: return 7; case 2: return chosen(5); case 3: return 44;
	case 4: return 3; case 5: return 21; case 6: return 8; default: return n;
	}
}
unsigned hash(void)
{
	unsigned h = 5381;
	for (int i = 0; text[i]; i++) {
		h = mixed(h, text[i]);
		text[i] = (unsigned char)h | 1;
	}
	return h;
}
static void leave(int status)
{
	register int number asm("r7") = 1;
	register int code asm("r0") = status;
	asm volatile("svc #0" : : "r"(number), "r"(code));
}
void _start(void)
{
	unsigned h = hash();
	leave((int)mean(values, 4) + chosen(2) + (h == EXPECTED ? 0 : 50));
	for (;;)
		;
}
"""
STATUS = 4 + 21


def expected_hash() -> int:
    """What hash() returns."""
    h = 5381
    for c in b"what is written here is read back":
        h = ((h ^ c) + h * (c | 1) - (c >> 1)) & 0xFFFFFFFF
    return h


@dataclass(frozen=True)
class Checked:
    """A program with a store of its own."""

    program: Path
    cache: Path
    xlate_run: Path

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "XLATE_CACHE": str(self.cache)}

    @property
    def path(self) -> Path:
        """The package."""
        found = Store(self.cache).find(self.program.read_bytes())
        assert found is not None
        return found

    @property
    def package(self) -> Package:
        return read(self.path)

    def xlate(self, name: str, *words: str) -> Result:
        """Run a command of `xlate` in this process, which spares the start of another one."""
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        return CliRunner().invoke(command, words, env={"XLATE_CACHE": str(self.cache)})

    def status(self) -> int:
        """How the program ends with its package."""
        command = [str(self.xlate_run), "--tier", "optimised", str(self.program)]
        return subprocess.run(command, env=self.environment, timeout=60, check=False).returncode


@pytest.fixture(scope="session")
def converted(
    tmp_path_factory: pytest.TempPathFactory, guest_cc: list[str], xlate_run: Path
) -> Checked:
    folder = tmp_path_factory.mktemp("verify")
    folder.chmod(0o755)
    (folder / "guest.c").write_text(SOURCE)
    program = folder / "guest"
    define = f"-DEXPECTED={expected_hash():#x}u"
    command = [*guest_cc, *FLAGS, define, str(folder / "guest.c"), "-o", str(program)]
    subprocess.run(command, check=True)
    made = Checked(program, folder / "store", xlate_run)
    assert made.xlate("convert", "-q", "--jobs", "1", str(program)).exit_code == 0
    assert made.status() == STATUS
    return made


@pytest.fixture
def checked(converted: Checked, tmp_path: Path) -> Checked:
    """A copy that the test may damage."""
    shutil.copytree(converted.cache, tmp_path / "store")
    shutil.rmtree(tmp_path / "store" / "seen")
    return Checked(converted.program, tmp_path / "store", converted.xlate_run)
