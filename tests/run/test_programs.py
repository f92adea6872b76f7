"""Every program of the corpus ends as the manifest says: under xlate-run and its witnesses.

The native run is what makes the expected output trustworthy; qemu-arm is the outside witness
for the sources that build only for the guest. Where it is known to differ it must differ, so
that the list in the manifest stays true.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from corpus import build
from tests.run.conftest import Runner

ALL = [*build.programs(), *build.kernels()]


def _runs(modes_of: Callable[[build.Program, build.Case], tuple[str, ...]]) -> Iterator[object]:
    for program in ALL:
        for case in program.cases:
            for mode in modes_of(program, case):
                name = f"{program.name}-{case.name}-{mode}"
                yield pytest.param(program, case, mode, id=name)


GUEST_RUNS = list(_runs(lambda _program, case: case.modes))
NATIVE_RUNS = list(_runs(lambda program, _case: (build.NATIVE,) if program.native else ()))


def _build(program: build.Program, mode: str, compiler: list[str]) -> Path:
    if program.zig_differs and mode != build.NATIVE and build.is_zig(compiler):
        pytest.skip(program.zig_differs)
    try:
        return build.build(program, mode, compiler)
    except build.BuildError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.mark.parametrize(("program", "case", "mode"), GUEST_RUNS)
def test_under_xlate_run(
    program: build.Program,
    case: build.Case,
    mode: str,
    runner: Runner,
    guest_cc: list[str],
    tmp_path: Path,
) -> None:
    """Output and wait status are the expected ones, and nothing is said on standard error."""
    if runner.is_qemu and program.qemu_differs:
        pytest.skip(program.qemu_differs)
    binary = _build(program, mode, guest_cc)
    outcome = build.run_case(runner.words, binary, case, cwd=tmp_path)
    assert (outcome.status, outcome.stdout) == (case.status, case.expected_stdout())
    if not runner.is_qemu:
        assert outcome.stderr == b""


@pytest.mark.parametrize(("program", "case", "mode"), NATIVE_RUNS)
def test_native_build_agrees(
    program: build.Program, case: build.Case, mode: str, host_cc: list[str], tmp_path: Path
) -> None:
    """The same source built for this machine passes on plain Linux."""
    outcome = build.run_case([], _build(program, mode, host_cc), case, cwd=tmp_path)
    assert (outcome.status, outcome.stdout) == (case.status, case.expected_stdout())


@pytest.mark.parametrize(("program", "case", "mode"), GUEST_RUNS)
def test_qemu_agrees_or_is_listed(
    program: build.Program,
    case: build.Case,
    mode: str,
    qemu_arm: Path,
    guest_cc: list[str],
    tmp_path: Path,
) -> None:
    """qemu-arm gives the expected result, or differs for the reason in the manifest."""
    outcome = build.run_case([str(qemu_arm)], _build(program, mode, guest_cc), case, cwd=tmp_path)
    agrees = (outcome.status, outcome.stdout) == (case.status, case.expected_stdout())
    assert agrees == (not program.qemu_differs), outcome


def test_every_expected_file_is_used() -> None:
    """expected/ holds a file for every case and no other."""
    used = {c.stdout.name for p in ALL for c in p.cases if isinstance(c.stdout, Path)}
    assert used == {path.name for path in (build.CORPUS / "expected").iterdir()}


def test_every_source_is_listed() -> None:
    """No program lies in the corpus without a row in the manifest."""
    listed = {program.source for program in ALL}
    folders = ("programs", "kernels", "regress")
    present = {path for folder in folders for path in (build.CORPUS / folder).glob("*.c")}
    assert present == listed


def test_zig_compiles_the_corpus(tmp_path: Path) -> None:
    """Where there is no cross compiler, the ziglang wheel builds a guest program."""
    # An alternative where the cross compiler is missing, so its absence is no lack.
    pytest.importorskip("ziglang", reason="the ziglang wheel is not installed")
    hello = next(program for program in ALL if program.name == "hello")
    zig = [sys.executable, "-m", "ziglang", "cc"]
    assert build.build(hello, "thumb", zig, tmp_path).stat().st_size > 0
