"""The store: where it is, who may write to it, and hashes that are remembered."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import needs as wanted
from tests.package import samples
from tests.package.samples import guest_image, package_for, put_guest, run
from xlate.errors import Unsupported
from xlate.package.format import encode, write
from xlate.package.layout import CANDIDATES, SEEN
from xlate.package.store import Store, distrust, package_name

GUEST = guest_image()


def seen(store: Store) -> dict[str, bytes]:
    """Return the records of hashes, without how often they were of use."""
    counted = SEEN.layout.offsets()["hits"]
    return {path.name: path.read_bytes()[:counted] for path in (store.root / "seen").iterdir()}


def settle() -> None:
    """Let a file become old enough to be remembered by a run."""
    time.sleep(0.1)


# --- where ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "root"),
    [
        ({}, None),
        ({"XLATE_CACHE": "off", "HOME": "/h"}, None),
        ({"XLATE_CACHE": "/c", "XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/c"),
        ({"XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/x/xlate"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, "/h/.cache/xlate"),
        ({"XLATE_CACHE": "", "HOME": "/h"}, "/h/.cache/xlate"),
        ({"HOME": ""}, None),
    ],
)
def test_the_environment_decides(environ: dict[str, str], root: str | None) -> None:
    found = Store.locate(environ)
    assert (found and str(found.root)) == root


def test_folders_are_closed_whatever_the_umask(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        store = Store(tmp_path / "far" / "above" / "store")
        store.prepare()
    finally:
        os.umask(old)
    for folder in (tmp_path / "far", store.root.parent, store.root, *store.root.iterdir()):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_a_store_that_others_may_write_to_is_refused(store: Store) -> None:
    (store.root / "packages").chmod(0o770)
    assert "others may write" in distrust(store.root / "packages")
    with pytest.raises(Unsupported, match=r"others may write to .*packages"):
        store.prepare()
    (store.root / "packages").chmod(0o700)
    store.root.chmod(0o777)
    with pytest.raises(Unsupported, match="others may write"):
        store.prepare()


def test_another_users_store_is_refused(store: Store) -> None:
    user = wanted.needs_ordinary_user()
    os.chown(store.root, user, user)
    with pytest.raises(Unsupported, match="belongs to another user"):
        store.prepare()


def test_a_folder_that_is_a_link_is_refused_as_the_runtime_does(
    xlate_run: Path, tmp_path: Path, store: Store
) -> None:
    guest = put_guest(tmp_path, GUEST)
    write(store.package_path(GUEST), package_for(GUEST))
    (store.root / "packages").rename(tmp_path / "elsewhere")
    (store.root / "packages").symlink_to(tmp_path / "elsewhere")
    assert run(xlate_run, guest, cache=store.root).status == samples.BASELINE_STATUS
    with pytest.raises(Unsupported, match="packages is a symbolic link"):
        store.prepare()


def test_a_link_to_the_store_is_followed(xlate_run: Path, tmp_path: Path, store: Store) -> None:
    guest = put_guest(tmp_path, GUEST)
    (tmp_path / "link").symlink_to(store.root)
    link = Store(tmp_path / "link")
    link.prepare()
    write(link.package_path(GUEST), package_for(GUEST))
    assert run(xlate_run, guest, cache=link.root).status == samples.PACKAGE_STATUS


def test_a_file_in_the_place_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for root in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(NotADirectoryError):
            Store(root).prepare()


# --- packages ------------------------------------------------------------------------------------


def test_packages_are_listed_found_and_removed(store: Store) -> None:
    assert store.packages() == []
    assert store.find(GUEST) is None
    path = store.package_path(GUEST)
    assert path.name == package_name(GUEST)
    write(path, package_for(GUEST))
    assert store.find(GUEST) == path == store.package_path(GUEST)
    assert [kept.path for kept in store.packages()] == [path]
    profile = store.root / "profiles" / path.name.replace(".xlp", ".prof")
    profile.write_bytes(b"")
    store.remove(path)
    assert store.packages() == []
    assert not profile.exists()
    with pytest.raises(FileNotFoundError):
        store.remove(path)


def test_a_damaged_package_is_listed_with_its_problem_and_replaced(store: Store) -> None:
    path = store.package_path(GUEST)
    path.write_bytes(encode(package_for(GUEST))[:1000])
    (kept,) = store.packages()
    assert kept.header is None
    assert "shorter than its header" in kept.problem
    assert store.find(GUEST) is None
    assert store.package_path(GUEST) == path


def test_pipes_in_the_store_keep_nobody_waiting(store: Store) -> None:
    path = store.package_path(GUEST)
    os.mkfifo(path)
    os.mkfifo(store.root / "profiles" / path.name.replace(".xlp", ".prof"))
    assert store.find(GUEST) is None
    assert store.package_path(GUEST) == path
    assert store.profile_keys(GUEST) == frozenset()


def test_files_of_one_quick_key_share_a_few_names(store: Store) -> None:
    images = [guest_image(padding=bytes(5000) + bytes([n])) for n in range(CANDIDATES + 1)]
    for number, data in enumerate(images[:CANDIDATES]):
        path = store.package_path(data)
        write(path, package_for(data))
        os.utime(path, (1000 + number, 1000 + number))
    assert len(store.packages()) == CANDIDATES
    assert store.package_path(images[2]) == store.find(images[2])
    # All names are taken: the oldest one goes.
    assert store.package_path(images[CANDIDATES]) == store.find(images[0])


def test_two_versions_of_xlate_share_a_store(xlate_run: Path, tmp_path: Path, store: Store) -> None:
    """The other one's package stays beside ours, until it was of no use for a week."""
    other = store.package_path(GUEST)
    write(other, package_for(GUEST, fingerprint=bytes(32)))
    ours = store.package_path(GUEST)
    assert ours != other
    assert store.find(GUEST) == other
    write(ours, package_for(GUEST))
    guest = put_guest(tmp_path, GUEST)
    assert run(xlate_run, guest, cache=store.root).status == samples.PACKAGE_STATUS
    assert store.find(GUEST) == store.package_path(GUEST) == ours
    os.utime(other, (1000, 1000))
    ours.unlink()
    assert store.package_path(GUEST) == other
    store.remember(guest, other)  # as its runs do
    assert store.package_path(GUEST) == ours


def test_a_removal_that_is_killed_hides_no_other_package(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is one step: there is no instant with a free name in front of a package."""
    images = [guest_image(padding=bytes(5000) + bytes([n])) for n in range(3)]
    for data in images:
        write(store.package_path(data), package_for(data))
    steps = []
    for name in ("unlink", "replace"):
        real = getattr(Path, name)

        def step(path: Path, *args: object, real: Callable[..., object] = real) -> object:
            done = real(path, *args)
            steps.append([one.path.name for one in store.packages()])
            return done

        monkeypatch.setattr(Path, name, step)
    first = store.package_path(images[0])
    store.remove(first)
    assert [len(names) for names in steps] == [2]
    assert first.name in steps[0]


def test_what_is_left_of_one_quick_key_is_found_when_one_is_removed(
    xlate_run: Path, tmp_path: Path, store: Store
) -> None:
    """The runtime looks no further than the first name that is free."""
    images = [guest_image(padding=bytes(5000) + bytes([n])) for n in range(3)]
    for data in images:
        write(store.package_path(data), package_for(data))
    store.remove(store.package_path(images[0]))
    for data in images[1:]:
        guest = put_guest(tmp_path, data)
        assert run(xlate_run, guest, cache=store.root).status == samples.PACKAGE_STATUS


def test_what_nobody_needs_is_tidied(store: Store) -> None:
    """What killed writers left, and hashes of files as they were long ago."""
    names = ("packages/.old.new", "packages/.fresh.new", "seen/old", "seen/fresh")
    for name in names:
        (store.root / name).write_bytes(b"")
    for name in names[::2]:
        os.utime(store.root / name, (1000, 1000))
    store.prepare()
    assert [name for name in names if (store.root / name).exists()] == [*names[1::2]]


# --- hashes that are remembered ------------------------------------------------------------------


def test_both_files_are_hashed_once(xlate_run: Path, tmp_path: Path, store: Store) -> None:
    guest = put_guest(tmp_path, GUEST)
    package = store.package_path(GUEST)
    write(package, package_for(GUEST))
    settle()
    assert run(xlate_run, guest, cache=store.root).status == samples.PACKAGE_STATUS
    first = seen(store)
    assert len(first) == 2
    assert run(xlate_run, guest, cache=store.root).status == samples.PACKAGE_STATUS
    assert seen(store) == first
    # The converter writes the same records.
    for path in (store.root / "seen").iterdir():
        path.unlink()
    store.remember(guest, package)
    assert seen(store) == first


def test_a_remembered_hash_is_believed_until_the_file_changes(
    xlate_run: Path, tmp_path: Path, store: Store
) -> None:
    guest = put_guest(tmp_path, GUEST)
    write(store.package_path(GUEST), package_for(GUEST))
    settle()
    run(xlate_run, guest, cache=store.root)
    for path in (store.root / "seen").iterdir():
        record = SEEN.unpack(path.read_bytes())
        path.write_bytes(SEEN.pack(**{**record, "hash": bytes(32)}))
    poisoned = run(xlate_run, guest, cache=store.root)
    assert (poisoned.status, poisoned.states) == (
        samples.BASELINE_STATUS,
        ["refused: made for another file"],
    )
    guest.touch()
    assert "damaged" in run(xlate_run, guest, cache=store.root).states[0]


def test_damage_that_changes_the_time_is_found(
    xlate_run: Path, tmp_path: Path, store: Store
) -> None:
    guest = put_guest(tmp_path, GUEST)
    path = store.package_path(GUEST)
    write(path, package_for(GUEST))
    settle()
    assert run(xlate_run, guest, cache=store.root).status == samples.PACKAGE_STATUS
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(path.stat().st_size - 1)
        file.write(b"\1")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    result = run(xlate_run, guest, cache=store.root)
    assert (result.status, result.states) == (samples.BASELINE_STATUS, ["refused: damaged"])


def test_a_guest_that_changed_behind_its_first_page_is_another_file(
    xlate_run: Path, tmp_path: Path, store: Store
) -> None:
    data = guest_image(padding=bytes(5000))
    guest = put_guest(tmp_path, data)
    write(store.package_path(data), package_for(data))
    settle()
    assert run(xlate_run, guest, cache=store.root).status == samples.PACKAGE_STATUS
    with guest.open("r+b") as file:
        file.seek(5000)
        file.write(b"\1")
    assert "another file" in run(xlate_run, guest, cache=store.root).states[0]


@pytest.mark.parametrize("damage", [b"", b"x" * 200, None])
def test_a_damaged_record_is_only_a_hash_to_make_again(
    xlate_run: Path, tmp_path: Path, store: Store, damage: bytes | None
) -> None:
    guest = put_guest(tmp_path, GUEST)
    write(store.package_path(GUEST), package_for(GUEST))
    settle()
    run(xlate_run, guest, cache=store.root)
    good = seen(store)
    for path in (store.root / "seen").iterdir():
        if damage is None:
            path.unlink()
            path.symlink_to(guest)
        else:
            path.write_bytes(damage)
    assert run(xlate_run, guest, cache=store.root).status == samples.PACKAGE_STATUS
    assert seen(store) == good


def test_a_file_that_just_changed_is_not_remembered(
    xlate_run: Path, tmp_path: Path, store: Store
) -> None:
    write(store.package_path(GUEST), package_for(GUEST))
    settle()
    guest = put_guest(tmp_path, GUEST)
    assert run(xlate_run, guest, cache=store.root).status == samples.PACKAGE_STATUS
    assert len(seen(store)) == 1


def test_a_file_that_may_still_change_is_not_remembered_once_it_is_hashed(
    xlate_run: Path, tmp_path: Path, store: Store
) -> None:
    """Too young when it was read, however long that took; tries, since a start may last."""
    data = GUEST + bytes(100_000_000)
    write(store.package_path(data), package_for(data))
    tries = 5
    for number in range(tries):
        guest = put_guest(tmp_path, GUEST, f"guest{number}")
        os.truncate(guest, len(data))
        assert run(xlate_run, guest, cache=store.root).status == samples.PACKAGE_STATUS
    # The package's own, and not one for each guest.
    assert 1 <= len(seen(store)) < 1 + tries


def test_no_file_may_be_written(xlate_run: Path, tmp_path: Path, store: Store) -> None:
    """RLIMIT_FSIZE 0: a write would end the program by SIGXFSZ."""
    guest = put_guest(tmp_path, GUEST)
    write(store.package_path(GUEST), package_for(GUEST))
    settle()
    words = ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", str(xlate_run), str(guest)]
    done = subprocess.run(words, env={**os.environ, "XLATE_CACHE": str(store.root)}, check=False)
    assert done.returncode == samples.PACKAGE_STATUS
    assert seen(store) == {}


def test_without_any_store_nothing_is_made(xlate_run: Path, tmp_path: Path) -> None:
    guest = put_guest(tmp_path, GUEST)
    path = tmp_path / "one.xlp"
    write(path, package_for(GUEST))
    place = tmp_path / "cache"
    assert run(xlate_run, guest, cache=place).status == samples.BASELINE_STATUS
    assert not place.exists()
    assert run(xlate_run, guest, "-p", str(path)).status == samples.PACKAGE_STATUS
    assert (
        run(xlate_run, guest, "-p", str(path), cache=place / "deep").status
        == samples.PACKAGE_STATUS
    )
    assert place.exists()
    assert place.stat().st_mode & 0o777 == 0o700
    assert run(xlate_run, guest, "-p", str(path), cache="/proc/no").status == samples.PACKAGE_STATUS
