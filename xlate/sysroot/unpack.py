"""Puts files of an image into a folder that becomes a root: what is kept, left out and refused.

Nothing is ever written outside the folder: a name with ``..`` in it refuses the whole image, and
where a path leads through symbolic links they are followed as inside that root. Owners, devices,
extended attributes and the setuid bits are left out and counted; an ordinary user could not make
them, and a guest's root needs none. Files of lower layers give way to those of upper ones.
"""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from xlate.errors import MalformedInput

LINKS_MAX = 40
SPECIAL_BITS = stat.S_ISUID | stat.S_ISGID
CHUNK = 1 << 20


@dataclass
class Counts:
    """What an import has made and what it has left out."""

    files: int = 0
    folders: int = 0
    links: int = 0
    removed: int = 0
    bytes: int = 0
    devices: int = 0
    owners: int = 0
    setuid: int = 0


def parts_of(name: str) -> list[str]:
    """Return the components of a member's name; one that leads upwards is refused."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts or "\0" in name:
        raise MalformedInput(
            repr(name), "a name that leads out of the root", advice="another image"
        )
    return parts


@dataclass
class Root:
    """A folder being filled. Paths are resolved inside it, whatever links say."""

    top: Path
    counts: Counts = field(default_factory=Counts)
    _modes: list[tuple[Path, int]] = field(default_factory=list)

    def folder_of(self, parts: list[str]) -> Path:
        """Return the real folder that these components lead to, making what is missing."""
        todo = list(reversed(parts))
        at: list[str] = []
        followed = 0
        while todo:
            part = todo.pop()
            if part == "..":  # Out of a link's text: the root's parent is the root.
                del at[-1:]
                continue
            path = self.top.joinpath(*at, part)
            if path.is_symlink():
                followed += 1
                if followed > LINKS_MAX:
                    raise MalformedInput("/".join(parts), "too many levels of links")
                target = str(path.readlink())
                at = [] if target.startswith("/") else at
                todo += reversed([word for word in target.split("/") if word not in ("", ".")])
                continue
            if not path.is_dir():
                path.unlink(missing_ok=True)
                path.mkdir()
            at.append(part)
        return self.top.joinpath(*at)

    def _place(self, name: str) -> Path | None:
        """Return where a member goes, with nothing there any more but a folder; None: the top."""
        parts = parts_of(name)
        if not parts:
            return None
        path = self.folder_of(parts[:-1]) / parts[-1]
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            path.unlink()
        return path

    def _free(self, name: str) -> Path | None:
        """Return where a member goes, with nothing there."""
        path = self._place(name)
        if path is not None and path.is_dir():
            shutil.rmtree(path)
        return path

    def note(self, uid: int, gid: int, mode: int) -> int:
        """Count what is left out of a member's owner and mode; return the mode to give it."""
        self.counts.owners += (uid, gid) != (0, 0)
        self.counts.setuid += bool(mode & SPECIAL_BITS) and not stat.S_ISDIR(mode)
        return mode & 0o1777

    def folder(self, name: str, mode: int) -> None:
        """Make a folder; it gets its mode at the end, since files may still go into it."""
        path = self._place(name)
        if path is not None:
            path.mkdir(exist_ok=True)
            self.counts.folders += 1
            self._modes.append((path, mode | 0o700))

    def file(self, name: str, mode: int, source: IO[bytes], mtime: float) -> None:
        """Write a file."""
        path = self._free(name)
        if path is None:
            return
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as target:
            while chunk := source.read(CHUNK):
                target.write(chunk)
                self.counts.bytes += len(chunk)
            os.fchmod(target.fileno(), mode | 0o400)
        os.utime(path, (mtime, mtime))
        self.counts.files += 1

    def symlink(self, name: str, target: str) -> None:
        """Make a symbolic link; its text is the guest's business."""
        path = self._free(name)
        if path is not None:
            path.symlink_to(target)
            self.counts.links += 1

    def hard_link(self, name: str, target: str) -> None:
        """Make another name for a file that is already there."""
        parts = parts_of(target)
        path = self._free(name)
        source = self.folder_of(parts[:-1]) / parts[-1] if parts else self.top
        if path is None:
            return
        if source.is_dir() or not os.path.lexists(source):
            raise MalformedInput(
                repr(name), f"a hard link to {target!r}, which is no file before it"
            )
        os.link(source, path, follow_symlinks=False)
        self.counts.links += 1

    def remove(self, name: str) -> None:
        """Take away what a lower layer had there."""
        parts = parts_of(name)
        path = self.folder_of(parts[:-1]) / parts[-1]
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        self.counts.removed += 1

    def empty(self, name: str) -> None:
        """Take away everything that lower layers had in a folder."""
        for path in self.folder_of(parts_of(name)).iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
            self.counts.removed += 1

    def finish(self) -> None:
        """Give folders their modes, the deepest first."""
        for path, mode in reversed(self._modes):
            if path.is_dir() and not path.is_symlink():
                path.chmod(mode)
