"""A computed goto with many known targets: found in the row of labels, and by index or hash."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from corpus import build as corpus
from tests.optimised.packaged import HERE


@pytest.mark.parametrize("level", ["-O1", "-O2"])
def test_the_interpreter_kernel(
    level: str, xlate_run: Path, guest_cc: list[str], host_cc: list[str], tmp_path: Path
) -> None:
    """The kernel computes what it does natively, and its own code goes nowhere else for it."""
    kernel = next(k for k in corpus.kernels() if k.name == "vm_goto")
    guest = corpus.build(kernel, "pie", guest_cc, corpus.DEFAULT_OUT)
    native = corpus.build(kernel, corpus.NATIVE, host_cc, corpus.DEFAULT_OUT)
    env = {**os.environ, "PYTHONPATH": str(HERE.parents[1]), "XLATE_CACHE": str(tmp_path / "store")}
    convert = [sys.executable, "-m", "xlate", "convert", "--quiet", level, str(guest)]
    subprocess.run(convert, check=True, env=env)
    stats = tmp_path / "stats.json"
    words = [str(xlate_run), "--stats=json", "--stats-file", str(stats)]
    words += ["-L", str(corpus.sysroot(guest_cc)), str(guest), "50"]
    ran = subprocess.run(words, check=True, env=env, capture_output=True)
    assert ran.stdout == subprocess.run([native, "50"], check=True, capture_output=True).stdout
    counters = json.loads(stats.read_text())
    assert counters["packages"][0]["state"] == "hit"
    assert counters["enters"] < 1000  # 100,000 gotos
