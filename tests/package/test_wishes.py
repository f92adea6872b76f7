"""What xlate-run leaves in the store about files that ran without a package of use."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests import needs
from tests.package.samples import GUEST, package_for, put_guest, run
from xlate.package.format import encode, write
from xlate.package.key import quick_key
from xlate.package.layout import WANTED
from xlate.package.store import Store

QUICK = quick_key(GUEST).hex()


@pytest.fixture
def wanted(store: Store) -> Path:
    """Return the folder of wishes of a store that has one."""
    folder = store.root / WANTED
    folder.mkdir(mode=0o700)
    return folder


def wishes(folder: Path) -> dict[str, Path]:
    return {link.name: link.readlink() for link in folder.iterdir()}


def test_no_folder_no_wish(xlate_run: Path, guest: Path, store: Store, tmp_path: Path) -> None:
    for cache in (store.root, tmp_path / "none", "off"):
        assert run(xlate_run, guest, cache=cache).states == ["none"]
    assert not (store.root / WANTED).exists()
    assert not (tmp_path / "none" / WANTED).exists()


def test_a_file_without_a_package_is_wished_for_once(
    xlate_run: Path, guest: Path, store: Store, wanted: Path
) -> None:
    """By its path, however it was called; another name of it changes nothing."""
    link = guest.with_name("link")
    link.symlink_to(guest)
    assert run(xlate_run, link, cache=store.root).states == ["none"]
    assert wishes(wanted) == {QUICK: guest}
    shutil.copy(guest, guest.with_name("copy"))
    run(xlate_run, guest.with_name("copy"), cache=store.root)
    assert wishes(wanted) == {QUICK: guest}


def test_what_a_conversion_would_mend_is_wished_for(
    xlate_run: Path, guest: Path, store: Store, wanted: Path
) -> None:
    data = encode(package_for(GUEST))
    kinds = {
        "stale": encode(package_for(GUEST, fingerprint=bytes(32))),
        "refused: damaged": data[:-1] + bytes([data[-1] ^ 1]),
        "refused: truncated": data[:-4096],
    }
    for state, content in kinds.items():
        path = store.package_path(GUEST)
        path.write_bytes(content)
        assert run(xlate_run, guest, cache=store.root).states[0].startswith(state)
        assert wishes(wanted) == {QUICK: guest}, state
        (wanted / QUICK).unlink()
        path.unlink()


def test_what_it_would_not_mend_is_not(
    xlate_run: Path, guest: Path, store: Store, wanted: Path
) -> None:
    path = store.package_path(GUEST)
    write(path, package_for(GUEST))
    assert run(xlate_run, guest, cache=store.root).states == ["hit"]
    assert run(xlate_run, guest, "--fp", "fast", cache=store.root).states != ["hit"]
    run(xlate_run, guest, "--tier", "baseline", cache=store.root)
    path.chmod(0o666)
    assert "not trusted" in run(xlate_run, guest, cache=store.root).states[0]
    assert wishes(wanted) == {}


def test_a_folder_that_others_may_write_to_gets_none(
    xlate_run: Path, guest: Path, store: Store, wanted: Path
) -> None:
    wanted.chmod(0o777)
    run(xlate_run, guest, cache=store.root)
    wanted.chmod(0o700)
    assert wishes(wanted) == {}


@pytest.mark.parametrize("way", ["namespace", "paths"])
def test_below_a_root_it_has_the_hosts_name(
    xlate_run: Path, guest: Path, store: Store, wanted: Path, tmp_path: Path, way: str
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    inside = put_guest(root, GUEST, "prog")
    options = ("--root", str(root), "--root-by", way)
    ran = run(xlate_run, guest, *options, cache=store.root, words=["/prog"])
    if way == "namespace" and ran.status == 125:
        needs.forbidden(f"a namespace: {ran.stderr.strip()}")
    assert ran.states == ["none"]
    assert wishes(wanted) == {QUICK: inside}
