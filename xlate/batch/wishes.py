"""Wishes that runs leave in the store, and what is remembered of those that were looked at.

A wish (``wanted/QUICK``, a link that nobody follows) has the path of a file that ran without a
package of use. A path is believed when the file there has that quick key. Once converted, the link
moves to ``known/``, so that what later runs record of the file can be followed up. What cannot be
converted is remembered for these sources, so that every run's wish does not cost a try again.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xlate.package.layout import PAGE, PROFILE_SUFFIX, SUFFIX, WANTED
from xlate.package.store import Store

KNOWN = "known"
HOPELESS = "hopeless.json"
MOST_HOPELESS = 1000
MOST = 4000  # wishes that are looked at; a store is no archive of all that ever ran
_QUICK = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Wish:
    """A file to convert: its quick key as text, and where it was when it ran."""

    quick: str
    path: Path


def folders(store: Store) -> tuple[Path, Path]:
    """Return the folders of wishes and of what became of them."""
    return store.root / WANTED, store.root / KNOWN


def waiting(store: Store) -> list[Wish]:
    """Return the wishes, whatever is true of them, in order of their names."""
    return list(_links(store.root / WANTED))


def _links(folder: Path) -> Iterator[Wish]:
    try:
        names = sorted(name for name in os.listdir(folder) if _QUICK.fullmatch(name))  # noqa: PTH208
    except OSError:
        return
    for name in names[:MOST]:
        with contextlib.suppress(OSError):
            yield Wish(name, Path(os.readlink(folder / name)))  # noqa: PTH115 (a path, not a target)


def is_true(wish: Wish) -> bool:
    """Say whether the file at the wish's path is the one that ran."""
    from xlate.package.key import content_hash

    try:
        with wish.path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            head = size.to_bytes(8, "little") + file.read(PAGE)
    except OSError:
        return False
    return content_hash(head)[:16].hex() == wish.quick


def located(store: Store, asked: Iterable[Wish]) -> dict[str, Wish]:
    """Return the wishes that are true, by quick key, with the paths that they are true for.

    What a program executes inside a root has its path there; the root is a folder above some other
    file that ran, the program's own for one.
    """
    asked = list(asked)
    above = {place for wish in (*asked, *_links(store.root / KNOWN)) for place in wish.path.parents}
    found = {}
    for wish in asked:
        inside = wish.path.relative_to("/") if wish.path.is_absolute() else wish.path
        for path in (wish.path, *(place / inside for place in sorted(above))):
            if is_true(Wish(wish.quick, path)):
                found[wish.quick] = Wish(wish.quick, path)
                break
    return found


def granted(store: Store, wish: Wish) -> None:
    """Move a wish to what is known; its file has a package."""
    known = store.root / KNOWN / wish.quick
    with contextlib.suppress(OSError):
        known.parent.mkdir(mode=0o700, exist_ok=True)
        known.unlink(missing_ok=True)
        known.symlink_to(wish.path)
    drop(store, wish)


def drop(store: Store, wish: Wish) -> None:
    """Forget a wish."""
    with contextlib.suppress(OSError):
        (store.root / WANTED / wish.quick).unlink()


# --- what later runs recorded --------------------------------------------------------------------


def grown(store: Store) -> list[Wish]:
    """Return known files whose profile is newer than the last look at it; costs stats only."""
    found = []
    for wish in _links(store.root / KNOWN):
        profile = store.root / "profiles" / f"{wish.quick}{PROFILE_SUFFIX}"
        with contextlib.suppress(OSError):
            looked = (store.root / KNOWN / wish.quick).lstat().st_mtime_ns
            if profile.stat().st_mtime_ns > looked:
                found.append(wish)
    return found


def looked_at(store: Store, wish: Wish) -> None:
    """Note that a known file's profile has been looked at now."""
    with contextlib.suppress(OSError):
        os.utime(store.root / KNOWN / wish.quick, follow_symlinks=False)


def forget(store: Store, wish: Wish) -> None:
    """Forget a known file: it is gone, or another."""
    with contextlib.suppress(OSError):
        (store.root / KNOWN / wish.quick).unlink()


def has_package(store: Store, wish: Wish) -> bool:
    """Say whether there is any package under the file's quick key."""
    return (store.folder / f"{wish.quick}{SUFFIX}").exists()


# --- what is not tried again ---------------------------------------------------------------------


def hopeless(store: Store, sources: str) -> dict[str, str]:
    """Return the reasons by quick key for what these sources could not convert."""
    try:
        table: Any = json.loads((store.root / HOPELESS).read_text())
        if table["sources"] != sources:
            return {}
        return {str(quick): str(why) for quick, why in table["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def note_hopeless(store: Store, sources: str, reasons: Mapping[str, str]) -> None:
    """Remember more of them, the newest of too many; a store that is full forgets."""
    from xlate.package.format import write_atomically

    files = {**hopeless(store, sources), **reasons}
    newest = dict(list(files.items())[-MOST_HOPELESS:])
    text = json.dumps({"sources": sources, "files": newest})
    with contextlib.suppress(OSError):
        write_atomically(store.root / HOPELESS, text.encode())
