"""When a tree's file is passed over, and when its package is made again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.package.samples import GUEST
from xlate.batch import current
from xlate.batch.current import is_current
from xlate.batch.survey import survey
from xlate.convert.program import Job, convert
from xlate.convert.target import Target
from xlate.package.key import quick_key
from xlate.package.layout import PROFILE, PROFILE_FORMAT, PROFILE_MAGIC, PROFILE_SLOTS
from xlate.package.store import Store


@pytest.fixture
def target(tmp_path: Path) -> Target:
    return Target(Store(tmp_path / "store"))


@pytest.fixture
def guest(tmp_path: Path, target: Target) -> Path:
    """Return a program that has been converted."""
    path = tmp_path / "prog"
    path.write_bytes(GUEST)
    convert(Job(path, target))
    return path


def record(store: Store, keys: list[int]) -> None:
    """Write a profile as runs do."""
    header = PROFILE.pack(
        magic=PROFILE_MAGIC, format=PROFILE_FORMAT, slots=PROFILE_SLOTS, quick=quick_key(GUEST)
    )
    words = [*keys, *[0] * (PROFILE_SLOTS - len(keys))]
    path = store.root / "profiles" / f"{quick_key(GUEST).hex()}.prof"
    path.write_bytes(header + b"".join(word.to_bytes(4, "little") for word in words))


def test_what_was_just_made_is_current(guest: Path, target: Target) -> None:
    assert is_current(target, GUEST, level=1, fast=False)
    found = survey([guest, guest], target, level=1, fast=False)
    assert (found.current, found.copies, found.candidates) == (1, 1, [])
    again = survey([guest], target, level=1, fast=False, again=True)
    assert [one.path for one in again.candidates] == [guest]


def test_another_level_and_another_arithmetic_are_not(guest: Path, target: Target) -> None:
    assert not is_current(target, GUEST, level=2, fast=False)
    assert not is_current(target, GUEST, level=1, fast=True)
    assert not is_current(target, GUEST + b"\0", level=1, fast=False)


def test_other_sources_are_not(
    guest: Path, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(current, "fingerprint", lambda: b"of other sources")
    assert not is_current(target, GUEST, level=1, fast=False)


def test_a_truncated_package_is_not(guest: Path, target: Target) -> None:
    assert target.store is not None
    package = target.store.find(GUEST)
    assert package is not None
    package.write_bytes(package.read_bytes()[:-1])
    assert not is_current(target, GUEST, level=1, fast=False)


def test_what_runs_found_since_makes_it_old_once(guest: Path, target: Target) -> None:
    """Also where a key is no place of this file: it does not stay old for ever."""
    assert target.store is not None
    record(target.store, [0x10, 0x2000_0001])
    assert not is_current(target, GUEST, level=1, fast=False)
    found = survey([guest], target, level=1, fast=False)
    assert [one.ran for one in found.candidates] == [True]
    convert(Job(guest, target))
    assert is_current(target, GUEST, level=1, fast=False)


def test_what_is_damaged_is_passed_over_with_its_reason(tmp_path: Path, target: Target) -> None:
    cut = tmp_path / "cut"
    cut.write_bytes(GUEST[:0x40])
    found = survey([cut, tmp_path / "gone"], target, level=1, fast=False)
    assert found.candidates == []
    assert found.passed.total() == 2
    assert all(reason.startswith("not for xlate: ") for reason in found.passed)
