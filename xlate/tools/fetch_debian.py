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
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from xlate.errors import Unsupported, XlateError

Announce = Callable[[str], None]
Record = dict[str, dict[str, str]]

# Settings of the machine that say how and from where to fetch, and whom to trust.
KEPT_SETTINGS = ("Acquire::", "Dir::Etc::source", "Dir::Etc::trusted")


class FetchFailed(XlateError):
    """apt could not give a package; the message carries its last words."""


def _run(
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


def _configuration(state: Path, architecture: str) -> str:
    """Return an apt.conf that keeps apt inside its private folder."""
    dump = _run(["apt-config", "dump"])
    kept = [line for line in dump.splitlines() if line.startswith(KEPT_SETTINGS)]
    private = {
        "APT::Architecture": architecture,
        "APT::Architectures": architecture,
        # Root must not hand the download to a user who cannot write here.
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        # The lock of this file covers all of apt's; see _only_user.
        "Debug::NoLocking": "1",
        "Dir::State": f"{state}/state",
        "Dir::State::status": f"{state}/status",
        "Dir::Cache": f"{state}/cache",
        "Dir::Log": f"{state}/log",
        "Dir::Etc::main": "/dev/null",
        "Dir::Etc::parts": f"{state}/no-parts",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": f"{state}/no-parts",
    }
    return "\n".join([*kept, *(f'{name} "{value}";' for name, value in private.items()), ""])


def _private_apt(state: Path, architecture: str) -> dict[str, str]:
    """Lay out the state folder and return the environment that makes apt use it."""
    for part in ("state/lists/partial", "cache/archives/partial", "log", "no-parts"):
        (state / part).mkdir(parents=True, exist_ok=True)
    (state / "status").touch()
    configuration = state / "apt.conf"
    configuration.write_text(_configuration(state, architecture))
    return {"APT_CONFIG": str(configuration)}


@contextmanager
def _only_user(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read_record(folder: Path) -> Record:
    path = folder / "root.json"
    record: Record = json.loads(path.read_text()) if path.is_file() else {}
    return record


def _download(
    packages: Sequence[str],
    folder: Path,
    environment: dict[str, str],
    *,
    depends: bool,
    announce: Announce,
) -> list[Path]:
    """Let apt fetch the packages and check them; return the files."""
    try:
        _run(["apt-get", "update", "-q"], environment)
    except FetchFailed as error:
        # One stale mirror must not stop a package that another list offers; apt itself never uses
        # a list whose signature or hash is wrong.
        reason = textwrap.shorten(str(error), 160, placeholder=" ...")
        announce(f"xlate: apt could not refresh every list and goes on with the others: {reason}")
    archives = folder / "apt" / "cache" / "archives"
    _run(["apt-get", "clean"], environment)
    if depends:
        how = ["install", "-q", "-y", "--download-only", "--no-install-recommends"]
        _run(["apt-get", *how, *packages], environment)
    else:
        # `install` insists on a package's dependencies, `download` does not ask for them.
        _run(["apt-get", "download", "-q", *packages], environment, folder=archives)
    return sorted(archives.glob("*.deb"))


def _unpack(deb: Path, folder: Path) -> tuple[str, dict[str, str]]:
    """Unpack one package into root/, keep the file in debs/, and return its record."""
    _run(["dpkg-deb", "-x", str(deb), str(folder / "root")])
    name, version, architecture = (
        _run(["dpkg-deb", "-f", str(deb), field]).strip()
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
    with _only_user(folder):
        record = _read_record(folder)
        wanted = [package for package in packages if package not in record]
        if not wanted:
            return root
        for tool in ("apt-get", "apt-config", "dpkg-deb"):
            if shutil.which(tool) is None:
                raise Unsupported(
                    f"cannot fetch {' '.join(wanted)}",
                    "",
                    f"{tool} is not here",
                    advice="a Debian or Ubuntu machine",
                )
        announce(f"xlate: fetching {' '.join(wanted)} ({architecture}) into {folder} ...")
        environment = _private_apt(folder / "apt", architecture)
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


@click.command()
@click.option("--arch", default="armhf", show_default=True, help="Debian's name of it.")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to fill.  [default: build/guest/ARCH]",
)
@click.option("--depends", is_flag=True, help="Fetch what the packages depend on, too.")
@click.argument("packages", nargs=-1, required=True)
def main(arch: str, into: Path | None, packages: tuple[str, ...], *, depends: bool) -> None:
    r"""Put Debian PACKAGES into a folder, with a private apt state; print where their files are.

    \b
    Examples:
      python -m xlate.tools.fetch_debian busybox-static
      python -m xlate.tools.fetch_debian --arch armhf --depends --into /tmp/root dash
    """
    folder = into or Path("build") / "guest" / arch
    try:
        click.echo(fetch(packages, arch, folder, depends=depends, announce=_say))
    except XlateError as error:
        click.echo(f"fetch_debian: {error}", err=True)
        sys.exit(1)


def _say(line: str) -> None:
    click.echo(line, err=True)


if __name__ == "__main__":
    main()
