"""The whole template library, made once for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from xlate.tools.stencils import Library, built_library


@pytest.fixture(scope="session")
def template_library(xlate_run: Path) -> Library:
    """Return the templates that the present ``xlate-run`` was built with."""
    return built_library()
