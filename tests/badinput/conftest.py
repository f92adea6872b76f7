"""Copies of programs where an ordinary user can reach them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

Publish = Callable[[Path], Path]


@pytest.fixture
def publish(public_folder: Path) -> Publish:
    """Return a function that copies a program to where everybody may execute it."""

    def copy(program: Path) -> Path:
        target = public_folder / program.name
        shutil.copy(program, target)
        target.chmod(0o755)
        return target

    return copy
