"""busybox in the optimised tier: converted, run, converted again; then nothing is left to learn.

Every invocation must behave as in ``test_busybox.py`` both times. In the second round no process
may translate anything at run time: what the first one discovered is in the package.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.run.conftest import Runner
from tests.run.test_busybox import CASES, Bench

TRIES = 4
HIT_SYSTEM = "hit in the system store"


def _xlate(store: Path, *words: object) -> None:
    subprocess.run(
        [sys.executable, "-m", "xlate", *map(str, words)],
        env={
            "PATH": "",
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "XLATE_CACHE": str(store),
            "XLATE_SYSTEM_CACHE": f"{store}-system",
        },
        check=True,
    )


def _convert(busybox: Path, store: Path) -> None:
    _xlate(store, "convert", "--quiet", busybox)


def _round(
    bench: Bench,
    busybox: Path,
    xlate_run: Path,
    stats: Path,
    state: str = "hit",
    cases: Sequence[dict[str, Any]] = CASES,
) -> dict[str, int]:
    """Run the cases; returns the blocks translated at run time by case, where there were any.

    A signal that comes in the middle of a loop is the one thing that leads to other places in each
    run (docs/decisions/0007): a case that met one has more tries.
    """
    runner = Runner("package", (str(xlate_run), "--stats=json", "--stats-file", str(stats)))
    left = {}
    for case in cases:
        name = case["name"]
        if name not in bench.native:
            bench.native[name] = bench.run(case, None, bench.native_busybox)
        for _ in range(TRIES):
            assert bench.run(case, runner, busybox) == bench.native[name], name
            text = stats.read_text()
            if not text:  # killed by a signal, it had no time to say anything
                assert bench.native[name].status < 0, name
                break
            seen = json.loads(text)
            assert seen["packages"][0]["state"] == state, name
            left[name] = seen["runtime_blocks"]
            if not (seen["runtime_blocks"] and seen["signals"]):
                break
    return {name: blocks for name, blocks in left.items() if blocks}


@pytest.mark.slow
def test_convert_run_convert_run(
    busybox_armhf: Path,
    busybox_amd64: Path,
    xlate_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All invocations are right in both rounds, and the second translates nothing.

    Nor does a machine to whose system's store a pack of it was brought.
    """
    bench = Bench(tmp_path, busybox_amd64)
    store = tmp_path / "store"
    monkeypatch.setenv("XLATE_CACHE", str(store))
    _convert(busybox_armhf, store)
    first = _round(bench, busybox_armhf, xlate_run, tmp_path / "stats")
    assert first, "a first run discovers something"
    _convert(busybox_armhf, store)
    assert _round(bench, busybox_armhf, xlate_run, tmp_path / "stats") == {}
    pack = tmp_path / "busybox.xlpack"
    _xlate(store, "pack", busybox_armhf, "-o", pack)
    _xlate(store, "pack", "verify", pack)
    _xlate(store, "pack", "import", "--system", pack)
    monkeypatch.setenv("XLATE_CACHE", "off")
    monkeypatch.setenv("XLATE_SYSTEM_CACHE", f"{store}-system")
    stats = tmp_path / "stats"
    assert _round(bench, busybox_armhf, xlate_run, stats, HIT_SYSTEM, CASES[::8]) == {}
