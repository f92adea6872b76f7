"""A small share of the campaign: each scene once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.ground import Ground
from tests.faults.scenes import SCENES

SCALES = {"flips": 0.01, "small-files": 0.01, "kept": 0.02, "full-disk": 0.1, "failing-calls": 0.25,
          "kills": 0.1, "conversions": 0.02}  # fmt: skip


@pytest.mark.parametrize("name", SCENES)
def test_nothing_goes_wrong(xlate_run: Path, public_folder: Path, name: str) -> None:
    program = public_folder / "xlate-run"
    program.write_bytes(xlate_run.read_bytes())
    program.chmod(0o755)
    ground = Ground(public_folder, program, seed=1, scale=SCALES.get(name, 0.1))
    SCENES[name](ground)
    assert not ground.wrong
    assert ground.counts
