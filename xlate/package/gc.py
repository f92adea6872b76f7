"""How large a store may get, and what goes when it is larger.

The least recently used go first. Each removal is one unlink: who has the file mapped keeps it, who
looks for it finds none and runs the same without, and a kill at any instant leaves whole files.
What is being written, hashes of young files and lists of wrong functions stay; the memo of compiled
functions is not ours to cut (who calls says how).
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from xlate.errors import Unsupported
from xlate.package.contents import MEMO, PACKAGES, Item, items
from xlate.package.layout import SUFFIX
from xlate.package.store import Store, distrust

VARIABLE = "XLATE_CACHE_MAX"
DEFAULT_CAP = 2 << 30
FREE_SHARE = 10  # percent of what the disk would have free without the store
NO_CAP = "none"
# A full store is emptied a little further, so that not every file that comes in makes one go.
EMPTIED = 0.9
MEMO_SHARE = 0.25

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?", re.IGNORECASE)
_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])", re.IGNORECASE)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def size_of(text: str) -> int:
    """Return the bytes that ``500M`` or ``2GiB`` stand for; ValueError for what is no size."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no size such as 500M or 2G")
    return int(float(found[1]) * 1024 ** " kmgt".index(found[2].lower() or " "))


def age_of(text: str) -> float:
    """Return the seconds that ``12h`` or ``30d`` stand for; ValueError for what is no age."""
    found = _AGE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no age such as 12h or 30d")
    return float(found[1]) * _SECONDS[found[2].lower()]


@dataclass(frozen=True)
class Cap:
    """The most bytes a store may have, None for no bound, and who says so."""

    size: int | None
    why: str


def cap_of(store: Store, environ: Mapping[str, str], held: int) -> Cap:
    """Return the cap of a store that holds so many bytes; Unsupported where the variable is none.

    Without a variable it is 2 GiB, or a tenth of what the disk would have free without the store.
    """
    named = environ.get(VARIABLE, "").strip()
    if named:
        return _named_cap(named)
    place = next((p for p in (store.root, *store.root.parents) if p.is_dir()), Path("/"))
    try:
        disk = os.statvfs(place)
    except OSError:
        return Cap(DEFAULT_CAP, "the default")
    share = (disk.f_bavail * disk.f_frsize + held) * FREE_SHARE // 100
    if share < DEFAULT_CAP:
        return Cap(share, f"{FREE_SHARE} % of the disk's free space")
    return Cap(DEFAULT_CAP, "the default")


def _named_cap(named: str) -> Cap:
    if named.lower() == NO_CAP:
        return Cap(None, VARIABLE)
    try:
        return Cap(size_of(named), VARIABLE)
    except ValueError as error:
        raise Unsupported(VARIABLE, "", str(error), advice="500M, 2G, or none") from error


@dataclass
class Outcome:
    """What a collection did: files removed, bytes freed and left, and what could not go."""

    removed: list[Item] = field(default_factory=list)
    freed: int = 0
    left: int = 0
    failed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """What to remove: down to ``limit`` bytes (None: any), all unused for ``older_than`` seconds.

    ``keep`` stays whatever it takes; with ``dry`` nothing is removed, only told.
    """

    limit: int | None = None
    older_than: float | None = None
    keep: Collection[Path] = ()
    dry: bool = False


Trim = Callable[[Path, int], None]


def check_ours(store: Store) -> None:
    """Raise Unsupported where others may write to the store: they could move what is removed."""
    why = distrust(store.root)
    if why:
        raise Unsupported("the store is not safe to change", "", why)


def collect(store: Store, plan: Plan, trim: Trim) -> Outcome:
    """Carry out a plan beside others of our kind, one after the other; ``trim`` cuts the memo."""
    check_ours(store)
    with store.alone() if store.folder.is_dir() else contextlib.nullcontext():
        if not plan.dry:
            store.tidy()
        there = items(store)
        out = Outcome(left=sum(item.size for item in there))
        _cut_memo(store, there, plan, out, trim)
        for item in _chosen(there, plan, out.left):
            _remove(store, item, out, dry=plan.dry)
    return out


def _cut_memo(store: Store, there: list[Item], plan: Plan, out: Outcome, trim: Trim) -> None:
    """Bring the memo to its share of a store that is too large."""
    before = sum(item.size for item in there if item.kind is MEMO)
    if plan.limit is None or out.left <= plan.limit or before <= plan.limit * MEMO_SHARE:
        return
    share = int(plan.limit * MEMO_SHARE)
    after = share
    if not plan.dry:
        trim(store.memo_path, share)
        after = sum(item.size for item in items(store) if item.kind is MEMO)
    out.freed += before - after
    out.left -= before - after


def _chosen(there: list[Item], plan: Plan, size: int) -> list[Item]:
    """Return what goes, the least recently used first."""
    now = time.time()
    chosen = []
    for item in sorted(there, key=lambda item: (item.used, item.path)):
        too_old = plan.older_than is not None and now - item.used > plan.older_than
        too_much = plan.limit is not None and size > plan.limit
        if item.kind.evicted and item.path not in plan.keep and (too_old or too_much):
            chosen.append(item)
            size -= item.size
    return chosen


def _remove(store: Store, item: Item, out: Outcome, *, dry: bool) -> None:
    path = _where_now(item)
    if path is None:
        return  # somebody else was faster, or it is another file by now
    try:
        if not dry:
            _unlink(store, item, path)
    except OSError as error:
        out.failed.append(f"{path}: {(error.strerror or str(error)).lower()}")
        return
    out.removed.append(item)
    out.freed += item.size
    out.left -= item.size


def _unlink(store: Store, item: Item, path: Path) -> None:
    if item.kind is PACKAGES:
        store.remove(path)
    else:
        path.unlink()


def _where_now(item: Item) -> Path | None:
    """Return where the file is: removal of one package of a quick key moves another one there."""
    stem = item.path.name.removesuffix(SUFFIX).split("-")[0]
    others = sorted(item.path.parent.glob(f"{stem}*{SUFFIX}")) if item.kind is PACKAGES else []
    for path in (item.path, *others):
        with contextlib.suppress(OSError):
            if path.lstat().st_ino == item.inode:
                return path
    return None


def clear(store: Store, *, everything: bool = False) -> Outcome:
    """Remove all that a store holds but what is being written.

    Unless ``everything`` is to go, lists of functions that a check found wrong stay too.
    """
    check_ours(store)
    out = Outcome()
    with store.alone() if store.folder.is_dir() else contextlib.nullcontext():
        store.tidy()
        there = items(store)
        out.left = sum(item.size for item in there)
        for item in there:
            if item.kind.cleared or (everything and item.kind.name == "quarantine"):
                _remove_one(item, out)
    return out


def _remove_one(item: Item, out: Outcome) -> None:
    try:
        item.path.unlink(missing_ok=True)
    except OSError as error:
        out.failed.append(f"{item.path}: {(error.strerror or str(error)).lower()}")
        return
    out.removed.append(item)
    out.freed += item.size
    out.left -= item.size
