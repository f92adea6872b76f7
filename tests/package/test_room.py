"""A store that is full is held to its cap by runs, too: what they left longest ago goes."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.package.samples import GUEST, PACKAGE_STATUS, package_for, put_guest, run
from tests.package.test_profile import profile_path
from xlate.package.format import write
from xlate.package.layout import PROFILE_SIZE
from xlate.package.store import Store

HOUR = 3600


def disk(*paths: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in paths)


def everything(store: Store) -> int:
    return disk(*(p for p in store.root.rglob("*") if p.is_file() and p.parent.name != "seen"))


@pytest.fixture
def left(store: Store) -> list[Path]:
    """Return profiles that runs of other programs left, the oldest first."""
    paths = []
    for number, hours in enumerate((1000, 400, 2)):
        path = store.root / "profiles" / f"{number:032x}.prof"
        path.write_bytes(b"x" * PROFILE_SIZE)
        when = time.time() - hours * HOUR
        os.utime(path, (when, when))
        paths.append(path)
    return paths


@pytest.fixture
def program(tmp_path: Path, store: Store) -> Path:
    """Return a guest that has a package, and of which a run leaves a profile."""
    write(store.package_path(GUEST), package_for(GUEST))
    return put_guest(tmp_path, GUEST)


def with_cap(xlate_run: Path, guest: Path, store: Store, cap: str) -> None:
    os.environ["XLATE_CACHE_MAX"] = cap
    try:
        result = run(xlate_run, guest, cache=store.root)
    finally:
        del os.environ["XLATE_CACHE_MAX"]
    assert (result.status, result.stderr) == (PACKAGE_STATUS, "")


def test_the_oldest_go_for_a_new_one(
    xlate_run: Path, program: Path, store: Store, left: list[Path]
) -> None:
    cap = everything(store)
    with_cap(xlate_run, program, store, str(cap))
    assert [path.exists() for path in left] == [False, False, True]
    assert profile_path(store).exists()
    assert store.find(GUEST) is not None
    assert everything(store) <= cap


@pytest.mark.parametrize("cap", ["none", "2G", "1.5g", "", "nonsense", "3000k"])
def test_with_room_nothing_goes(
    xlate_run: Path, program: Path, store: Store, left: list[Path], cap: str
) -> None:
    """What is no size is the default: a program does not suffer for it."""
    with_cap(xlate_run, program, store, cap)
    assert all(path.exists() for path in left)
    assert profile_path(store).exists()


@pytest.mark.parametrize("cap", ["0", "1k", "200K"])
def test_packages_stay_and_nothing_is_added_where_they_fill_the_store(
    xlate_run: Path, program: Path, store: Store, left: list[Path], cap: str
) -> None:
    with_cap(xlate_run, program, store, cap)
    assert store.find(GUEST) is not None
    assert not profile_path(store).exists()


def test_what_was_of_use_counts_as_new(
    xlate_run: Path, program: Path, store: Store, left: list[Path]
) -> None:
    """By the record of its hash, as of a file that is looked at at every start."""
    kept = store.root / "kept"
    kept.mkdir(mode=0o700)
    old = left[0].rename(kept / "one.kept")
    store.remember_package(old)
    with_cap(xlate_run, program, store, str(everything(store)))
    assert old.exists()
    assert not left[1].exists()


def test_children_hold_the_same_cap(
    xlate_run: Path, busybox_armhf: Path, program: Path, store: Store, left: list[Path]
) -> None:
    """Executed by a guest that empties the environment."""
    words = [str(busybox_armhf), "env", "-i", str(program)]
    os.environ["XLATE_CACHE_MAX"] = str(everything(store))
    try:
        result = run(xlate_run, program, words=words, cache=store.root)
    finally:
        del os.environ["XLATE_CACHE_MAX"]
    assert result.status == PACKAGE_STATUS
    assert [path.exists() for path in left] == [False, False, True]


def test_a_disk_with_little_room(xlate_run: Path, program: Path, full_disk: Path) -> None:
    """64 KiB: a tenth of them is no room for a profile."""
    store = Store(full_disk / "store")
    store.prepare()
    write(store.package_path(GUEST), package_for(GUEST))
    assert run(xlate_run, program, cache=store.root).status == PACKAGE_STATUS
    assert list((store.root / "profiles").iterdir()) == []
