"""Where a package goes: the store, a file, or a folder; and the store that learns beside it.

With `-o` the store still gives what runs recorded and the memo of compiled functions, but gets no
package. Without a store (``XLATE_CACHE=off``) a conversion works all the same, from nothing.
"""

from __future__ import annotations

import errno
import os
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from xlate.convert.room import cap_now, make_room
from xlate.errors import Unsupported
from xlate.package.format import Package, write
from xlate.package.layout import MAGIC
from xlate.package.regular import NO_FILE, open_regular
from xlate.package.store import Store, package_name, why_none


@dataclass(frozen=True)
class Target:
    """Exactly one of file and folder is set, or neither: then the package goes to the store."""

    store: Store | None
    file: Path | None = None
    folder: Path | None = None

    def path_for(self, guest: bytes, *, fast: bool = False) -> Path:
        """Return where the package of a guest file goes; its folder exists and can be written.

        Raises OSError, or Unsupported for a store that is not safe to use, before the work is done
        rather than after it.
        """
        path = self._path_for(guest, fast=fast)
        if self.folder is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        check_place(path)
        if self.file is not None and not may_replace(path, MAGIC):
            raise OSError(errno.EEXIST, "it exists and is no package", str(path))
        return path

    def _path_for(self, guest: bytes, *, fast: bool) -> Path:
        if self.file is not None:
            return self.file
        if self.folder is not None:
            return self.folder / package_name(guest)
        assert self.store is not None  # target_of() sees to it
        self.store.prepare()
        return self.store.package_path(guest, fast=fast)

    def put(self, program: Path, path: Path, package: Package) -> int:
        """Write a package in one step, and remember that program and package have been checked.

        Return how many files the store lost for it, which had become too large.
        """
        store = self.store
        kept = store is not None and path.parent == store.folder
        with store.alone() if store is not None and kept else nullcontext():
            write(path, package)
        if store is None:
            return 0
        store.remember(program, path)
        return make_room(store, {path})


def check_place(path: Path) -> None:
    """Raise OSError where no file can be put: before the work is done rather than after it."""
    folder = path.parent
    for fault, is_sound in (
        (errno.ENOENT, folder.exists()),
        (errno.ENOTDIR, folder.is_dir()),
        (errno.EISDIR, not path.is_dir()),
        (errno.EACCES, os.access(folder, os.W_OK | os.X_OK)),
    ):
        if not is_sound:
            raise OSError(fault, os.strerror(fault), str(path))


def may_replace(path: Path, magic: bytes) -> bool:
    """Say whether a rename over the path costs nobody anything: a program, a device, a text."""
    try:
        with open_regular(path) as file:
            return magic.startswith(file.read(len(magic)))
    except FileNotFoundError:
        return True
    except OSError as error:
        if error.errno == NO_FILE:
            return False
        raise


def target_of(output: Path | None, *, several: bool) -> Target:
    """Return the Target that `-o` names; raises Unsupported where there is none.

    ``several`` programs need a folder, which is made when it is not there. One program may be
    given a folder too, an existing one.
    """
    store = Store.locate(os.environ)
    if store is not None:
        cap_now(store)  # raises, before any work, where XLATE_CACHE_MAX is no size
    if output is None:
        if store is None:
            raise Unsupported("no store", "", why_none(os.environ), advice="-o FILE")
        return Target(store)
    store = usable(store)
    if several or output.is_dir():
        if output.exists() and not output.is_dir():
            raise Unsupported("several packages", str(output), "not a folder", advice="-o FOLDER")
        return Target(store, folder=output)
    return Target(store, file=output)


def usable(store: Store | None) -> Store | None:
    """Return the store when it can be used; who names an output does not depend on it."""
    try:
        if store is not None:
            store.prepare()
    except (Unsupported, OSError):
        return None
    return store
