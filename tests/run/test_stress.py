"""Threads under load: programs of corpus/stress for some seconds each, with turns disturbed at random.

``make soak`` runs them for ten minutes each; XLATE_STRESS_SECONDS says how long.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from corpus import build
from tests.run.conftest import Runner
from tests.run.self_checking import passes, program, sources

SECONDS = float(os.environ.get("XLATE_STRESS_SECONDS", "20"))
# How long a program may take to come to its end: it looks at the time now and then.
PATIENCE = 60.0
SOURCES = sources("stress")
LIBS = ("-lrt",)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_on_plain_linux(source: Path, host_cc: list[str], tmp_path: Path) -> None:
    """The host's build passes, briefly."""
    binary = build.build(program(source, LIBS), build.NATIVE, host_cc)
    passes([str(binary), "0.5"], source, tmp_path)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_disturbed(
    source: Path, xlate_run: Path, guest_cc: list[str], tmp_path: Path
) -> None:
    """The guest's build passes with exclusive stores that fail and turns that end at random."""
    binary = build.build(program(source, LIBS), "arm", guest_cc)
    words = [str(xlate_run), "--chaos", "20261121", str(binary), str(SECONDS)]
    passes(words, source, tmp_path, SECONDS + PATIENCE)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_briefly(source: Path, runner: Runner, guest_cc: list[str], tmp_path: Path) -> None:
    """It passes undisturbed, as Thumb code, in both mappings."""
    if runner.is_qemu:
        pytest.skip("qemu-arm compares values, so the stack's nodes are lost")
    binary = build.build(program(source, LIBS), "thumb", guest_cc)
    passes([*runner.words, str(binary), "1"], source, tmp_path)
