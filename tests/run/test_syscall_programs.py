"""Every program of corpus/syscalls passes: on plain Linux first, then for ARM under xlate-run.

A program checks itself, prints ``ok NAME`` and ends with status 0; what a machine cannot do (a file
system without some feature) it says in a line ``left out: ...`` and passes. Under xlate-run it
must leave out the same.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from corpus import build
from tests import needs as wanted
from tests.bench.engines import CONVERT
from tests.run.conftest import Runner

SOURCES = sorted((build.CORPUS / "syscalls").glob("*.c"))
NAMES = [source.stem for source in SOURCES]
TIME_LIMIT = 120
LEFT_OUT = "left out: "


def _program(source: Path, mode: str = "thumb") -> build.Program:
    return build.Program(
        name=f"syscalls-{source.stem}",
        source=source,
        modes=(mode,),
        native=True,
        cflags=(),
        guest_cflags=(),
        libs=(),
        oracle="native",
        qemu_differs="",
        purpose="",
        cases=(),
    )


def _passes(words: Sequence[str], source: Path, cwd: Path) -> list[str]:
    """Check how the program ends; return what it left out, without the reasons."""
    done = subprocess.run(
        [*words],
        capture_output=True,
        text=True,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        timeout=TIME_LIMIT,
        check=False,
    )
    lines = done.stdout.splitlines()
    left_out = [line.split(" (")[0] for line in lines if line.startswith(LEFT_OUT)]
    lines = [line for line in lines if not line.startswith(LEFT_OUT)]
    assert (lines, done.stderr, done.returncode) == ([f"ok {source.stem}"], "", 0)
    return left_out


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_on_plain_linux(source: Path, host_cc: list[str], tmp_path: Path) -> None:
    """The host's build states the truth about Linux."""
    binary = build.build(_program(source), build.NATIVE, host_cc)
    _passes([str(binary)], source, tmp_path)


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_under_xlate_run(
    source: Path, runner: Runner, host_cc: list[str], guest_cc: list[str], tmp_path: Path
) -> None:
    """The guest's build finds the same Linux, with and without a guest base."""
    if runner.is_qemu and "qemu-arm" in source.read_text(encoding="utf-8").split("*/")[0]:
        pytest.skip("the head of the source says why qemu-arm does not pass")
    native = build.build(_program(source), build.NATIVE, host_cc)
    binary = build.build(_program(source), "thumb", guest_cc)
    left_out = _passes([str(native)], source, tmp_path)
    assert _passes([*runner.words, str(binary)], source, tmp_path) == left_out


@pytest.fixture(scope="module")
def packages(guest_cc: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the packages of every program, of libc and of its loader."""
    if build.is_zig(guest_cc):
        wanted.missing(
            "a cross compiler with shared libraries", "apt install libc6-dev-armhf-cross"
        )
    folder = tmp_path_factory.mktemp("packages")
    system = build.sysroot(guest_cc)
    files = [build.build(_program(source, "pie"), "pie", guest_cc) for source in SOURCES]
    files += [system / "lib" / "libc.so.6", *system.glob("lib/ld-linux-armhf.so.*")]
    words = [*CONVERT, "-q", "-O0", "-L", str(system), "-o", str(folder), *map(str, files)]
    environment = {
        **os.environ,
        "XLATE_CACHE": str(tmp_path_factory.mktemp("store")),
        "PYTHONPATH": str(wanted.CHECKOUT),
    }
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.campaign
@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_converted(
    source: Path, packages: Path, xlate_run: Path, guest_cc: list[str], tmp_path: Path
) -> None:
    """The same from packages, libc included."""
    program = build.build(_program(source, "pie"), "pie", guest_cc)
    stats = tmp_path / "stats.json"
    sysroot = ["-L", str(build.sysroot(guest_cc))]
    counted = ["--stats=json", "--stats-file", str(stats)]
    words = [str(xlate_run), *sysroot, "-p", str(packages), *counted, str(program)]
    _passes(words, source, tmp_path)
    assert json.loads(stats.read_text())["package_functions"] > 0
