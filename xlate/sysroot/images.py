"""Reads images of root folders: tar files, tar files of layers, and folders.

`docker export` writes the first kind. `docker save` and OCI layouts are tar files (or folders) of
blobs, where a manifest names the layers in order; a layer removes what is below it by names that
begin with ``.wh.``. An image is unpacked beside its destination and renamed, so a refused or
interrupted one leaves nothing.
"""

from __future__ import annotations

import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from xlate.errors import MalformedInput, Unsupported
from xlate.sysroot.unpack import Counts, Root, parts_of

WHITEOUT, OPAQUE = ".wh.", ".wh..wh..opq"
MANIFEST, INDEX = "manifest.json", "index.json"
ZSTD = b"\x28\xb5\x2f\xfd"
#: An index may lead to indexes (one for each platform); no image nests them deeper.
INDEXES_MAX = 4


def import_image(source: Path, into: Path) -> Counts:
    """Unpack an image into a new folder and say what came of it."""
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise MalformedInput(str(into), "already there and not empty", advice="another --into")
    into.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".xlate-import-", dir=into.parent) as folder:
        root = Root(Path(folder) / "root")
        root.top.mkdir(mode=0o755)
        _unpack(source, root)
        root.finish()
        if into.is_dir():
            into.rmdir()
        root.top.rename(into)
    return root.counts


def _unpack(source: Path, root: Root) -> None:
    if source.is_dir():
        layers = _layers(_FolderBlobs(source))
        if layers is None:
            _copy_folder(source, root)
        else:
            _apply_layers(_FolderBlobs(source), layers, root)
        return
    with _opened(source) as archive:
        blobs = _TarBlobs(archive)
        layers = _layers(blobs) if blobs.is_image else None
        if layers is not None:
            _apply_layers(blobs, layers, root)
            return
    with _opened(source) as archive:
        _apply(archive, root, layered=False)


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    """Open a tar file, compressed or not; what is wrong with it is one line."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise MalformedInput(str(path), error.strerror or "cannot be read") from error
    if start == ZSTD:
        raise _zstd(str(path))
    try:
        with tarfile.open(path) as archive:
            yield archive
    except (tarfile.TarError, EOFError, OSError) as error:
        raise _not_whole(str(path), error) from error


def _not_whole(name: str, error: Exception) -> MalformedInput:
    reason = str(error).partition(":\n")[0]
    return MalformedInput(name, f"not a whole tar file: {reason}")


def _zstd(name: str) -> Unsupported:
    return Unsupported(name, "", "zstd-compressed", advice="zstd -d, or docker export")


class _FolderBlobs:
    """An OCI layout that lies in a folder."""

    def __init__(self, top: Path) -> None:
        self.top = top

    def open(self, name: str) -> IO[bytes] | None:
        """Return a file of the image, or None where there is none."""
        path = self.top.joinpath(*parts_of(name))
        return path.open("rb") if path.is_file() else None


class _TarBlobs:
    """An OCI layout, or `docker save`'s, that lies in a tar file."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self.archive = archive
        # The index costs a pass over the file: only where it begins like an image.
        first = archive.next()
        names = ("blobs", MANIFEST, INDEX, "oci-layout", "repositories")
        top = parts_of(first.name)[:1] if first else []
        self.is_image = bool(top) and (top[0] in names or self._is_old_layer(top[0]))

    @staticmethod
    def _is_old_layer(name: str) -> bool:
        return len(name.removesuffix(".json")) == 64

    def open(self, name: str) -> IO[bytes] | None:
        """Return a file of the image, or None where there is none."""
        wanted = parts_of(name)
        for member in self.archive.getmembers():
            if member.isfile() and parts_of(member.name) == wanted:
                return self.archive.extractfile(member)
        return None


_Blobs = _FolderBlobs | _TarBlobs


def _json(blobs: _Blobs, name: str) -> Any:
    file = blobs.open(name)
    if file is None:
        return None
    with file:
        try:
            return json.load(file)
        except ValueError as error:
            raise MalformedInput(name, "not JSON") from error


def _blob_name(descriptor: Any) -> str:
    try:
        algorithm, _, digest = descriptor["digest"].partition(":")
    except (TypeError, KeyError, AttributeError) as error:
        raise MalformedInput("the image's manifest", "a descriptor without a digest") from error
    return f"blobs/{algorithm}/{digest}"


def _chosen(descriptors: list[Any]) -> Any:
    """Return the 32-bit ARM image among several, or the only one."""
    arm = [d for d in descriptors if (d.get("platform") or {}).get("architecture") == "arm"]
    if arm:
        return arm[0]
    if len(descriptors) == 1:
        return descriptors[0]
    raise MalformedInput("the image", "none of several platforms is linux/arm")


def _layers(blobs: _Blobs) -> list[str] | None:
    """Return the names of an image's layers, the lowest first; None when this is no image."""
    manifests = _json(blobs, MANIFEST)
    if isinstance(manifests, list) and len(manifests) == 1 and "Layers" in manifests[0]:
        return [str(name) for name in manifests[0]["Layers"]]
    document = _json(blobs, INDEX)
    for _ in range(INDEXES_MAX):
        if not isinstance(document, dict):
            return None
        if "layers" in document:
            return [_blob_name(layer) for layer in document["layers"]]
        document = _json(blobs, _blob_name(_chosen(document.get("manifests") or [{}])))
    return None


def _apply_layers(blobs: _Blobs, layers: list[str], root: Root) -> None:
    for name in layers:
        file = blobs.open(name)
        if file is None:
            raise MalformedInput(name, "the image names this layer and has none")
        with file:
            if file.read(4) == ZSTD:
                raise _zstd(name)
            file.seek(0)
            try:
                with tarfile.open(fileobj=file) as archive:
                    _apply(archive, root, layered=True)
            except (tarfile.TarError, EOFError) as error:
                raise _not_whole(name, error) from error


def _apply(archive: tarfile.TarFile, root: Root, *, layered: bool) -> None:
    for member in archive:
        base = member.name.rstrip("/").rpartition("/")
        if layered and base[2] == OPAQUE:
            root.empty(base[0])
        elif layered and base[2].startswith(WHITEOUT):
            root.remove(f"{base[0]}/{base[2].removeprefix(WHITEOUT)}")
        else:
            _put(archive, member, root)


def _put(archive: tarfile.TarFile, member: tarfile.TarInfo, root: Root) -> None:
    parts_of(member.name)
    if member.isdir():
        root.folder(member.name, root.note(member.uid, member.gid, member.mode | 0o040000))
    elif member.issym():
        root.note(member.uid, member.gid, 0)
        root.symlink(member.name, member.linkname)
    elif member.islnk():
        root.hard_link(member.name, member.linkname)
    elif member.isfile():
        file = archive.extractfile(member)
        if file is not None:
            with file:
                mode = root.note(member.uid, member.gid, member.mode)
                root.file(member.name, mode, file, member.mtime)
    else:
        root.counts.devices += 1


def _copy_folder(source: Path, root: Root) -> None:
    """Copy a folder as it is, hard links kept."""
    seen: dict[tuple[int, int], str] = {}
    for folder, names, files in os.walk(source):
        here = Path(folder)
        inside = "" if here == source else str(here.relative_to(source))
        for name in sorted([*names, *files]):
            _copy_one(here / name, f"{inside}/{name}", root, seen)


def _copy_one(path: Path, name: str, root: Root, seen: dict[tuple[int, int], str]) -> None:
    about = path.lstat()
    if path.is_symlink():
        root.note(about.st_uid, about.st_gid, 0)
        root.symlink(name, str(path.readlink()))
    elif path.is_dir():
        root.folder(name, root.note(about.st_uid, about.st_gid, about.st_mode))
    elif not path.is_file():
        root.counts.devices += 1
    elif (number := (about.st_dev, about.st_ino)) in seen:
        root.hard_link(name, seen[number])
    else:
        with path.open("rb") as file:
            mode = root.note(about.st_uid, about.st_gid, about.st_mode)
            root.file(name, mode, file, about.st_mtime)
        if about.st_nlink > 1:
            seen[number] = name
