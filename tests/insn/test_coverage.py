"""Every encoding row that executes has a one-line case."""

from __future__ import annotations

from xlate.tools.coverage import uncovered


def test_every_row_has_a_line():
    missing = [f"{isa}/{row.name}" for isa, row in uncovered()]
    assert not missing, "propose lines with: python -m xlate.tools.coverage --draw"
