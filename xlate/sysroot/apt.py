"""Puts named Debian packages of another architecture into a folder, changing nothing on the system.

apt does the work: lists, signatures, versions and downloads are its business, with the sources
and keyrings this machine is configured with. Only its state is private: status file, lists,
caches and the configuration stand in the given folder, so no root is needed and ``dpkg
--add-architecture`` is not either. Of the machine's settings those that say how to fetch are
taken over; its hooks are not, since they may tidy the real cache. Nothing is installed: no
maintainer script runs.

Folder layout: ``apt/`` (apt's state), ``debs/`` (the packages), ``root/`` (their unpacked
files, good as a sysroot), ``root.json`` (which packages those are). What is recorded there is
not fetched again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from xlate.errors import Unsupported, XlateError

Announce = Callable[[str], None]
Record = dict[str, dict[str, str]]

# Settings of the machine that say how and from where to fetch, and whom to trust.
KEPT_SETTINGS = ("Acquire::", "Dir::Etc::source", "Dir::Etc::trusted")


class FetchFailed(XlateError):
    """apt could not give a package; the message carries its last words."""


def run(
    command: Sequence[str],
    environment: dict[str, str] | None = None,
    folder: Path | None = None,
) -> str:
    """Run a tool with plain English output; return what it printed or raise with its errors."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(environment or {}), "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        said = [line for line in (done.stderr + done.stdout).splitlines() if line.startswith("E:")]
        words = " ".join(said) or (done.stderr or done.stdout).strip()
        raise FetchFailed(f"{Path(command[0]).name} {command[1]}: {words}")
    return done.stdout


def _configuration(state: Path, architecture: str, other: Mapping[str, str]) -> str:
    """Return an apt.conf that keeps apt inside its private folder."""
    dump = run(["apt-config", "dump"])
    kept = [line for line in dump.splitlines() if line.startswith(KEPT_SETTINGS)]
    private = {
        "APT::Architecture": architecture,
        "APT::Architectures": architecture,
        # Root must not hand the download to a user who cannot write here.
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        # The lock of this file covers all of apt's; see only_user.
        "Debug::NoLocking": "1",
        "Dir::State": f"{state}/state",
        "Dir::State::status": f"{state}/status",
        "Dir::Cache": f"{state}/cache",
        "Dir::Cache::pkgcache": "",
        "Dir::Cache::srcpkgcache": "",
        "Dir::Log": f"{state}/log",
        "Dir::Etc::main": "/dev/null",
        "Dir::Etc::parts": f"{state}/no-parts",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": f"{state}/no-parts",
        **other,
    }
    return "\n".join([*kept, *(f'{name} "{value}";' for name, value in private.items()), ""])


def private_apt(
    state: Path, architecture: str, other: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Lay out the state folder and return the environment that makes apt use it.

    ``other`` are settings that outweigh the usual ones.
    """
    for part in ("state/lists/partial", "cache/archives/partial", "log", "no-parts"):
        (state / part).mkdir(parents=True, exist_ok=True)
    (state / "status").touch()
    configuration = state / "apt.conf"
    configuration.write_text(_configuration(state, architecture, other or {}))
    return {"APT_CONFIG": str(configuration)}


def need_tools(wanted: Sequence[str]) -> None:
    """Refuse where apt and dpkg are missing."""
    for tool in ("apt-get", "apt-config", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise Unsupported(
                f"cannot fetch {' '.join(wanted)}",
                "",
                f"{tool} is not here",
                advice="a Debian or Ubuntu machine",
            )


@contextmanager
def only_user(folder: Path) -> Iterator[None]:
    """Hold the folder's lock: other calls that fill it wait."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read_record(folder: Path) -> Record:
    path = folder / "root.json"
    record: Record = json.loads(path.read_text()) if path.is_file() else {}
    return record


@contextmanager
def stale_lists_may_do(announce: Announce) -> Iterator[None]:
    """Say that a list could not be refreshed, and go on.

    One stale mirror must not stop a package that another list offers; apt itself never uses a list
    whose signature or hash is wrong.
    """
    try:
        yield
    except FetchFailed as error:
        reason = textwrap.shorten(str(error), 160, placeholder=" ...")
        announce(f"xlate: apt could not refresh every list and goes on with the others: {reason}")


def _download(
    packages: Sequence[str],
    folder: Path,
    environment: dict[str, str],
    *,
    depends: bool,
    announce: Announce,
) -> list[Path]:
    """Let apt fetch the packages and check them; return the files."""
    with stale_lists_may_do(announce):
        run(["apt-get", "update", "-q"], environment)
    archives = folder / "apt" / "cache" / "archives"
    run(["apt-get", "clean"], environment)
    if depends:
        how = ["install", "-q", "-y", "--download-only", "--no-install-recommends"]
        run(["apt-get", *how, *packages], environment)
    else:
        # `install` insists on a package's dependencies, `download` does not ask for them.
        run(["apt-get", "download", "-q", *packages], environment, folder=archives)
    return sorted(archives.glob("*.deb"))


def _unpack(deb: Path, folder: Path) -> tuple[str, dict[str, str]]:
    """Unpack one package into root/, keep the file in debs/, and return its record."""
    run(["dpkg-deb", "-x", str(deb), str(folder / "root")])
    name, version, architecture = (
        run(["dpkg-deb", "-f", str(deb), field]).strip()
        for field in ("Package", "Version", "Architecture")
    )
    digest = hashlib.sha256(deb.read_bytes()).hexdigest()
    kept = folder / "debs" / deb.name
    shutil.move(deb, kept)
    return name, {"version": version, "architecture": architecture, "sha256": digest}


def fetch(
    packages: Sequence[str],
    architecture: str,
    folder: Path,
    *,
    depends: bool = False,
    announce: Announce = lambda _line: None,
) -> Path:
    """Return the folder that holds the unpacked files of the packages, fetching what is missing."""
    folder = folder.resolve()
    root = folder / "root"
    with only_user(folder):
        record = _read_record(folder)
        wanted = [package for package in packages if package not in record]
        if not wanted:
            return root
        need_tools(wanted)
        announce(f"xlate: fetching {' '.join(wanted)} ({architecture}) into {folder} ...")
        environment = private_apt(folder / "apt", architecture)
        for part in ("debs", "root"):
            (folder / part).mkdir(exist_ok=True)
        debs = _download(wanted, folder, environment, depends=depends, announce=announce)
        record.update(_unpack(deb, folder) for deb in debs)
        fresh = folder / "root.json.new"
        fresh.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")
        fresh.replace(folder / "root.json")
    return root


def program(root: Path, name: str) -> Path:
    """Return the path of a program inside an unpacked root."""
    for place in ("usr/bin", "bin", "usr/sbin", "sbin"):
        path = root / place / name
        if path.is_file():
            return path
    raise FetchFailed(f"{root}: holds no program named {name}")
