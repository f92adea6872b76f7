"""Builds a userland of musl, for 32-bit ARM and for this machine, out of Debian's source packages.

Both roots come from the same sources, as their authors released them, compiled by gcc against
Debian's own musl: so they differ in nothing but the machine. What is built, and how, stands in
``corpus/debian/musl.toml``. gcc is told about musl by the specs file of Debian's musl-dev, with its
paths moved into the folder the packages are unpacked in; nothing is installed. A source that has
been built, from the archive and by the script, compiler and variables of now, is not built again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xlate.errors import Unsupported
from xlate.sysroot import apt, basics, get
from xlate.tools import debian_run as debian

PLAN = debian.CHECKOUT / "corpus" / "debian" / "musl.toml"
WORK = debian.TREES / "musl-work"
SOURCES = WORK / "sources"
PACKAGES = ("musl", "musl-dev", "linux-libc-dev")
FOLDERS = (
    "bin",
    "dev",
    "etc",
    "lib",
    "proc",
    "sbin",
    "sys",
    "tmp",
    "usr/bin",
    "usr/lib",
    "usr/sbin",
)
LOG_LINES = 12


@dataclass(frozen=True)
class Machine:
    """One of the two builds: Debian's name, triples of musl and of gcc, the root's name."""

    debian: str
    musl: str
    gnu: str
    root: str
    cross: str  # prefix of gcc and binutils

    @property
    def packages(self) -> Path:
        """Where the unpacked packages of this machine lie."""
        return WORK / self.debian / "root"

    @property
    def compiler(self) -> Path:
        """The command that compiles for musl on this machine."""
        return WORK / f"cc-{self.debian}"


GUEST = Machine(
    "armhf", "arm-linux-musleabihf", "arm-linux-gnueabihf", "musl", "arm-linux-gnueabihf-"
)
HOST = Machine("amd64", "x86_64-linux-musl", "x86_64-linux-gnu", "musl-amd64", "")
WORLD = debian.World(
    GUEST.root, "A userland of musl, built here (see corpus/debian/musl.toml)", HOST.root
)


@dataclass(frozen=True)
class Source:
    """A source package and the script that builds it."""

    name: str
    build: str

    def mark(self, machine: Machine) -> str:
        """Return what stands for all that a build is made of; nothing without the archive."""
        archive = get.archive(SOURCES, self.name)
        if archive is None:
            return ""
        compiler = apt.run([f"{machine.cross}gcc", "--version"])
        packages = machine.packages.parent / "root.json"  # which musl it compiles against
        musl = packages.read_text() if packages.is_file() else ""
        parts = (self.build, compiler, musl, json.dumps(_variables(machine)))
        digest = hashlib.sha256("\0".join(parts).encode())
        digest.update(archive.read_bytes())
        return digest.hexdigest()[:16]


def load() -> debian.Plan:
    """Return the cases of the file, with those it shares with Debian's."""
    own = debian.load(PLAN)
    data = _data()
    others = {case.name: case for case in debian.load().cases}
    shared = tuple(others[name] for name in data["shared"])
    return debian.Plan(own.always, own.also, own.files, (*shared, *own.cases))


def sources() -> list[Source]:
    """Return what is built, in order."""
    return [Source(row["name"], row["build"].strip()) for row in _data()["source"]]


def versions() -> dict[str, dict[str, str]]:
    """Return the version of each source that was fetched, in the form of a tree's packages."""
    found = {source.name: get.archive(SOURCES, source.name) for source in sources()}
    return {
        name: {"version": path.name.partition("_")[2].partition(".orig.")[0]}
        for name, path in found.items()
        if path is not None
    }


def _data() -> dict[str, Any]:
    return tomllib.loads(PLAN.read_text(encoding="utf-8"))


def make(announce: apt.Announce, names: Collection[str] | None = None) -> None:
    """Build what the two roots lack: all, or the named sources.

    Raises XlateError where a tool is missing, a package cannot be fetched or a build fails.
    """
    wanted = [source for source in sources() if names is None or source.name in names]
    for machine in (GUEST, HOST):
        _need(f"{machine.cross}gcc", "make")
        missing = [source for source in wanted if not _is_built(machine, source)]
        if not missing:
            continue
        apt.fetch(PACKAGES, machine.debian, WORK / machine.debian, announce=announce)
        _lay_out(machine)
        _write_compiler(machine)
        tarballs = debian.sources(SOURCES, [source.name for source in missing], announce)
        for source in missing:
            announce(f"building {source.name} with musl for {machine.debian} ...")
            _build(machine, source, tarballs[source.name])


def _need(*tools: str) -> None:
    for tool in tools:
        if shutil.which(tool) is None:
            advice = "apt install gcc-arm-linux-gnueabihf make"
            raise Unsupported("musl's userland", "", f"{tool} is not here", advice=advice)


def _is_built(machine: Machine, source: Source) -> bool:
    mark = WORK / f"built-{machine.debian}-{source.name}"
    return mark.is_file() and mark.read_text() == source.mark(machine) != ""


def _lay_out(machine: Machine) -> None:
    """Make the root's folders, with musl's dynamic loader, which is its libc too."""
    root = debian.TREES / machine.root
    for name in FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    basics.write(root)
    loader = next((machine.packages / "lib").glob("ld-musl-*.so.1"))
    shutil.copy(machine.packages / "lib" / machine.musl / "libc.so", root / "lib" / loader.name)


def _write_compiler(machine: Machine) -> None:
    """Write the specs for unpacked packages, and a command that uses them."""
    packages, triple = machine.packages, machine.musl
    text = (packages / "usr/lib" / triple / "musl-gcc.specs").read_text()
    # The shared libc lies in /lib; in /usr/lib is only the archive, which must not win.
    text = text.replace(f"-L/usr/lib/{triple}", f"-L{packages}/lib/{triple} -L /usr/lib/{triple}")
    text = text.replace(" /usr/", f" {packages}/usr/").replace("-L ", "-L")
    specs = machine.compiler.with_suffix(".specs")
    specs.write_text(text)
    kernel = f"-idirafter {packages}/usr/include -idirafter {packages}/usr/include/{machine.gnu}"
    machine.compiler.write_text(
        f'#!/bin/sh\nexec {machine.cross}gcc -specs {specs} "$@" {kernel}\n'
    )
    machine.compiler.chmod(0o755)


def _build(machine: Machine, source: Source, tarball: Path) -> None:
    """Unpack a source, build it and put it into the root; note that it was done."""
    folder = WORK / f"build-{machine.debian}" / source.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    apt.run(["tar", "-x", "--strip-components=1", "-f", str(tarball)], folder=folder)
    done = subprocess.run(
        ["/bin/sh", "-ec", source.build],
        cwd=folder,
        env={**os.environ, **_variables(machine)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    (folder.parent / f"{source.name}.log").write_text(done.stdout)
    if done.returncode:
        said = "\n".join(done.stdout.splitlines()[-LOG_LINES:])
        raise Unsupported(f"{source.name} for {machine.debian}", "", f"is not built:\n{said}")
    shutil.rmtree(folder)
    (WORK / f"built-{machine.debian}-{source.name}").write_text(source.mark(machine))


def _variables(machine: Machine) -> Mapping[str, str]:
    return {
        "CC": str(machine.compiler),
        "AR": f"{machine.cross}ar",
        "CROSS": machine.cross,
        "HOST": machine.gnu,
        "DEST": str(debian.TREES / machine.root),
        "LC_ALL": "C",
    }
