"""A store that is refused is told once an hour; a package that cannot be mapped says why."""

from __future__ import annotations

import errno
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import needs as wanted
from tests.package import refused
from tests.package.conftest import mounted
from tests.package.kept import STATUS, branches, settled
from tests.package.samples import (
    BASELINE_STATUS,
    GUEST,
    PACKAGE_STATUS,
    package_for,
    put_guest,
    run,
)
from xlate.package.format import write
from xlate.package.store import Store


@pytest.fixture
def runtime_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the user's own folder, as a login makes it."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder


@pytest.fixture
def full(store: Store, guest: Path) -> Store:
    """Return a store that has the guest's package."""
    write(store.package_path(GUEST), package_for(GUEST))
    return store


def told(store: Store, why: str, cure: str) -> str:
    return f"xlate-run: the store {store.root} is not used ({why}); try: {cure}\n"


OWN = "XLATE_CACHE=DIR with a folder of your own"


# --- told ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", [".", "packages", ".."])
def test_a_refused_store_is_told_once_an_hour(
    xlate_run: Path, tmp_path: Path, runtime_dir: Path, which: str
) -> None:
    (tmp_path / "deep").mkdir()
    guest = put_guest(tmp_path, GUEST)
    store = Store(tmp_path / "deep" / "store")
    store.prepare()
    place = (store.root / which).resolve()
    place.chmod(0o777)
    line = told(store, f"others may write to {place}, of user 0", f"chmod go-w {place}, or {OWN}")
    first = run(xlate_run, guest, cache=store.root)
    assert (first.status, first.stderr) == (BASELINE_STATUS, line)
    assert run(xlate_run, guest, cache=store.root).stderr == ""
    (stamp,) = runtime_dir.iterdir()
    for when in (time.time() - 3601, time.time() + 86_400):  # long ago; the clock went backwards
        os.utime(stamp, (when, when))
        assert run(xlate_run, guest, cache=store.root).stderr == line
        assert run(xlate_run, guest, cache=store.root).stderr == ""
    place.chmod(0o700)
    stamp.unlink()
    assert run(xlate_run, guest, cache=store.root).stderr == ""
    assert list(runtime_dir.iterdir()) == []


def test_each_store_is_told(xlate_run: Path, tmp_path: Path, runtime_dir: Path) -> None:
    guest = put_guest(tmp_path, GUEST)
    for name in ("one", "other"):
        store = Store(tmp_path / name)
        store.prepare()
        store.root.chmod(0o770)
        assert run(xlate_run, guest, cache=store.root).stderr.startswith("xlate-run: the store")
    assert len(list(runtime_dir.iterdir())) == 2


def test_whose_it_is(xlate_run: Path, guest: Path, full: Store, runtime_dir: Path) -> None:
    user = wanted.needs_ordinary_user()
    os.chown(full.root, user, user)
    line = told(full, f"{full.root} belongs to user {user}", OWN)
    assert run(xlate_run, guest, cache=full.root).stderr == line


def test_of_many_at_once_one_tells(
    xlate_run: Path, guest: Path, full: Store, runtime_dir: Path
) -> None:
    full.root.chmod(0o777)
    started = [
        subprocess.Popen(
            [str(xlate_run), str(guest)], env={**os.environ, "XLATE_CACHE": str(full.root)},
            stderr=subprocess.PIPE, text=True,
        )
        for _ in range(20)
    ]  # fmt: skip
    lines = "".join(one.communicate(timeout=60)[1] for one in started)
    assert lines.count("is not used") == 1


def test_nowhere_to_remember_it(
    xlate_run: Path, guest: Path, full: Store, monkeypatch: pytest.MonkeyPatch, runtime_dir: Path
) -> None:
    """Nothing is told where that could be at every start; --stats has the reason."""
    full.root.chmod(0o777)
    runtime_dir.chmod(0o777)
    for place in (None, "/nonexistent", "relative", str(runtime_dir)):
        if place is None:
            monkeypatch.delenv("XDG_RUNTIME_DIR")
        else:
            monkeypatch.setenv("XDG_RUNTIME_DIR", place)
        result = run(xlate_run, guest, cache=full.root)
        assert (result.stderr, result.status) == ("", BASELINE_STATUS)
        assert "not trusted" in result.states[0]
    assert list(runtime_dir.iterdir()) == []


def test_a_link_in_the_place_of_the_stamp_is_not_written_through(
    xlate_run: Path, guest: Path, full: Store, runtime_dir: Path
) -> None:
    full.root.chmod(0o777)
    assert "is not used" in run(xlate_run, guest, cache=full.root).stderr
    (stamp,) = runtime_dir.iterdir()
    stamp.unlink()
    victim = guest.with_name("victim")
    victim.write_text("mine")
    os.utime(victim, (1000, 1000))
    stamp.symlink_to(victim)
    assert run(xlate_run, guest, cache=full.root).stderr == ""
    assert (victim.read_text(), victim.stat().st_mtime) == ("mine", 1000)


# --- cannot be mapped ----------------------------------------------------------------------------


@pytest.fixture
def noexec(tmp_path: Path) -> Iterator[Path]:
    """Return a folder whose file system is mounted without execution."""
    with mounted(tmp_path / "noexec", "noexec") as folder:
        yield folder


def test_a_store_without_execution(xlate_run: Path, guest: Path, noexec: Path) -> None:
    store = Store(noexec / "store")
    store.prepare()
    write(store.package_path(GUEST), package_for(GUEST))
    result = run(xlate_run, guest, cache=store.root)
    assert (result.status, result.stderr) == (BASELINE_STATUS, "")
    assert result.states == ["refused: its file system is mounted noexec"]


def test_kept_code_without_execution(xlate_run: Path, tmp_path: Path, noexec: Path) -> None:
    guest = settled(tmp_path, branches(40))
    results = [run(xlate_run, guest, cache=noexec / "store") for _ in range(3)]
    assert {(one.status, one.stderr) for one in results} == {(STATUS, "")}
    assert any("refused: its file system is mounted noexec" in s for s in results[1].states)


@pytest.mark.parametrize("error", [errno.EACCES, errno.EPERM])
def test_a_host_that_forbids_code_of_files(
    xlate_run: Path, guest: Path, full: Store, error: int
) -> None:
    """As SELinux, or a service's MemoryDenyWriteExecute and the like may."""
    rule = refused.Rule(
        refused.MMAP,
        error,
        set_bits=((2, refused.PROT_EXEC), (3, refused.MAP_PRIVATE)),
        clear=((3, refused.MAP_ANONYMOUS),),
    )
    result = run(xlate_run, guest, cache=full.root, preexec=refused.refusing(rule))
    assert (result.status, result.stderr) == (BASELINE_STATUS, "")
    assert result.states == ["refused: this system does not allow mapping it as code"]


def test_a_disk_that_fails(xlate_run: Path, guest: Path, full: Store) -> None:
    """Of the package's pages: the guest's own file is read before."""
    assert run(xlate_run, guest, cache=full.root).status == PACKAGE_STATUS
    for path in (full.root / "seen").iterdir():
        path.unlink()
    rule = refused.Rule(refused.PREAD, errno.EIO, set_bits=((3, 0xFFFFF000),))
    result = run(xlate_run, guest, cache=full.root, preexec=refused.refusing(rule))
    assert (result.status, result.stderr) == (BASELINE_STATUS, "")
    assert result.states == ["refused: cannot be read"]


def test_a_kernel_that_lets_no_memory_gain_execution(
    xlate_run: Path, guest: Path, full: Store
) -> None:
    """PR_SET_MDWE, which services set by MemoryDenyWriteExecute: packages do not need it."""
    if not refused.knows_mdwe():
        wanted.forbidden("PR_SET_MDWE")
    result = run(xlate_run, guest, cache=full.root, preexec=refused.deny_write_execute)
    assert (result.status, result.stderr) == (PACKAGE_STATUS, "")
    assert run(xlate_run, guest, preexec=refused.deny_write_execute).status == BASELINE_STATUS
