"""`xlate sysroot`: folders from Debian and from images, nothing written outside them."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import needs as wanted
from xlate.errors import MalformedInput
from xlate.sysroot import get as getting
from xlate.sysroot import images

Xlate = Callable[..., subprocess.CompletedProcess[str]]
Member = tuple[tarfile.TarInfo, bytes]


@pytest.fixture
def xlate(xlate_command: list[str], python_env: dict[str, str], tmp_path: Path) -> Xlate:
    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*xlate_command, *words],
            env=python_env,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


def _member(name: str, data: bytes = b"", **fields: object) -> Member:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    info.mode = 0o644
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


def _link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> Member:
    return _member(name, type=kind, linkname=target)


def _folder(name: str, mode: int = 0o755) -> Member:
    return _member(name, type=tarfile.DIRTYPE, mode=mode)


def _tar(path: Path, members: list[Member], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return path


def _tar_bytes(members: list[Member]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


ORDINARY = [
    _folder("./etc/"),
    _member("./etc/passwd", b"root\n"),
    _folder("usr/lib", 0o555),
    _member("usr/lib/libc.so", b"\x7fELF", mode=0o755),
    _link("lib", "usr/lib"),
    _link("etc/absolute", "/etc/passwd"),
    _link("etc/again", "etc/passwd", tarfile.LNKTYPE),
    _member("usr/bin/su", b"x", mode=0o4755, uid=0),
    _member("home/user/file", b"u", uid=1000, gid=1000),
    _member("dev/null", type=tarfile.CHRTYPE),
    _member("run/pipe", type=tarfile.FIFOTYPE),
]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_import_of_a_tar_file(xlate: Xlate, tmp_path: Path, mode: str) -> None:
    """Contents, modes and links are kept; devices, owners and setuid are left out, with counts."""
    _tar(tmp_path / "rootfs.tar", ORDINARY, mode)
    done = xlate("sysroot", "import", "rootfs.tar", "--into", "root")
    assert (done.returncode, done.stderr) == (0, "")
    assert "4 files, 2 folders, 3 links" in done.stdout
    assert done.stdout.splitlines()[1] == (
        "left out: 2 device nodes, pipes and sockets, 1 owners other than root, "
        "1 setuid and setgid bits"
    )
    root = tmp_path / "root"
    assert (root / "lib/libc.so").read_bytes() == b"\x7fELF"
    assert (root / "etc/absolute").readlink() == Path("/etc/passwd")
    assert (root / "etc/again").samefile(root / "etc/passwd")
    assert (root / "usr/bin/su").stat().st_mode & 0o7777 == 0o755
    assert (root / "usr/lib").stat().st_mode & 0o777 == 0o755  # ours to write in
    assert not (root / "dev/null").exists()
    assert list(tmp_path.glob(".xlate-import-*")) == []


HOSTILE = [
    [_member("../evil", b"x")],
    [_member("a/../../evil", b"x")],
    [_folder("a"), _link("a/b", "../../../evil", tarfile.LNKTYPE)],
    [_link("a", "missing", tarfile.LNKTYPE)],
    [_link("a", "b"), _link("b", "a"), _member("a/c", b"x")],
]


@pytest.mark.parametrize("members", HOSTILE)
def test_hostile_names_refuse_the_image(
    xlate: Xlate, tmp_path: Path, members: list[Member]
) -> None:
    """One line, nothing outside, and nothing left of what came before."""
    inside = tmp_path / "in"
    inside.mkdir()
    _tar(tmp_path / "bad.tar", [*ORDINARY, *members])
    done = xlate("sysroot", "import", "bad.tar", "--into", "in/root")
    assert done.returncode == 1
    assert done.stderr.startswith("xlate: ")
    assert done.stderr.count("\n") == 1
    assert list(inside.iterdir()) == []
    assert not (tmp_path / "evil").exists()


def test_links_are_followed_inside_the_root(tmp_path: Path) -> None:
    """A member behind a link to / lands in the root, wherever the link points on the host."""
    outside = tmp_path / "outside"
    outside.mkdir()
    members = [
        _link("a", str(outside)),
        _member("a/one", b"1"),
        _link("b", "/../../../etc"),
        _member("b/two", b"2"),
        _link("c", "b"),
        _link("c", "b/two"),
        _member("c", b"3"),
    ]
    images.import_image(_tar(tmp_path / "x.tar", members), tmp_path / "root")
    assert list(outside.iterdir()) == []
    assert (tmp_path / "root" / str(outside).lstrip("/") / "one").read_bytes() == b"1"
    assert (tmp_path / "root/etc/two").read_bytes() == b"2"
    assert (tmp_path / "root/c").read_bytes() == b"3"
    assert not (tmp_path / "root/c").is_symlink()


def _layers() -> list[bytes]:
    lower = [
        _folder("keep"),
        _member("keep/a", b"old"),
        _member("gone", b"x"),
        _folder("full"),
        _member("full/x", b"x"),
    ]
    upper = [
        _member("keep/a", b"new"),
        _member(".wh.gone"),
        _member("full/.wh..wh..opq"),
        _member("full/y", b"y"),
    ]
    return [_tar_bytes(lower), _tar_bytes(upper)]


def _oci(layers: list[bytes]) -> list[Member]:
    names = [f"sha256/{number:064x}" for number in range(len(layers))]
    manifest = {"layers": [{"digest": name.replace("/", ":")} for name in names]}
    index = {
        "manifests": [
            {"digest": "sha256:amd", "platform": {"architecture": "amd64"}},
            {"digest": "sha256:arm", "platform": {"architecture": "arm"}},
        ]
    }
    blobs = [_member(f"blobs/{name}", data) for name, data in zip(names, layers, strict=True)]
    return [
        *blobs,
        _member("blobs/sha256/arm", json.dumps(manifest).encode()),
        _member("index.json", json.dumps(index).encode()),
    ]


def _saved(layers: list[bytes]) -> list[Member]:
    names = [f"{number:064x}/layer.tar" for number in range(len(layers))]
    blobs = [_member(name, data) for name, data in zip(names, layers, strict=True)]
    return [*blobs, _member("manifest.json", json.dumps([{"Layers": names}]).encode())]


@pytest.mark.parametrize("kind", ["oci", "oci-folder", "saved"])
def test_layers(xlate: Xlate, tmp_path: Path, kind: str) -> None:
    """Upper layers replace, remove and empty; of several platforms ARM's is taken."""
    members = _saved(_layers()) if kind == "saved" else _oci(_layers())
    image = tmp_path / "image"
    if kind == "oci-folder":
        for info, data in members:
            path = image / info.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    else:
        _tar(image, members)
    done = xlate("sysroot", "import", "image", "--into", "root")
    assert (done.returncode, done.stderr) == (0, "")
    root = tmp_path / "root"
    files = {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}
    assert files == {"keep/a": b"new", "full/y": b"y"}


def test_import_of_a_folder(xlate: Xlate, tmp_path: Path) -> None:
    """A folder is copied: links stay links, hard links stay one file, pipes are left out."""
    source = tmp_path / "source"
    (source / "etc").mkdir(parents=True)
    (source / "etc/a").write_text("a")
    os.link(source / "etc/a", source / "etc/b")
    (source / "etc/c").symlink_to("/etc/a")
    os.mkfifo(source / "pipe")
    done = xlate("sysroot", "import", "source", "--into", "root")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "root/etc/b").samefile(tmp_path / "root/etc/a")
    assert (tmp_path / "root/etc/c").readlink() == Path("/etc/a")
    assert not (tmp_path / "root/pipe").exists()
    assert "1 device nodes" in done.stdout


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"junk" * 300, "not a whole tar file"), (b"\x28\xb5\x2f\xfd....", "zstd")],
)
def test_what_is_no_image(xlate: Xlate, tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "bad").write_bytes(content)
    done = xlate("sysroot", "import", "bad", "--into", "root")
    assert done.returncode == 1
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "root").exists()


def test_cut_image(xlate: Xlate, tmp_path: Path) -> None:
    """A download that broke off leaves nothing behind."""
    whole = _tar(tmp_path / "whole.tar", [_member("a", b"x" * 50_000)]).read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[:20_000])
    done = xlate("sysroot", "import", "cut.tar", "--into", "root")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert not (tmp_path / "root").exists()


def test_existing_folder_is_kept(xlate: Xlate, tmp_path: Path) -> None:
    _tar(tmp_path / "rootfs.tar", ORDINARY)
    (tmp_path / "root").mkdir()
    (tmp_path / "root/mine").write_text("mine")
    done = xlate("sysroot", "import", "rootfs.tar", "--into", "root")
    assert done.returncode == 1
    assert "not empty" in done.stderr
    assert [path.name for path in (tmp_path / "root").iterdir()] == ["mine"]


KNOWN = [
    ("http://mirror/debian/", "bookworm", "main"),
    ("http://mirror/debian/", "bookworm-updates", "main"),
    ("http://mirror/debian-security/", "bookworm-security", "main"),
    ("http://other/x/", "nodistro", "main"),
]


def test_sources_of_a_suite() -> None:
    """The machine's lines of that suite; else its mirror; else the one given; else a refusal."""

    def lines(suite: getting.Suite, known: list[tuple[str, str, str]]) -> list[list[str]]:
        rows = getting.sources_list(suite, known).splitlines()
        return [[word for word in row.split() if not word.startswith("[")] for row in rows]

    assert lines(getting.Suite("bookworm"), KNOWN) == [["deb", *row] for row in KNOWN[:3]]
    mirror = ["deb", "http://mirror/debian/", "trixie", "main"]
    assert lines(getting.Suite("trixie"), KNOWN) == [mirror]
    given = getting.Suite("trixie", "http://given/debian")
    assert lines(given, KNOWN) == [["deb", "http://given/debian", "trixie", "main"]]
    with pytest.raises(MalformedInput, match="--mirror"):
        lines(getting.Suite("trixie"), KNOWN[3:])


@pytest.mark.parametrize("text", ["bookworm", "fedora:40", "debian:", "debian:../x", "debian:a b"])
def test_sources_that_are_none(xlate: Xlate, tmp_path: Path, text: str) -> None:
    done = xlate("sysroot", "get", text, "bash", "--into", "root")
    assert done.returncode == 1
    assert "debian:SUITE" in done.stderr
    assert not (tmp_path / "root").exists()


def test_get_and_run(xlate: Xlate, xlate_run: Path, tmp_path: Path) -> None:
    """A package with its libraries and loader comes, runs with -L, and is not fetched again."""
    wanted.needs("apt-get")
    done = xlate("sysroot", "get", "debian:bookworm", "libc6", "--into", "root")
    if done.returncode and ("Could not resolve" in done.stderr or "Failed" in done.stderr):
        wanted.missing("dash of armhf", done.stderr)
    assert done.returncode == 0, done.stderr
    assert "there is no /bin/sh: try --essential" in done.stdout
    done = xlate("sysroot", "get", "debian:bookworm", "dash", "--into", "root")
    assert "there is no /bin/sh" not in done.stdout
    root = tmp_path / "root"
    assert "localhost" in (root / "etc/hosts").read_text()
    record = json.loads((root / ".xlate/packages.json").read_text())
    assert {"dash", "libc6"} <= set(record)
    assert all(len(about["sha256"]) == 64 for about in record.values())
    assert (root / "bin").is_symlink()
    ran = subprocess.run(
        [xlate_run, "-L", root, root / "bin/dash", "-c", "echo $((6 * 7))"],
        env={"XLATE_CACHE": "off"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.stdout, ran.stderr) == ("42\n", "")
    again = xlate("sysroot", "get", "debian:bookworm", "dash", "--into", "root")
    assert "everything is there already" in again.stdout
    missing = xlate("sysroot", "get", "debian:bookworm", "no-such-package", "--into", "root")
    assert missing.returncode == 1
    assert "Unable to locate package no-such-package" in missing.stderr
