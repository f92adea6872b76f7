"""The program of this folder with its package, built once."""

from __future__ import annotations

import pytest

from tests.optimised.packaged import Packaged, build


@pytest.fixture(scope="session")
def packaged(guest_cc: list[str], tmp_path_factory: pytest.TempPathFactory) -> Packaged:
    """Return the guest program and the folder of its package."""
    return build(guest_cc, tmp_path_factory.mktemp("optimised"))
