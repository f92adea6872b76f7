"""A guest, stores, a tree with a pack of it, and a folder with hardly any room."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests import needs as wanted
from tests.package.samples import GUEST, OTHER, package_for, put_guest
from xlate.cli import cli
from xlate.package.format import write
from xlate.package.store import Store

Pack = Callable[..., Result]


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


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """Have a file system in memory on a folder made for it; only root can mount one."""
    wanted.needs_root()
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"{options},mode=0755", "none", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        wanted.forbidden(f"mounting: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a file system of 64 KiB."""
    with mounted(tmp_path / "disk", "size=64k") as folder:
        yield folder


@pytest.fixture
def stocked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The user's store, with packages of two guests."""
    one = Store(tmp_path / "store")
    one.prepare()
    for guest in (GUEST, OTHER):
        write(one.package_path(guest), package_for(guest))
    monkeypatch.setenv("XLATE_CACHE", str(one.root))
    return one


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A root folder with two programs, one of them twice, a link, and a text."""
    root = tmp_path / "tree"
    (root / "usr/bin").mkdir(parents=True)
    (root / "lib").mkdir()
    put_guest(root / "usr/bin", GUEST, "one")
    put_guest(root / "usr/bin", GUEST, "again")
    put_guest(root / "lib", OTHER, "other.so")
    (root / "usr/bin/link").symlink_to("one")
    (root / "usr/bin/text").write_text("#!/bin/sh\n")
    return root


@pytest.fixture
def pack() -> Pack:
    def invoke(*words: object) -> Result:
        return CliRunner().invoke(cli, ["pack", *map(str, words)])

    return invoke


@pytest.fixture
def made(pack: Pack, stocked: Store, tree: Path, tmp_path: Path) -> Path:
    """A pack of the tree."""
    out = tmp_path / "made.xlpack"
    assert pack(tree, "-o", out).exit_code == 0
    return out
