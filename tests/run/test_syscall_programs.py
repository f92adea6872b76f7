"""Every program of corpus/syscalls passes: on plain Linux first, then for ARM under xlate-run.

What passing is, ``self_checking`` says. Under xlate-run a program must leave out what it leaves
out natively, and nothing else.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from corpus import build
from tests import needs as wanted
from tests.bench.engines import CONVERT
from tests.run.conftest import Runner
from tests.run.self_checking import passes, program, sources

SOURCES = sources("syscalls")
NAMES = [source.stem for source in SOURCES]


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_on_plain_linux(source: Path, host_cc: list[str], tmp_path: Path) -> None:
    """The host's build states the truth about Linux."""
    binary = build.build(program(source), build.NATIVE, host_cc)
    passes([str(binary)], source, tmp_path)


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_under_xlate_run(
    source: Path, runner: Runner, host_cc: list[str], guest_cc: list[str], tmp_path: Path
) -> None:
    """The guest's build finds the same Linux, with and without a guest base."""
    if runner.is_qemu and "qemu-arm" in source.read_text(encoding="utf-8").split("*/")[0]:
        pytest.skip("the head of the source says why qemu-arm does not pass")
    native = build.build(program(source), build.NATIVE, host_cc)
    binary = build.build(program(source), "thumb", guest_cc)
    left_out = passes([str(native)], source, tmp_path)
    assert passes([*runner.words, str(binary)], source, tmp_path) == left_out


@pytest.fixture(scope="module")
def packages(guest_cc: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the packages of every program, of libc and of its loader."""
    if build.is_zig(guest_cc):
        wanted.missing(
            "a cross compiler with shared libraries", "apt install libc6-dev-armhf-cross"
        )
    folder = tmp_path_factory.mktemp("packages")
    system = build.sysroot(guest_cc)
    files = [build.build(program(source), "pie", guest_cc) for source in SOURCES]
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
    binary = build.build(program(source), "pie", guest_cc)
    stats = tmp_path / "stats.json"
    sysroot = ["-L", str(build.sysroot(guest_cc))]
    counted = ["--stats=json", "--stats-file", str(stats)]
    words = [str(xlate_run), *sysroot, "-p", str(packages), *counted, str(binary)]
    passes(words, source, tmp_path)
    assert json.loads(stats.read_text())["package_functions"] > 0
