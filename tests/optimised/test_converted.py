"""The same scenarios with packages made by ``xlate convert``; the C library stays baseline code.

So every call of the library nests a dispatcher, and callbacks from it enter optimised code. The
program is converted, run, and converted again with what the run recorded.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from corpus import build as corpus
from tests.optimised.packaged import HERE, Packaged
from tests.optimised.test_tiers import EXPECTED, check, run

FLAGS = ("-marm", "-O1", "-fno-inline", "-fno-optimize-sibling-calls")
KINDS = {"exec": ("-fno-pie", "-no-pie"), "pie": ("-fPIE", "-pie")}
#: How often the program was run and converted again.
ROUNDS = (0, 1)


def _convert(program: Path, folder: Path, cache: Path) -> None:
    words = [sys.executable, "-m", "xlate", "convert", str(program), "-o", str(folder)]
    env = {**os.environ, "PYTHONPATH": str(HERE.parents[1]), "XLATE_CACHE": str(cache)}
    subprocess.run([*words, "--jobs", "1"], check=True, env=env, capture_output=True)


@pytest.fixture(scope="module", params=KINDS)
def converted(
    request: pytest.FixtureRequest,
    guest_cc: list[str],
    xlate_run: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> list[Packaged]:
    """Return the program with a package for each round; the last knows what the runs met."""
    top = tmp_path_factory.mktemp("converted")
    program = top / "tiers"
    sources = [str(HERE / "tiers.c"), str(HERE / "functions.S")]
    flags = [*FLAGS, *KINDS[request.param]]
    subprocess.run([*guest_cc, *flags, *sources, "-o", str(program)], check=True)
    cache = top / "cache"
    made = []
    for round_ in ROUNDS:
        folder = top / f"packages{round_}"
        folder.mkdir(mode=0o755)
        _convert(program, folder, cache)
        made.append(Packaged(program, folder, cache, corpus.sysroot(guest_cc)))
        for scenario in EXPECTED:
            run(xlate_run, made[-1], scenario)
    return made


@pytest.mark.parametrize("round_", ROUNDS)
@pytest.mark.parametrize("scenario", EXPECTED)
def test_scenario(xlate_run: Path, converted: list[Packaged], scenario: str, round_: int) -> None:
    ran = run(xlate_run, converted[round_], scenario)
    check(ran, scenario)
    assert ran.counters["packages"][0]["state"] == "hit"
    assert ran.counters["enters"] > 0
    if round_ == 0:
        assert ran.counters["nests"] > 0


def test_jumps_leave_memory_flat(xlate_run: Path, converted: list[Packaged]) -> None:
    """Jumps out of a million nests do not pile up dispatchers on the host stack."""
    peaks = []
    for scenario in ("jumps peak", "jumps jumps jumps jumps jumps peak"):
        ran = run(xlate_run, converted[0], scenario)
        assert ran.status == 0
        peaks.append(int(ran.said.split()[0]))
    assert peaks[0] < 10 << 10
    assert peaks[1] - peaks[0] < 512


def test_library_comes_and_goes(xlate_run: Path, guest_cc: list[str], tmp_path: Path) -> None:
    """Each unloading takes the library's package away, and leaves the rest translated."""
    program, library, folder = tmp_path / "host", tmp_path / "plugin.so", tmp_path / "packages"
    shared = ["-shared", "-fPIC", str(HERE / "plugin.c")]
    subprocess.run([*guest_cc, "-O1", *shared, "-o", str(library)], check=True)
    subprocess.run([*guest_cc, "-O1", str(HERE / "plugin_host.c"), "-o", str(program)], check=True)
    folder.mkdir(mode=0o755)
    for file in (program, library):
        _convert(file, folder, tmp_path / "cache")
    packaged = Packaged(program, folder, tmp_path / "cache", corpus.sysroot(guest_cc))
    ran = run(xlate_run, packaged, str(library))
    assert (ran.status, ran.printed) == (0, "12377500\n"), ran.said
    hits = [p for p in ran.counters["packages"] if p["state"] == "hit"]
    assert [p["count"] for p in hits] == [1, 50]
    assert ran.counters["runtime_blocks"] < 5000


def test_loops_of_floats_stop_where_they_fault(
    xlate_run: Path, guest_cc: list[str], tmp_path: Path
) -> None:
    """Also where several of their rounds go side by side: what comes before a fault is stored."""
    (source,) = (p for p in corpus.programs() if p.name == "loop_faults")
    program, folder = corpus.build(source, "pie", guest_cc), tmp_path / "packages"
    folder.mkdir(mode=0o755)
    _convert(program, folder, tmp_path / "cache")
    packaged = Packaged(program, folder, tmp_path / "cache", corpus.sysroot(guest_cc))
    ran = run(xlate_run, packaged, "")
    assert ran.status == 0, ran.said
    assert ran.printed.encode() == source.cases[0].expected_stdout()
    assert ran.counters["enters"] > 0
