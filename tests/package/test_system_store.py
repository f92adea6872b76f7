"""The system's store: below the user's, only read, and the only one with raised privileges.

The guest's own function returns 5, the package's one 9 (samples.py).
"""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests import needs as wanted
from tests.package.samples import (
    BASELINE_STATUS,
    GUEST,
    PACKAGE_STATUS,
    Run,
    guest_image,
    package_for,
    put_guest,
    run,
)
from xlate.package.format import encode, write
from xlate.package.layout import SEEN, SYSTEM_STORE
from xlate.package.store import SETTLED_SECONDS, Store

HIT, SYSTEM_HIT = "hit", "hit in the system store"


def outcome(result: Run) -> tuple[int, list[str]]:
    assert result.stderr == ""
    return result.status, result.states


@pytest.fixture
def system(public_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A system's store with the guest's package, named by the environment."""
    one = Store(public_folder / "system", shared=True)
    one.prepare()
    write(one.package_path(GUEST), package_for(GUEST))
    monkeypatch.setenv("XLATE_SYSTEM_CACHE", str(one.root))
    return one


@pytest.fixture
def as_user(public_folder: Path, xlate_run: Path) -> tuple[int, Path, Path]:
    """An ordinary user, a guest and an xlate-run that everybody may start."""
    user = wanted.needs_ordinary_user()
    program = put_guest(public_folder, xlate_run.read_bytes(), "xlate-run")
    return user, put_guest(public_folder, GUEST), program


# --- where ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "root"), [(None, SYSTEM_STORE), ("", SYSTEM_STORE), ("off", None), ("/s", "/s")]
)
def test_the_environment_decides(named: str | None, root: str | None) -> None:
    found = Store.locate_system({} if named is None else {"XLATE_SYSTEM_CACHE": named})
    assert (found and str(found.root)) == root


def test_its_folders_are_open_to_readers_whatever_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        store = Store(tmp_path / "system", shared=True)
        store.prepare()
    finally:
        os.umask(old)
    assert sorted(path.name for path in store.root.iterdir()) == ["packages", "seen"]
    for folder in (store.root, *store.root.iterdir()):
        assert folder.stat().st_mode & 0o777 == 0o755


# --- used ----------------------------------------------------------------------------------------


def test_what_the_users_store_lacks_is_found_there(
    xlate_run: Path, guest: Path, store: Store, system: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for cache in ("off", store.root):
        assert outcome(run(xlate_run, guest, cache=cache)) == (PACKAGE_STATUS, [SYSTEM_HIT])
    assert outcome(run(xlate_run, guest, "--tier", "optimised")) == (PACKAGE_STATUS, [SYSTEM_HIT])
    monkeypatch.setenv("XLATE_SYSTEM_CACHE", "off")
    assert outcome(run(xlate_run, guest)) == (BASELINE_STATUS, ["none"])


def test_statistics_say_so_in_words(xlate_run: Path, guest: Path, system: Store) -> None:
    done = subprocess.run(
        [str(xlate_run), "--stats", str(guest)],
        env={**os.environ, "XLATE_CACHE": "off"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"package of {guest}: {SYSTEM_HIT}, 1 functions, 1 times" in done.stderr


def test_the_users_store_comes_first(
    xlate_run: Path, guest: Path, store: Store, system: Store
) -> None:
    write(store.package_path(GUEST), package_for(GUEST))
    assert outcome(run(xlate_run, guest, cache=store.root)) == (PACKAGE_STATUS, [HIT])
    found = str(system.root / "packages")
    assert outcome(run(xlate_run, guest, "-p", found)) == (PACKAGE_STATUS, [HIT])


@pytest.mark.parametrize("damage", ["stale", "cut", "foreign"])
def test_a_bad_package_of_the_user_hides_none_of_the_system(
    xlate_run: Path, guest: Path, store: Store, system: Store, damage: str
) -> None:
    data = {
        "stale": encode(package_for(GUEST, fingerprint=bytes(32))),
        "cut": encode(package_for(GUEST))[:5000],
        "foreign": encode(package_for(guest_image(padding=b"x"))),
    }[damage]
    path = store.package_path(GUEST)
    path.write_bytes(data)
    path.chmod(0o644)
    assert outcome(run(xlate_run, guest, cache=store.root)) == (PACKAGE_STATUS, [SYSTEM_HIT])
    system.remove(system.package_path(GUEST))
    status, states = outcome(run(xlate_run, guest, cache=store.root))
    assert status == BASELINE_STATUS
    assert states[0].startswith(("stale: ", "refused: "))


def test_a_stale_package_of_the_system_is_told(xlate_run: Path, guest: Path, system: Store) -> None:
    write(system.package_path(GUEST), package_for(GUEST, fingerprint=bytes(32)))
    status, states = outcome(run(xlate_run, guest))
    assert (status, states) == (BASELINE_STATUS, ["stale: made by another version of xlate"])


def test_programs_that_the_guest_executes_find_it(
    xlate_run: Path, busybox_armhf: Path, guest: Path, system: Store
) -> None:
    words = [str(busybox_armhf), "env", "-i", "XLATE_SYSTEM_CACHE=off", str(guest)]
    result = run(xlate_run, guest, words=words)
    assert result.status == PACKAGE_STATUS
    assert sorted(result.states) == [SYSTEM_HIT, "none"]


@pytest.mark.parametrize("way", ["namespace", "paths", "chroot"])
def test_it_is_found_from_inside_a_root(
    xlate_run: Path, busybox_armhf: Path, tmp_path: Path, system: Store, way: str
) -> None:
    """By the program and by one that it executes there, though no path leads to the store."""
    wanted.needs_root()
    root = tmp_path / "root"
    root.mkdir()
    guest = put_guest(root, GUEST)
    put_guest(root, busybox_armhf.read_bytes(), "busybox")
    options = ("--root", str(root), "--root-by", way)
    inside = run(xlate_run, guest, *options, words=["/guest"])
    if "cannot" in inside.stderr:
        wanted.forbidden(inside.stderr)
    assert outcome(inside) == (PACKAGE_STATUS, [SYSTEM_HIT])
    child = run(xlate_run, guest, *options, words=["/busybox", "sh", "-c", "/guest; exit $?"])
    assert child.status == PACKAGE_STATUS, child
    assert SYSTEM_HIT in child.states


# --- only read -----------------------------------------------------------------------------------


def listing(store: Store) -> dict[str, tuple[int, ...]]:
    return {
        str(path.relative_to(store.root)): (st.st_ino, st.st_size, st.st_mtime_ns, st.st_mode)
        for path in store.root.rglob("*")
        for st in [path.stat()]
    }


def test_runs_write_nothing_there(
    xlate_run: Path, guest: Path, store: Store, system: Store
) -> None:
    """Not even root's: hashes and profiles go to the user's store, and nowhere without one."""
    before = listing(system)
    time.sleep(2 * SETTLED_SECONDS)
    for cache in ("off", store.root):
        assert run(xlate_run, guest, cache=cache).states == [SYSTEM_HIT]
    assert listing(system) == before
    assert len(list((store.root / "seen").iterdir())) >= 1


def test_hashes_that_it_has_are_believed_without_a_store_of_ones_own(
    xlate_run: Path, guest: Path, store: Store, system: Store
) -> None:
    """Shown by a record that lies: only who does not compute the hash takes it for damage."""
    system.remember_package(system.package_path(GUEST))
    assert run(xlate_run, guest).states == [SYSTEM_HIT]
    (record,) = (system.root / "seen").iterdir()
    record.write_bytes(SEEN.pack(**{**SEEN.unpack(record.read_bytes()), "hash": bytes(32)}))
    assert run(xlate_run, guest).states == ["refused: damaged"]
    assert run(xlate_run, guest, cache=store.root).states == [SYSTEM_HIT]


def test_an_ordinary_user_may_use_roots(
    system: Store, as_user: tuple[int, Path, Path], public_folder: Path
) -> None:
    user, guest, program = as_user
    before = listing(system)
    assert outcome(run(program, guest, user=user)) == (PACKAGE_STATUS, [SYSTEM_HIT])
    assert listing(system) == before


# --- trust ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", [".", "packages", "file"])
def test_what_others_may_write_is_refused(
    xlate_run: Path, guest: Path, system: Store, which: str
) -> None:
    place = system.package_path(GUEST) if which == "file" else system.root / which
    place.chmod(place.stat().st_mode | 0o020)
    status, states = outcome(run(xlate_run, guest))
    assert status == BASELINE_STATUS
    assert "not trusted" in states[0]


def test_another_users_is_refused(
    system: Store, as_user: tuple[int, Path, Path], xlate_run: Path
) -> None:
    user, guest, _ = as_user
    for place in (system.root, system.folder, system.package_path(GUEST)):
        os.chown(place, user, user)
        status, states = outcome(run(xlate_run, guest))
        assert status == BASELINE_STATUS
        assert "not trusted" in states[0]
        os.chown(place, 0, 0)
    assert outcome(run(xlate_run, guest)) == (PACKAGE_STATUS, [SYSTEM_HIT])


# --- raised privileges ---------------------------------------------------------------------------

# In a mount namespace of its own, /var/cache/xlate is what the first word says.
PUT = 'mount -t tmpfs none /var/cache && cp -a "$1" /var/cache/xlate && shift && exec "$@"'
IN_PLACE = ("unshare", "-m", "sh", "-c", PUT, "sh")


def raised(
    system: Store, as_user: tuple[int, Path, Path], mode: int, cache: Path | str, named: str
) -> tuple[int, list[str]]:
    """Start a setuid or setgid xlate-run as the user, with the store at its default place."""
    user, guest, program = as_user
    program.chmod(mode)
    dropped = ("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups")
    stats = guest.with_name("guest.stats-None")
    stats.touch()
    stats.chmod(0o666)
    before = (*IN_PLACE, str(system.root), *dropped, "env", f"XLATE_SYSTEM_CACHE={named}")
    result = run(program, guest, cache=cache, before=before)
    if result.status == 1 or "mount" in result.stderr:
        wanted.forbidden(f"mounts in a namespace: {result.stderr.strip()}")
    return result.status, result.states


@pytest.fixture
def theirs(public_folder: Path, as_user: tuple[int, Path, Path]) -> Store:
    """A store of the user's, with the guest's package."""
    user = as_user[0]
    one = Store(public_folder / "theirs", shared=True)
    one.prepare()
    write(one.package_path(GUEST), package_for(GUEST))
    for place in (one.root, *one.root.rglob("*")):
        os.chown(place, user, user)
    return one


@pytest.mark.parametrize("mode", [0o4755, 0o2755], ids=["setuid", "setgid"])
def test_only_the_systems_serves_raised_privileges(
    system: Store, as_user: tuple[int, Path, Path], theirs: Store, mode: int
) -> None:
    """At its fixed place: what the caller's environment names is neither used nor needed."""
    mine = (PACKAGE_STATUS, [HIT])
    assert raised(system, as_user, 0o755, theirs.root, "off") == mine
    for cache in (theirs.root, "off"):
        for named in ("off", str(theirs.root), ""):
            found = raised(system, as_user, mode, cache, named)
            assert found == (PACKAGE_STATUS, [SYSTEM_HIT]), (cache, named)
    system.remove(system.package_path(GUEST))
    assert raised(system, as_user, mode, theirs.root, "") == (BASELINE_STATUS, ["none"])


def test_with_raised_privileges_it_must_be_roots(
    system: Store, as_user: tuple[int, Path, Path]
) -> None:
    """A setgid program runs as its caller, who could own what stands there."""
    user = as_user[0]
    path = system.package_path(GUEST)
    os.chown(path, user, user)
    assert raised(system, as_user, 0o755, "off", "") == (PACKAGE_STATUS, [SYSTEM_HIT])
    status, states = raised(system, as_user, 0o2755, "off", "")
    assert status == BASELINE_STATUS
    assert "not trusted" in states[0]
