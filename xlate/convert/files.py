"""Which files one conversion covers: a program, the libraries it is linked with, a whole folder.

Libraries are looked for where the guest's dynamic loader will look (DT_RUNPATH, ld.so.conf, the
default folders), and every absolute guest path is mapped as `xlate-run -L` maps it: under the
sysroot where it exists there, else as it is. What a program opens by itself (dlopen) cannot be
known here; such a library is converted by naming it. Left out on purpose: LD_LIBRARY_PATH, which
belongs to one run, and the loader's hardware-capability subfolders, which current systems have
given up.
"""

from __future__ import annotations

import os
import stat
import struct
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from xlate.errors import MalformedInput, Unsupported
from xlate.loader import Image, load

MULTIARCH = {True: "arm-linux-gnueabihf", False: "arm-linux-gnueabi"}
DEFAULT_FOLDERS = ("/lib", "/usr/lib")
LD_SO_CONF = "/etc/ld.so.conf"
# An include that includes itself must end.
MOST_CONF_FILES = 64

ELF_START = struct.Struct("<4s3B9x2H")
ET_EXEC, ET_DYN, EM_ARM = 2, 3, 40


@dataclass(frozen=True)
class Missing:
    """A library that was found nowhere, or not for this guest."""

    name: str
    wanted_by: str


@dataclass(frozen=True)
class Closure:
    """A program first, then all that it needs, each file once; and what could not be found."""

    files: tuple[Path, ...]
    missing: tuple[Missing, ...]


def with_libraries(program: Path, sysroot: Path | None) -> Closure:
    """Return a program with its interpreter and the libraries it is linked with, breadth first.

    Raises what ``load`` raises when the program itself is bad.
    """
    search = _Search(sysroot)
    image = load(program)
    search.folders = tuple(_configured_folders(sysroot, hard_float=image.hard_float))
    queue = deque([(program, image)])
    found: dict[str, Path] = {os.path.realpath(program): program}
    missing: dict[str, Missing] = {}
    while queue:
        path, image = queue.popleft()
        for name in (*([image.interpreter] if image.interpreter else []), *image.needed):
            hit = search.find(name, path, image)
            if hit is None:
                missing.setdefault(name, Missing(name, path.name))
            elif os.path.realpath(hit[0]) not in found:
                found[os.path.realpath(hit[0])] = hit[0]
                queue.append(hit)
    return Closure(tuple(found.values()), tuple(missing.values()))


@dataclass
class _Search:
    """Where the dynamic loader looks; one for a closure."""

    sysroot: Path | None
    folders: tuple[Path, ...] = ()

    def find(self, name: str, wanted_by: Path, image: Image) -> tuple[Path, Image] | None:
        """Return the first file of that name that is a module for this guest."""
        for candidate in self._candidates(name, wanted_by, image):
            if _is(candidate.is_file):
                try:
                    return candidate, load(candidate)
                except (MalformedInput, Unsupported):
                    # The loader passes over files of other machines, and looks on.
                    continue
        return None

    def _candidates(self, name: str, wanted_by: Path, image: Image) -> Iterator[Path]:
        if "/" in name:
            yield mapped(name, self.sysroot)
            return
        origin = os.path.realpath(wanted_by.parent)
        for folder in image.runpath:
            if "$ORIGIN" in folder or "${ORIGIN}" in folder:
                # The origin is a path of this machine already.
                text = folder.replace("${ORIGIN}", origin).replace("$ORIGIN", origin)
                yield Path(text, name)
            elif folder.startswith("/"):
                yield mapped(f"{folder}/{name}", self.sysroot)
        for path in self.folders:
            yield path / name


def mapped(guest_path: str, sysroot: Path | None) -> Path:
    """Return the file that an absolute guest path stands for under `-L`."""
    if sysroot is not None:
        under = Path(f"{sysroot}/{guest_path.lstrip('/')}")
        if _is(under.exists):
            return under
    return Path(guest_path)


def _is(there: Callable[[], bool]) -> bool:
    """Say whether something is there; names too long and closed folders are no for the loader."""
    try:
        return there()
    except OSError:
        return False


def _configured_folders(sysroot: Path | None, *, hard_float: bool) -> Iterator[Path]:
    """Yield what ld.so.conf names, then the default folders with their multiarch twins."""
    yield from _conf_folders(sysroot)
    for folder in DEFAULT_FOLDERS:
        for guest_path in (f"{folder}/{MULTIARCH[hard_float]}", folder):
            yield mapped(guest_path, sysroot)


def _conf_folders(sysroot: Path | None) -> Iterator[Path]:
    queue, read = deque([mapped(LD_SO_CONF, sysroot)]), 0
    while queue and read < MOST_CONF_FILES:
        path, read = queue.popleft(), read + 1
        try:
            text = path.read_text(errors="surrogateescape")
        except OSError:
            continue  # no such file: most systems without a package manager
        for line in text.splitlines():
            words = line.split("#")[0].split()
            if words[:1] == ["include"]:
                queue.extend(path for word in words[1:] for path in _included(word, sysroot))
            elif words and words[0].startswith("/"):
                yield mapped(words[0], sysroot)


def _included(pattern: str, sysroot: Path | None) -> list[Path]:
    """Return the files of an include line, in order of name; only the last part has wildcards."""
    if not pattern.startswith("/"):
        return []
    folder, _, name = pattern.rpartition("/")
    return sorted(mapped(folder or "/", sysroot).glob(name)) if name else []


@dataclass(frozen=True)
class Folder:
    """The ARM programs and libraries below a folder, in order of path; the rest by reason.

    ``unread`` are folders and files that could not be looked into, each with the reason.
    """

    files: tuple[Path, ...]
    passed: Mapping[str, int]
    unread: tuple[tuple[Path, MalformedInput], ...] = ()

    @property
    def others(self) -> int:
        """How many files were passed over."""
        return sum(self.passed.values())


def below(folder: Path) -> Folder:
    """Return what a folder holds; links are not followed, and one file with two names counts once.

    Raises MalformedInput when the folder itself cannot be read.
    """
    if not folder.is_dir():
        raise MalformedInput("not a folder", "it is to be searched", advice="name its files")
    files, seen = [], set()
    passed: Counter[str] = Counter()
    failed: list[OSError] = []
    for root, folders, names in os.walk(folder, onerror=failed.append):
        folders.sort()
        for name in sorted(names):
            path = Path(root, name)
            try:
                found = _look(path)
            except OSError as error:
                failed.append(error)
                continue
            if isinstance(found, str):
                passed[found] += 1
            elif found in seen:
                passed["other names of the same file"] += 1
            else:
                seen.add(found)
                files.append(path)
    unread = tuple(_unread(error) for error in failed)
    return Folder(tuple(files), dict(passed.most_common()), unread)


def _unread(error: OSError) -> tuple[Path, MalformedInput]:
    why = (error.strerror or str(error)).lower()
    return Path(error.filename), MalformedInput("cannot be read", why)


def _look(path: Path) -> tuple[int, int] | str:
    """Return device and inode of a program or library for ARM, or what the file is instead."""
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return "symbolic links"
    if not stat.S_ISREG(mode):
        return "pipes, sockets and devices"
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        start = file.read(ELF_START.size)
        status = os.fstat(file.fileno())
    return _passed_over(start) or (status.st_dev, status.st_ino)


def _passed_over(start: bytes) -> str:
    """Say what a file is by its first bytes, empty for a program or library for 32-bit ARM."""
    if not start.startswith(b"\x7fELF"):
        return "scripts, texts and data"
    if len(start) < ELF_START.size:
        return "truncated ELF files"
    _, width, order, _, kind, machine = ELF_START.unpack(start)
    if (width, order, machine) != (1, 1, EM_ARM):
        return "ELF files for other processors"
    return "" if kind in {ET_EXEC, ET_DYN} else "object files and core dumps"
