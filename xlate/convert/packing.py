"""What goes into a pack: good packages of the stores as they are, and what lacks is converted.

A file is known by its content: one that has many names is packed once, under all of them. Files are
taken in order of name, so that the pack depends on names, contents, options and on what the stores
have, and on nothing else. What is converted goes to the user's store where that has none yet, so
that a pack that was interrupted goes on where it was.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from xlate.convert.program import DEFAULT_LEVEL, Job, convert
from xlate.convert.result import Progress
from xlate.convert.target import Target
from xlate.errors import MalformedInput, XlateError
from xlate.loader import read_file
from xlate.package.format import decode
from xlate.package.key import content_hash, fingerprint
from xlate.package.pack import safe_name
from xlate.package.regular import open_regular
from xlate.package.store import Store, distrust


@dataclass(frozen=True)
class Part:
    """A guest file by its content, one of the paths where it is, and all of its names."""

    path: Path
    guest_hash: bytes
    names: tuple[str, ...]


@dataclass
class Parts:
    """The files of a pack in order of name; and those that could not be read."""

    parts: list[Part] = field(default_factory=list)
    failed: list[tuple[Path, Exception]] = field(default_factory=list)


def parts_of(files: Iterable[Path], roots: Iterable[Path]) -> Parts:
    """Return what the files are; their names are paths below the first of the roots they are in."""
    tops = [(root, Path(os.path.realpath(root))) for root in roots]
    paths: dict[bytes, Path] = {}
    names: dict[bytes, set[str]] = {}
    made = Parts()
    for path in files:
        try:
            name = _name_of(path, tops)
            found = content_hash(read_file(str(path)))
        except (OSError, XlateError) as error:
            made.failed.append((path, error))
            continue
        paths.setdefault(found, path)
        names.setdefault(found, set()).add(name)
    parts = (Part(paths[key], key, tuple(sorted(names[key]))) for key in paths)
    made.parts = sorted(parts, key=lambda part: (part.names, part.guest_hash))
    return made


def _name_of(path: Path, tops: Iterable[tuple[Path, Path]]) -> str:
    """The path below a root; of a file in none only its name, not where it happens to be."""
    real = Path(os.path.realpath(path))
    for given, resolved in tops:
        for place, root in ((path, given), (real, resolved)):
            if place.is_relative_to(root) and ".." not in place.parts:
                return safe_name(str(place.relative_to(root)))
    return safe_name(path.name)


@dataclass(frozen=True)
class Packer:
    """Finds or makes packages.

    ``level`` None takes a package of any level and converts at the default one. ``store`` is where
    conversions go and learn, ``below`` another place to take packages from, ``scratch`` a folder
    for what is only for the pack.
    """

    store: Store | None
    below: Store | None
    scratch: Path
    level: int | None = None
    fast: bool = False
    jobs: int = 1

    def package(self, part: Part, show: Progress) -> tuple[bytes, bool]:
        """Return a package's bytes, and whether a store had it.

        Raises what ``convert`` does, MalformedInput too where the file has changed since.
        """
        guest = read_file(str(part.path))
        if content_hash(guest) != part.guest_hash:
            raise MalformedInput("changed while it was packed", "its content is another now")
        for store in (self.store, self.below):
            data = self._good(store, guest, self.level) if store is not None else None
            if data is not None:
                return data, True
        return self._converted(part, guest, show), False

    def _good(self, store: Store, guest: bytes, level: int | None) -> bytes | None:
        """The store's package for these bytes where programs would use it; None: of any level."""
        path = store.find(guest, fast=self.fast)
        if path is None or distrust(path):
            return None
        try:
            with open_regular(path) as file:
                data = file.read()
            identity = decode(data).identity
        except (OSError, MalformedInput):
            return None
        current = identity.fingerprint == fingerprint()
        return data if current and level in {None, identity.level} else None

    def _converted(self, part: Part, guest: bytes, show: Progress) -> bytes:
        """A new package: kept where the store has no good one that it would replace."""
        level = DEFAULT_LEVEL if self.level is None else self.level
        keep = self.store is not None and self._good(self.store, guest, None) is None
        target = Target(self.store) if keep else Target(self.store, folder=self.scratch)
        job = Job(part.path, target, level, self.jobs, show, fast=self.fast)
        path = convert(job).package
        data = path.read_bytes()
        if not keep:
            path.unlink()
        if decode(data).identity.guest_hash != part.guest_hash:
            raise MalformedInput("changed while it was packed", "its content is another now")
        return data
