"""The store: where packages, profiles and what was checked before are kept between runs.

``packages/`` holds packages by quick key, ``profiles/`` what had to be translated at run time,
``seen/`` hashes of files that did not change since, ``memo.sqlite`` compiled functions. Mapping a
package is running its code, so a store that somebody else may write to is not used. The runtime
reads the same files by the same rules (store.c).

Below the user's store lies the system's, which is for every user and which only `xlate pack import
--system` writes: packages, and the hashes of these files.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xlate.errors import MalformedInput, Unsupported
from xlate.package.format import decode_header, is_fast, write_atomically
from xlate.package.key import content_hash, fingerprint, quick_key
from xlate.package.layout import (
    CANDIDATES,
    PAGE,
    PROFILE,
    PROFILE_FORMAT,
    PROFILE_MAGIC,
    PROFILE_SIZE,
    PROFILE_SLOTS,
    PROFILE_SUFFIX,
    SEEN,
    SEEN_MAGIC,
    SUFFIX,
    SYSTEM_STORE,
)
from xlate.package.place import OFF, place_of
from xlate.package.regular import open_regular

LEFT_OVER_SECONDS = 3600
# A record is of one inode, and every package is a new one; the next run makes what is missed.
SEEN_SECONDS = 90 * 86400
# Packages of another version that were of use within this time are not replaced.
LATELY_SECONDS = 7 * 86400
# A file that changed as short ago as this may change again within the same tick of the clock.
SETTLED_SECONDS = 0.05


def package_name(guest: bytes) -> str:
    """The name by which a folder given to ``xlate-run -p`` is asked for the file's package."""
    return quick_key(guest).hex() + SUFFIX


def package_in(place: Path, guest: bytes, *, fast: bool = False) -> Path | None:
    """The package made for exactly this content: a file, or one of a folder like the store's.

    With ``fast`` the one made by `--fp fast`. One made by this version is preferred.
    """
    return _package_of(place, quick_key(guest), content_hash(guest), fast=fast)


def _package_of(place: Path, quick: bytes, guest_hash: bytes, *, fast: bool) -> Path | None:
    looked = [_look(path) for path in (_names(place, quick.hex()) if place.is_dir() else (place,))]
    same = [one for one in looked if one.is_for(guest_hash, fast=fast)]
    return next((one.path for one in sorted(same, key=lambda one: not one.is_current())), None)


def _names(folder: Path, stem: str) -> Iterator[Path]:
    for number in range(CANDIDATES):
        yield folder / (stem + (f"-{number}" if number else "") + SUFFIX)


def why_none(environ: Mapping[str, str]) -> str:
    """Why ``Store.locate`` finds no store in an environment."""
    if environ.get("XLATE_CACHE") == OFF:
        return "XLATE_CACHE says off"
    return "neither XLATE_CACHE nor HOME says where"


def distrust(path: Path) -> str:
    """Why code from this file or folder must not be run, empty where it may be."""
    try:
        real = path.resolve(strict=True)
        for place in (real, *real.parents):
            why = _distrust_one(place)
            if why:
                return why
    except OSError as error:
        return f"{path}: {error.strerror}"
    return ""


def _distrust_one(place: Path) -> str:
    st = place.lstat()
    if st.st_uid not in {0, os.geteuid()}:
        return f"{place} belongs to another user"
    shared_folder = stat.S_ISDIR(st.st_mode) and st.st_mode & stat.S_ISVTX
    if st.st_mode & 0o022 and not shared_folder:
        return f"others may write to {place}"
    return ""


def numbers_of(path: Path) -> tuple[int, ...]:
    """What tells this content of a file from any later one, as the seen record has it."""
    st = path.stat()
    second = 1_000_000_000
    times = (*divmod(st.st_mtime_ns, second), *divmod(st.st_ctime_ns, second))
    return (st.st_dev, st.st_ino, st.st_size, *times)


def seen_name(numbers: tuple[int, ...]) -> str:
    """The name of the record of a file that has these numbers."""
    return content_hash(b"".join(n.to_bytes(8, "little") for n in numbers[:2]))[:16].hex()


@dataclass(frozen=True)
class Kept:
    """A package in the store: its header, or why it is none."""

    path: Path
    header: dict[str, Any] | None
    problem: str = ""

    def is_for(self, guest_hash: bytes, *, fast: bool) -> bool:
        """Whether it was made for this content, with or without `--fp fast`."""
        header = self.header
        same = header is not None and header["guest_hash"] == guest_hash
        return same and header is not None and is_fast(header) == fast

    def is_current(self) -> bool:
        """Whether this version of xlate made it."""
        return self.header is not None and self.header["fingerprint"] == fingerprint()


@dataclass(frozen=True)
class Store:
    """A folder of the layout above; it need not exist yet. A ``shared`` one is for all users."""

    root: Path
    shared: bool = False

    @classmethod
    def locate(cls, environ: Mapping[str, str]) -> Store | None:
        """The store that the environment names, None where it says ``off`` or nothing usable."""
        place = place_of(environ)
        return None if place is None else cls(place)

    @classmethod
    def locate_system(cls, environ: Mapping[str, str]) -> Store | None:
        """The system's store, None where the environment says ``off``."""
        named = environ.get("XLATE_SYSTEM_CACHE", "") or SYSTEM_STORE
        return None if named == OFF else cls(Path(named).absolute(), shared=True)

    @classmethod
    def locate_all(cls, environ: Mapping[str, str]) -> tuple[Store, ...]:
        """The stores in the order in which programs look for their packages."""
        found = (cls.locate(environ), cls.locate_system(environ))
        return tuple(store for store in found if store is not None)

    @property
    def memo_path(self) -> Path:
        """The compiler's memo of functions."""
        return self.root / "memo.sqlite"

    def prepare(self) -> None:
        """Make the folders, and clear them of what killed writers left.

        Raises OSError, or Unsupported where the runtime would not trust what is put there.
        """
        names = ("packages", "seen") if self.shared else ("packages", "profiles", "seen")
        folders = [self.root / name for name in names]
        above = [place for place in (self.root, *self.root.parents) if not place.is_dir()]
        for place in (*reversed(above), *folders):
            if not place.is_dir():
                _make(place, 0o755 if self.shared else 0o700)
        self.tidy()
        for folder in folders:
            # The runtime opens them with O_NOFOLLOW; what leads to the store may be links.
            why = f"{folder} is a symbolic link" if folder.is_symlink() else distrust(folder)
            if why:
                raise Unsupported(
                    "the store is not safe to use",
                    "",
                    why,
                    advice="XLATE_CACHE=DIR with a folder of your own, or -o FILE",
                )

    # --- packages --------------------------------------------------------------------------------

    @property
    def folder(self) -> Path:
        """Where the packages are."""
        return self.root / "packages"

    def find(self, guest: bytes, *, fast: bool = False) -> Path | None:
        """The package made for exactly this content, whoever made it; ``fast``: by `--fp fast`."""
        return package_in(self.folder, guest, fast=fast)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep others out who change what is there; OSError where it cannot be opened."""
        handle = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def package_path(self, guest: bytes, *, fast: bool = False) -> Path:
        """Where a package for this content goes: over its older one, else to a free name."""
        return self.place_for(quick_key(guest), content_hash(guest), fast=fast)

    def place_for(self, quick: bytes, guest_hash: bytes, *, fast: bool) -> Path:
        """The same for content that is known by its key and its hash."""
        kept = [_look(path) for path in _names(self.folder, quick.hex())]
        same = [one for one in kept if one.is_for(guest_hash, fast=fast)]
        for one in sorted(same, key=lambda one: not one.is_current()):
            if one.is_current() or not self._used_lately(one.path):
                return one.path
        for one in kept:
            if one.header is None:  # Free, or damaged and of use to nobody.
                return one.path
        return min((one.path for one in kept), key=lambda path: path.stat().st_mtime_ns)

    def _used_lately(self, package: Path) -> bool:
        """Whether another version of xlate, which may share the store, still wants its package."""
        with contextlib.suppress(OSError):
            since = time.time() - LATELY_SECONDS
            record = self.root / "seen" / seen_name(numbers_of(package))
            return any(path.exists() and path.stat().st_mtime > since for path in (package, record))
        return False

    def packages(self) -> list[Kept]:
        """All packages, sound or not, in order of name."""
        return [_look(path) for path in sorted(self.folder.glob(f"*{SUFFIX}"))]

    def remove(self, package: Path) -> None:
        """Forget a package with what was learned of its file; FileNotFoundError where none is."""
        stem = package.name.removesuffix(SUFFIX).split("-")[0]
        names = list(_names(self.folder, stem))
        left = [path for path in names if path != package and os.path.lexists(path)]
        package.lstat()
        if package in names and left and names.index(left[-1]) > names.index(package):
            # The runtime looks no further than a name that is free, so there never is one between.
            left[-1].replace(package)
        else:
            package.unlink()
        if not left:
            (self.root / "profiles" / f"{stem}{PROFILE_SUFFIX}").unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove what killed writers left, and hashes of what has most likely gone since.

        Times to come are of a clock that went backwards: nobody waits until they are past.
        """
        for pattern, seconds in (("*/.*.new", LEFT_OVER_SECONDS), ("seen/*", SEEN_SECONDS)):
            for path in self.root.glob(pattern):
                with contextlib.suppress(OSError):
                    if abs(time.time() - path.lstat().st_mtime) > seconds:
                        path.unlink()

    # --- what runs left --------------------------------------------------------------------------

    def profile_keys(self, guest: bytes) -> frozenset[int]:
        """Link keys that had to be translated at run time; empty without a sound profile."""
        quick = quick_key(guest)
        try:
            with open_regular(self.root / "profiles" / f"{quick.hex()}{PROFILE_SUFFIX}") as file:
                data = file.read(PROFILE_SIZE + 1)
        except OSError:
            return frozenset()
        if len(data) != PROFILE_SIZE:
            return frozenset()
        header = PROFILE.unpack(data)
        wanted = (PROFILE_MAGIC, PROFILE_FORMAT, PROFILE_SLOTS, quick)
        if tuple(header[name] for name in ("magic", "format", "slots", "quick")) != wanted:
            return frozenset()
        return frozenset(array("I", data[PROFILE.codec.size :])) - {0}

    def remember(self, guest: Path, package: Path) -> None:
        """Note the hashes of both files, so that the first run need not compute them.

        Best effort: a store that cannot be written only means that runs hash the files.
        """
        with contextlib.suppress(OSError):
            if time.time() - guest.stat().st_ctime > SETTLED_SECONDS:
                self._note(guest, 0)
        self.remember_package(package)

    def remember_package(self, package: Path) -> None:
        """Note the hash of a new package alone, a file that nobody writes to; best effort too."""
        with contextlib.suppress(OSError):
            self._note(package, PAGE)

    def _note(self, path: Path, start: int) -> None:
        before = numbers_of(path)
        found = content_hash(path.read_bytes()[start:])
        if numbers_of(path) == before:
            record = SEEN.pack(magic=SEEN_MAGIC, file=before, hash=found)
            write_atomically(self.root / "seen" / seen_name(before), record)


def _make(folder: Path, mode: int) -> None:
    """Make one folder, closed or open whatever the umask."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if mode != 0o700:
            folder.chmod(mode)
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from error


def _look(path: Path) -> Kept:
    """The header of a file that may be a package."""
    try:
        with open_regular(path) as file:
            return Kept(path, decode_header(file.read(PAGE)))
    except OSError as error:
        return Kept(path, None, error.strerror or "cannot be read")
    except MalformedInput as error:
        return Kept(path, None, str(error))
