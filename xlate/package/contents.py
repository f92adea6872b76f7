"""What a store holds, file by file: of which kind, how large, how old, when it was last of use.

One table of kinds: a new folder of the store is one more row there. What is not in the table counts
too, since it takes room all the same, but nobody here removes it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from xlate.package.layout import (
    PROFILE_SUFFIX,
    SEEN,
    SEEN_MAGIC,
    STOCK_FOLDER,
    STOCK_SUFFIX,
    SUFFIX,
    WANTED,
)
from xlate.package.regular import open_regular
from xlate.package.store import Store, numbers_of, seen_name


@dataclass(frozen=True)
class Kind:
    """Files of one folder, all of them or those that end so.

    ``evicted``: the least recently used go when the store is full.
    """

    name: str
    holds: str
    suffix: str = ""
    evicted: bool = False
    cleared: bool = True


PACKAGES = Kind("packages", "optimised code", SUFFIX, evicted=True)
MEMO = Kind("memo.sqlite", "functions compiled earlier")
LEFT_OVER = Kind("left over", "being written, or left by writers that were killed", cleared=False)
OTHER = Kind("other", "files of another kind", cleared=False)
KINDS = (
    PACKAGES,
    Kind(STOCK_FOLDER, "blocks that runs translated", STOCK_SUFFIX, evicted=True),
    Kind("profiles", "what runs had to translate", PROFILE_SUFFIX, evicted=True),
    Kind("seen", "hashes and uses of files"),
    Kind(WANTED, "links to files that ran without a package"),
    Kind("known", "links to files converted in the background"),
    Kind("quarantine", "functions that a check found wrong", cleared=False),
    Kind("wanted", "programs that ran without a package"),
    Kind("known", "programs that were looked at"),
    MEMO,
    LEFT_OVER,
    OTHER,
)
_BLOCK = 512  # of st_blocks
_BY_NAME = {kind.name: kind for kind in KINDS}


@dataclass(frozen=True)
class Item:
    """A file: ``used`` is when it was last of use, ``hits`` how often (None: nobody counts).

    ``size`` is what it takes of the disk: packages have holes.
    """

    kind: Kind
    path: Path
    size: int
    inode: int
    made: float
    used: float
    hits: int | None = None


def items(store: Store) -> list[Item]:
    """Return all files of a store in order of path; what disappears meanwhile is not among them."""
    return sorted(_below(store, store.root), key=lambda item: item.path)


def _below(store: Store, folder: Path) -> Iterator[Item]:
    try:
        found = list(os.scandir(folder))
    except OSError:
        return
    for entry in found:
        try:
            st = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        path = Path(entry.path)
        if stat.S_ISDIR(st.st_mode):
            yield from _below(store, path)
        else:
            yield _item(store, path, st)


def _item(store: Store, path: Path, st: os.stat_result) -> Item:
    kind = _kind(store, path)
    used, hits = st.st_mtime, None
    if kind.evicted:
        noted, count = _noted(store, path)
        used = max(used, noted)
        hits = count
    return Item(kind, path, st.st_blocks * _BLOCK, st.st_ino, st.st_mtime, used, hits)


def _kind(store: Store, path: Path) -> Kind:
    first, *more = path.relative_to(store.root).parts
    if path.name.startswith("."):
        return LEFT_OVER
    if not more:
        return MEMO if first.startswith(MEMO.name) else OTHER
    kind = _BY_NAME.get(first, OTHER)
    foreign = not path.name.endswith(kind.suffix) or len(more) > 1
    return OTHER if foreign or kind in {MEMO, LEFT_OVER} else kind


def _noted(store: Store, path: Path) -> tuple[float, int]:
    """Return when a run last used a file and how often, by the record of its hash; zeros if none.

    A record of another content of the file (the same inode, changed since) is none.
    """
    try:
        now = numbers_of(path)
        with open_regular(store.root / "seen" / seen_name(now)) as file:
            data, when = file.read(SEEN.codec.size + 1), os.fstat(file.fileno()).st_mtime
    except OSError:
        return 0.0, 0
    if len(data) != SEEN.codec.size:
        return 0.0, 0
    record = SEEN.unpack(data)
    hits = record["hits"]
    if record["magic"] != SEEN_MAGIC or record["file"] != now or not isinstance(hits, int):
        return 0.0, 0
    return (when if hits else 0.0), hits
