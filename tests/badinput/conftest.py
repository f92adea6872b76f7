"""A folder that an ordinary user can reach, and copies of programs in it.

pytest's own folders are closed to other users, and a checkout may lie in a closed home.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Publish = Callable[[Path], Path]


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """Return an empty folder with mode 0755, removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="xlate-public-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def publish(public_folder: Path) -> Publish:
    """Return a function that copies a program to where everybody may execute it."""

    def copy(program: Path) -> Path:
        target = public_folder / program.name
        shutil.copy(program, target)
        target.chmod(0o755)
        return target

    return copy
