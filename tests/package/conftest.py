"""A guest, a store, and a folder with hardly any room."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import needs as wanted
from tests.package.samples import GUEST, put_guest
from xlate.package.store import Store


@pytest.fixture
def guest(tmp_path: Path) -> Path:
    """Return an executable guest, ``samples.GUEST``."""
    return put_guest(tmp_path, GUEST)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Return a store of the test's own, with its folders."""
    one = Store(tmp_path / "store")
    one.prepare()
    return one


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
