"""A folder that every user can reach, and one with hardly any room."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import needs as wanted


@pytest.fixture
def public_place() -> Iterator[Path]:
    """Return an empty folder with mode 0755; pytest's own are closed to other users."""
    folder = Path(tempfile.mkdtemp(prefix="xlate-packages-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a file system of 64 KiB; only root can make one."""
    wanted.needs_root()
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k,mode=0755", "none", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"needs leave to mount: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
