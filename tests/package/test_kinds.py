"""Packages made by `--fp fast` and others: each is run only when it is asked for."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.package.samples import GUEST, PACKAGE_STATUS, package_for, run
from xlate.package.format import write
from xlate.package.layout import FAST_FEATURES, FEATURES
from xlate.package.store import Store


@pytest.mark.parametrize("asked", ["exact", "fast"])
@pytest.mark.parametrize("made", [FEATURES, FAST_FEATURES])
def test_only_the_kind_that_is_asked_for_is_used(
    xlate_run: Path, guest: Path, store: Store, made: str, asked: str
) -> None:
    write(store.package_path(GUEST), package_for(GUEST, features=made))
    result = run(xlate_run, guest, "--fp", asked, cache=store.root)
    if (made == FAST_FEATURES) == (asked == "fast"):
        assert (result.status, result.states) == (PACKAGE_STATUS, ["hit"])
    else:
        how = "with" if made == FAST_FEATURES else "without"
        assert result.states == [f"refused: made {how} --fp fast"]
        assert result.status != PACKAGE_STATUS


def test_both_kinds_stand_beside_each_other(xlate_run: Path, guest: Path, store: Store) -> None:
    for fast, features in ((True, FAST_FEATURES), (False, FEATURES)):
        path = store.package_path(GUEST, fast=fast)
        assert not path.exists()
        write(path, package_for(GUEST, features=features))
    paths = {fast: store.find(GUEST, fast=fast) for fast in (False, True)}
    assert paths[False] != paths[True]
    for asked, fast in (("exact", False), ("fast", True)):
        result = run(xlate_run, guest, "--fp", asked, cache=store.root)
        assert (result.status, result.states) == (PACKAGE_STATUS, ["hit"])
        path = paths[fast]
        assert path is not None
        assert result.stats["packages"][0]["package"] == path.name
        assert store.package_path(GUEST, fast=fast) == path  # the next one goes over it


def test_an_unknown_kind_is_refused(xlate_run: Path, guest: Path) -> None:
    words = [str(xlate_run), "--fp", "quick", str(guest)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "exact or fast" in done.stderr
