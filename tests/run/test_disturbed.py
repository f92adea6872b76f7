"""Signals, jumps, coroutines and deep recursion: right results and flat memory in both tiers.

Each program of ``corpus/disturbed/`` does the same work with and without something that breaks
its flow and prints the same line; the native build of the undisturbed variant says which. The
ratio of their times is a figure of the bench (``python -m tests.bench disturbed``), not a test.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from corpus import build
from tests.bench.disturbed import EIGHT_MIB_OF_STACK, VARIANTS
from tests.bench.engines import Converter

PROGRAMS = {program.name: program for program in build.disturbed()}
MODES = ("thumb", "arm")
# "package" converts a whole libc with the program: half a minute for each. That hand-over works at
# all is seen in every run, by tests/optimised.
TIERS = ("baseline", pytest.param("package", marks=pytest.mark.campaign))

# What the disturbed variant may use more than the undisturbed one, and four times the work more
# than the work itself, in KiB. Recursion touches the guest's stack and as much of the host's.
MORE_THAN_UNDISTURBED = 8 << 10
MORE_FOR_STACKS = {"recursion": 24 << 10}
MORE_FOR_MORE_WORK = 1 << 10

Commands = Callable[[build.Disturbed, str, str], tuple[list[str], dict[str, str]]]


@pytest.fixture(scope="module")
def commands(
    xlate_run: Path, guest_cc: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Commands:
    """Return a function that gives a tier's command words and environment for a program."""
    folder = tmp_path_factory.mktemp("packages")
    converter = Converter(folder / "store")

    def package(program: build.Disturbed, binary: Path) -> Path:
        output = folder / f"{binary.name}.xlp"
        if not output.exists():
            run = [*EIGHT_MIB_OF_STACK, str(xlate_run), "-p", str(output), str(binary)]
            runs = ([*run, variant, str(program.few)] for variant in VARIANTS)
            converter.prepare(binary, output, *runs)
        return output

    def words(program: build.Disturbed, mode: str, tier: str) -> tuple[list[str], dict[str, str]]:
        if program.zig_differs and build.is_zig(guest_cc):
            pytest.skip(program.zig_differs)
        binary = build.build(program, mode, guest_cc)
        if tier == "package":
            options = ["-p", str(package(program, binary)), "--tier", "auto"]
            return [str(xlate_run), *options, str(binary)], converter.environment()
        environment = build.clean_environment({"XLATE_CACHE": "off"})
        return [str(xlate_run), "--tier", tier, str(binary)], environment

    return words


@dataclass(frozen=True)
class Ended:
    """How a run ended: status or negative signal, output, peak of resident memory in KiB."""

    status: int
    stdout: bytes
    peak_kib: int


def _run(words: list[str], environment: dict[str, str]) -> Ended:
    done = subprocess.run(words, capture_output=True, env=environment, timeout=300, check=False)
    lines = done.stderr.split()
    # The programs print nothing else there; anything else is a complaint of somebody's.
    assert all(line.isdigit() for line in lines), done.stderr
    return Ended(done.returncode, done.stdout, int(lines[0]) if lines else 0)


def _play(commands: Commands, program: build.Disturbed, mode: str, tier: str, *args: str) -> Ended:
    words, environment = commands(program, mode, tier)
    return _run([*EIGHT_MIB_OF_STACK, *words, *args], environment)


def _expected(program: build.Disturbed, count: int, host_cc: list[str]) -> bytes:
    native = build.build(program, build.NATIVE, host_cc)
    ended = _run([str(native), VARIANTS[0], str(count)], build.clean_environment({}))
    assert ended.status == 0
    return ended.stdout


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", PROGRAMS)
def test_results_and_memory(
    name: str, mode: str, tier: str, commands: Commands, host_cc: list[str]
) -> None:
    """Both variants print the native line; memory grows neither by disturbance nor by work."""
    program = PROGRAMS[name]
    peaks = {}
    for variant in VARIANTS:
        for count in (program.few, 4 * program.few):
            ended = _play(commands, program, mode, tier, variant, str(count), "peak")
            assert (ended.status, ended.stdout) == (0, _expected(program, count, host_cc))
            peaks[variant, count] = ended.peak_kib
    few, many = peaks["disturbed", program.few], peaks["disturbed", 4 * program.few]
    undisturbed = peaks["undisturbed", 4 * program.few]
    assert few > 0
    assert many <= few + MORE_FOR_MORE_WORK, peaks
    assert many <= undisturbed + MORE_FOR_STACKS.get(name, MORE_THAN_UNDISTURBED), peaks


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("mode", MODES)
def test_endless_recursion_is_the_guests_fault(mode: str, tier: str, commands: Commands) -> None:
    """A guest that recurses without end is killed by SIGSEGV, as Linux does it."""
    ended = _play(commands, PROGRAMS["recursion"], mode, tier, "endless")
    assert (ended.status, ended.stdout) == (-signal.SIGSEGV, b"")


def test_every_source_is_listed() -> None:
    """No program lies in disturbed/ without a row in the manifest."""
    present = {path.stem for path in (build.CORPUS / "disturbed").glob("*.c")}
    assert present == set(PROGRAMS)
