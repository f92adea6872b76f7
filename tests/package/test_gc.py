"""A store that gets too large: the least recently used goes, never what is in use or being made."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from backends.llvm import memo_size
from tests import needs as wanted
from tests.package.samples import (
    BASELINE_STATUS,
    GUEST,
    PACKAGE_STATUS,
    guest_image,
    package_for,
    put_guest,
    run,
)
from xlate.convert.room import make_room, memo_limit
from xlate.errors import Unsupported
from xlate.package import gc
from xlate.package.contents import items
from xlate.package.format import write
from xlate.package.gc import DEFAULT_CAP, Outcome, Plan, cap_of, collect
from xlate.package.layout import PROFILE_SIZE
from xlate.package.store import Store

HOUR = 3600


def no_memo(path: Path, limit: int) -> None:
    raise AssertionError(f"{path} is small enough for {limit}")


def gathered(store: Store, **plan: object) -> Outcome:
    return collect(store, Plan(**plan), no_memo)  # type: ignore[arg-type]


def aged(path: Path, hours: float) -> Path:
    when = time.time() - hours * HOUR
    os.utime(path, (when, when))
    return path


def packages(store: Store, count: int) -> list[Path]:
    """Return packages of different guests, the first one the oldest."""
    paths = []
    for number in range(count):
        data = guest_image(padding=bytes([number]) * 8)
        path = store.package_path(data)
        write(path, package_for(data))
        paths.append(aged(path, 100 - number))
    return paths


def disk(*paths: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in paths)


def total(store: Store) -> int:
    return sum(item.size for item in items(store))


# --- how much ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("512", 512), ("500M", 500 << 20), ("2G", 2 << 30), ("1.5k", 1536),
     ("2GiB", 2 << 30), ("3 TB", 3 << 40)],
)  # fmt: skip
def test_sizes_as_users_write_them(text: str, size: int) -> None:
    assert gc.size_of(text) == size


@pytest.mark.parametrize("text", ["", "G", "2X", "-1", "1e3", "2 G G"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="no size"):
        gc.size_of(text)


def test_ages() -> None:
    assert [gc.age_of(text) for text in ("90s", "5m", "12h", "30d", "2w")] == [
        90, 300, 12 * HOUR, 30 * 24 * HOUR, 14 * 24 * HOUR,
    ]  # fmt: skip
    with pytest.raises(ValueError, match="no age"):
        gc.age_of("30")


def test_the_cap_is_the_variables_else_two_gigabytes_or_a_tenth_of_what_is_free(
    store: Store, full_disk: Path
) -> None:
    assert cap_of(store, {"XLATE_CACHE_MAX": "5M"}, 0).size == 5 << 20
    assert cap_of(store, {"XLATE_CACHE_MAX": "none"}, 0).size is None
    free = os.statvfs(full_disk).f_bavail * 4096
    assert cap_of(Store(full_disk / "not" / "yet"), {}, 0).size == free // 10
    # What the store has itself counts as free: else it would shrink with every file.
    assert cap_of(Store(full_disk), {}, 10_000).size == (free + 10_000) // 10
    assert cap_of(store, {}, 1 << 50).size == DEFAULT_CAP
    with pytest.raises(Unsupported, match=r"XLATE_CACHE_MAX .*no size"):
        cap_of(store, {"XLATE_CACHE_MAX": "lots"}, 0)


# --- what goes -----------------------------------------------------------------------------------


def test_the_least_recently_used_goes_first(store: Store) -> None:
    paths = packages(store, 5)
    one = disk(paths[0])
    out = gathered(store, limit=total(store) - one - 1)
    assert [item.path for item in out.removed] == paths[:2]
    assert out.freed == disk(*paths[3:]) == 2 * one
    assert out.left == total(store)
    assert [path.exists() for path in paths] == [False, False, True, True, True]


def test_a_use_counts_as_much_as_being_made(xlate_run: Path, tmp_path: Path, store: Store) -> None:
    """The oldest package, if a program ran with it, outlives those that nobody used."""
    data = guest_image(padding=b"the oldest")
    path = store.package_path(data)
    write(path, package_for(data))
    aged(path, 1000)
    guest = put_guest(tmp_path, data)
    store.remember(guest, path)
    assert run(xlate_run, guest, cache=store.root).status == PACKAGE_STATUS
    others = packages(store, 2)
    gathered(store, limit=total(store) - 1)
    assert [p.exists() for p in (path, *others)] == [True, False, True]


def test_what_is_kept_stays_whatever_it_takes(store: Store) -> None:
    paths = packages(store, 3)
    out = gathered(store, limit=0, keep={paths[0]})
    assert [path.exists() for path in paths] == [True, False, False]
    assert len(out.removed) == 2


def test_by_age(store: Store) -> None:
    paths = packages(store, 3)
    profile = store.root / "profiles" / ("0" * 32 + ".prof")
    profile.write_bytes(bytes(PROFILE_SIZE))
    aged(profile, 200)
    out = gathered(store, older_than=98.5 * HOUR, dry=True)
    assert [item.path for item in out.removed] == [profile, *paths[:2]]
    assert all(path.exists() for path in (*paths, profile))
    gathered(store, older_than=98.5 * HOUR)
    assert [path.exists() for path in (*paths, profile)] == [False, False, True, False]


def test_what_is_being_written_and_lists_of_wrong_functions_stay(store: Store) -> None:
    fresh = store.folder / ".being-made.new"
    fresh.write_bytes(b"x" * 5000)
    wrong = store.root / "quarantine" / "one.json"
    wrong.parent.mkdir()
    wrong.write_text("{}")
    foreign = store.root / "notes.txt"
    foreign.write_text("not ours")
    gathered(store, limit=0)
    assert fresh.exists()
    assert wrong.exists()
    assert foreign.exists()
    gc.clear(store)
    assert wrong.exists()
    assert foreign.exists()
    gc.clear(store, everything=True)
    assert not wrong.exists()
    assert foreign.exists()


def test_packages_of_one_quick_key_move_up(xlate_run: Path, tmp_path: Path, store: Store) -> None:
    """A removal renames another one of the same key, which may be next."""
    images = [guest_image(padding=bytes(5000) + bytes([n]) * 8) for n in range(4)]
    for number, data in enumerate(images):
        write(store.package_path(data), package_for(data))
        aged(store.package_path(data), 100 - number)
    out = gathered(store, limit=total(store) - 3 * disk(store.package_path(images[0])) + 1)
    assert len(out.removed) == 3
    assert out.left == total(store)
    assert run(xlate_run, put_guest(tmp_path, images[3]), cache=store.root).status == PACKAGE_STATUS
    assert run(xlate_run, put_guest(tmp_path, images[0], "o"), cache=store.root).status == 5


def test_a_store_that_others_may_write_to_is_left_alone(store: Store) -> None:
    (path,) = packages(store, 1)
    store.root.chmod(0o777)
    with pytest.raises(Unsupported, match="others may write"):
        gathered(store, limit=0)
    with pytest.raises(Unsupported, match="others may write"):
        gc.clear(store)
    assert path.exists()


def test_a_folder_that_is_a_link_is_not_followed(store: Store, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.prof").write_bytes(b"mine" * 5000)
    (store.root / "kept").symlink_to(other)
    gc.clear(store, everything=True)
    assert (other / "mine.prof").exists()


def test_programs_run_on_and_start_while_everything_goes(
    xlate_run: Path, tmp_path: Path, store: Store
) -> None:
    guest = put_guest(tmp_path, GUEST)
    stop = threading.Event()

    def emptied() -> None:
        while not stop.is_set():
            write(store.package_path(GUEST), package_for(GUEST))
            collect(store, Plan(limit=0), no_memo)

    worker = threading.Thread(target=emptied)
    worker.start()
    try:
        results = {run(xlate_run, guest, cache=store.root).status for _ in range(60)}
    finally:
        stop.set()
        worker.join()
    assert results <= {PACKAGE_STATUS, BASELINE_STATUS}


def test_what_cannot_be_removed_is_said(public_folder: Path) -> None:
    user = wanted.needs_ordinary_user()
    store = Store(public_folder / "store")
    store.prepare()
    packages(store, 1)
    for folder in (store.root, *store.root.iterdir()):
        folder.chmod(0o755)
    os.seteuid(user)
    try:
        out = gathered(store, limit=0)
    finally:
        os.seteuid(0)
    assert out.removed == []
    assert len(out.failed) == 1
    assert "permission denied" in out.failed[0]
    assert out.left == total(store)


# --- the memo, and who writes --------------------------------------------------------------------


def filled_memo(store: Store, rows: int) -> None:
    with sqlite3.connect(store.memo_path) as base:
        base.execute("PRAGMA journal_mode = WAL")
        base.execute(memo_size.TABLE)
        base.executemany(
            "INSERT INTO memo VALUES (?, ?, ?)", ((b"%d" % n, bytes(4000), n) for n in range(rows))
        )
    base.close()


def test_the_memo_is_cut_to_its_share(store: Store) -> None:
    filled_memo(store, 500)
    before = disk(store.memo_path)
    out = collect(store, Plan(limit=1 << 20), memo_size.trim)
    assert 0 < disk(store.memo_path) <= (1 << 20) // 4 < before
    assert out.left == total(store) <= 1 << 20
    with sqlite3.connect(store.memo_path) as base:
        (oldest,) = base.execute("SELECT min(used) FROM memo").fetchone()
    base.close()
    assert oldest > 250


def test_a_memo_in_use_stays_and_a_damaged_one_goes(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memo_size, "_PATIENCE", 0.05)
    filled_memo(store, 500)
    with sqlite3.connect(store.memo_path, isolation_level=None) as base:
        base.execute("BEGIN IMMEDIATE")
        memo_size.trim(store.memo_path, 4096)
    base.close()
    assert disk(store.memo_path) > 1 << 20
    store.memo_path.write_bytes(b"no database" * 5000)
    memo_size.trim(store.memo_path, 4096)
    assert not store.memo_path.exists()


def test_who_writes_holds_the_cap(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = packages(store, 10)
    monkeypatch.setenv("XLATE_CACHE_MAX", str(total(store)))
    assert make_room(store, ()) == 0
    cap = disk(*paths[:5])
    monkeypatch.setenv("XLATE_CACHE_MAX", str(cap))
    gone = make_room(store, {paths[0]})
    assert gone >= 5
    assert total(store) <= cap
    assert paths[0].exists()
    assert not paths[1].exists()
    monkeypatch.setenv("XLATE_CACHE_MAX", "40M")
    assert memo_limit(store) == 10 << 20
    monkeypatch.setenv("XLATE_CACHE_MAX", "none")
    assert memo_limit(store) == memo_size.LIMIT
    assert make_room(store, ()) == 0
