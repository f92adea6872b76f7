"""Every kernel, converted, prints what it must: what the bench times is right.

The same steps as the bench takes (convert, run, convert), with few repetitions: every kernel as a
PIE with shared libraries, whose own code is all that is converted; some at a fixed address, T32
and A32, with the libc they are linked with. The bench does the rest: it refuses a result that
differs from the native one.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from corpus import build as corpus
from tests.bench.engines import OPTIMISED, Converter, Engines

KERNELS = {kernel.name: kernel for kernel in corpus.kernels()}
STATIC = ("simpson", "vm_goto")
RUNS = [
    *(pytest.param(name, "pie") for name in KERNELS),
    *(
        pytest.param(name, mode, marks=pytest.mark.campaign)
        for name in STATIC
        for mode in ("thumb", "arm")
    ),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for store and packages, so that kernels share what they have in common."""
    return tmp_path_factory.mktemp("kernels")


@pytest.mark.parametrize(("name", "mode"), RUNS)
def test_converted_kernel(
    name: str, mode: str, folder: Path, xlate_run: Path, guest_cc: list[str]
) -> None:
    """The package is taken, and three repetitions print the manifest's line."""
    kernel = KERNELS[name]
    dynamic = mode in corpus.DYNAMIC_MODES
    if dynamic and corpus.is_zig(guest_cc):
        pytest.skip("zig's musl comes without shared libraries")
    sysroot = corpus.sysroot(guest_cc) if dynamic else None
    converter = Converter(folder / "store")
    engines = Engines((OPTIMISED,), xlate_run, None, converter, sysroot, folder / "packages")
    program = corpus.build(kernel, mode, guest_cc)
    engines.prepare(program, ["3"])
    stats = folder / f"{program.name}.json"
    words = engines.guest(program, ["3"])[OPTIMISED]
    told = [words[0], "--stats=json", "--stats-file", str(stats), *words[1:]]
    done = subprocess.run(
        told, capture_output=True, env=converter.environment(), timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == kernel.cases[0].expected_stdout()
    rows = json.loads(stats.read_text())["packages"]
    states = [row["state"] for row in rows if Path(row["file"]).name == program.name]
    # What the run in between kept is for the package from before.
    assert [state for state in states if not state.startswith("kept code")] == ["hit"], rows
