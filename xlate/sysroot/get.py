"""Makes or extends a root folder from a Debian suite, without root and without touching the system.

apt chooses, fetches and checks (``xlate.sysroot.apt``); its package state is that of the folder
itself (``var/lib/dpkg/status``), so a second call fetches only what is new, and the guest's own
dpkg can list what is there. Sources are the machine's where it knows the suite; else its Debian
mirror, or the one that is given, is asked for the suite. Packages are unpacked, not configured: no
maintainer script runs; users, hosts and the like are written by ``xlate.sysroot.basics``. Where
/bin and its kin are new they are links into /usr, as in Debian.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from xlate.errors import MalformedInput
from xlate.sysroot import apt, basics

#: What happens now, and how far it is in per cent.
Progress = Callable[[str, float], None]

STATE = ".xlate"
RECORD = "packages.json"
MERGED = ("bin", "sbin", "lib")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
#: apt's pattern for packages that Debian is never without and that none depends on.
ESSENTIAL = "?essential"
INSTALLED = "Status: install ok installed"

_STEP = re.compile(r"dlstatus:\d+:(?P<percent>[\d.]+):(?P<text>.*)")
_TARGET = "$(REPO_URI) $(RELEASE) $(COMPONENT)"


@dataclass(frozen=True)
class Suite:
    """A Debian suite as users write it: ``debian:bookworm``."""

    name: str
    mirror: str = ""

    @classmethod
    def parse(cls, text: str, mirror: str = "") -> Suite:
        """Return the suite that ``debian:NAME`` names."""
        distribution, _, name = text.partition(":")
        if distribution != "debian" or not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", name):
            raise MalformedInput(text, "not a source", advice="debian:SUITE, as debian:bookworm")
        return cls(name, mirror)


@dataclass(frozen=True)
class Outcome:
    """What a call has brought: names of new packages, all that are there, bytes fetched."""

    new: tuple[str, ...]
    count: int
    fetched: int


def known_sources(listing: str) -> list[tuple[str, str, str]]:
    """Return (address, suite, component) of the lines that apt lists its sources in."""
    rows = [tuple(line.split()) for line in listing.splitlines()]
    return sorted({(row[0], row[1], row[2]) for row in rows if len(row) == 3})


def sources_list(suite: Suite, known: Sequence[tuple[str, str, str]]) -> str:
    """Return apt's source lines for a suite, from a mirror or what the machine knows."""
    signed = f" [signed-by={KEYRING}]" if KEYRING.is_file() else ""
    if suite.mirror:
        return f"deb{signed} {suite.mirror} {suite.name} main\n"
    names = (suite.name, f"{suite.name}-updates", f"{suite.name}-security")
    rows = [row for row in known if row[1] in names]
    if not any(row[1] == suite.name for row in rows):
        # Another suite of the same archive: whatever the machine takes its own main suite from.
        mirrors = [row[0] for row in known if "debian" in row[0] and "-" not in row[1]]
        if not mirrors:
            raise MalformedInput(
                f"debian:{suite.name}", "this machine knows no mirror", advice="--mirror URL"
            )
        rows = [(mirrors[0], suite.name, "main")]
    return "".join(f"deb{signed} {' '.join(row)}\n" for row in rows)


def _lay_out(root: Path) -> None:
    """Make the folder, with /bin and its kin as links where nothing is there yet."""
    for name in MERGED:
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            (root / name).symlink_to(Path("usr") / name)
    (root / "var/lib/dpkg").mkdir(parents=True, exist_ok=True)
    (root / "var/lib/dpkg/status").touch()
    (root / STATE).mkdir(exist_ok=True)


def _environment(
    state: Path,
    suite: Suite,
    architecture: str,
    kind: str = "deb",
    other: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the environment of an apt that knows this suite; ``deb-src`` is for its sources."""
    state = state.resolve()
    known = known_sources(apt.run(["apt-get", "indextargets", "--format", _TARGET]))
    listed = state / "sources.list"
    state.mkdir(parents=True, exist_ok=True)
    listed.write_text(re.sub("^deb", kind, sources_list(suite, known), flags=re.MULTILINE))
    lists = {"Dir::Etc::sourcelist": str(listed), "Dir::Etc::sourceparts": f"{state}/no-parts"}
    return apt.private_apt(state, architecture, {**lists, **(other or {})})


def _watched(command: list[str], environment: dict[str, str], progress: Progress) -> None:
    """Run apt-get and pass on what it says of its progress; raise with its errors."""
    reader, writer = os.pipe()
    # Errors go to a file: into a pipe they might not fit while only the progress is read.
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        with subprocess.Popen(
            [*command, "-o", f"APT::Status-Fd={writer}"],
            env={**os.environ, **environment, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            pass_fds=[writer],
        ) as process:
            os.close(writer)
            with os.fdopen(reader, encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    if found := _STEP.match(line):
                        progress(found["text"].strip(), float(found["percent"]))
        errors.seek(0)
        said = errors.read()
    if process.returncode:
        told = [line for line in said.splitlines() if line.startswith("E:")]
        raise apt.FetchFailed(f"{command[0]} {command[1]}: {' '.join(told) or said.strip()}")


def _unpack(deb: Path, root: Path) -> tuple[str, dict[str, str]]:
    """Unpack a package into the root, note it as installed, and return its record."""
    # As a tar stream, since dpkg-deb -x would replace the links that /bin and its kin are.
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE) as tar:
        done = subprocess.run(
            ["tar", "-x", "-p", "--no-same-owner", "--keep-directory-symlink", "-C", str(root)],
            stdin=tar.stdout,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode or tar.returncode:
        raise apt.FetchFailed(f"{deb.name}: cannot be unpacked ({done.stderr.strip()})")
    control = apt.run(["dpkg-deb", "-f", str(deb)])
    fields = dict(re.findall(r"^(Package|Version|Architecture): (.*)$", control, re.MULTILINE))
    with (root / "var/lib/dpkg/status").open("a", encoding="utf-8") as status:
        first, _, rest = control.strip().partition("\n")
        status.write(f"{first}\n{INSTALLED}\n{rest}\n\n")
    digest = hashlib.sha256(deb.read_bytes()).hexdigest()
    about = {"version": fields["Version"], "architecture": fields["Architecture"]}
    return fields["Package"], {**about, "sha256": digest}


def _install(
    root: Path,
    suite: Suite,
    packages: Sequence[str],
    architecture: str,
    progress: Progress,
    announce: apt.Announce,
) -> list[Path]:
    """Let apt fetch the packages and what they depend on; return the files."""
    own = {"Dir::State::status": str(root.resolve() / "var/lib/dpkg/status")}
    environment = _environment(root / STATE / "apt", suite, architecture, other=own)
    archives = root / STATE / "apt/cache/archives"
    for left in archives.glob("*.deb"):
        left.unlink()
    with apt.stale_lists_may_do(announce):
        _watched(["apt-get", "update", "-q"], environment, progress)
    how = ["install", "-q", "-y", "--download-only", "--no-install-recommends"]
    _watched(["apt-get", *how, *packages], environment, progress)
    return sorted(archives.glob("*.deb"))


def archive(folder: Path, name: str) -> Path | None:
    """Return what the authors of a source package released, or None where it is not fetched."""
    found = sorted(folder.glob(f"{name}_*.orig.tar.*"))
    return next((path for path in reversed(found) if path.suffix != ".asc"), None)


def sources(
    folder: Path,
    suite: Suite,
    names: Sequence[str],
    announce: apt.Announce = lambda _line: None,
) -> dict[str, Path]:
    """Return the archives of source packages of a suite; fetch those that the folder lacks."""
    folder.mkdir(parents=True, exist_ok=True)
    with apt.only_user(folder):
        missing = [name for name in names if archive(folder, name) is None]
        if missing:
            apt.need_tools(missing)
            announce(f"fetching sources: {' '.join(missing)}")
            # Sources are the same for all; apt wants the name of some architecture.
            environment = _environment(folder / "apt", suite, "amd64", "deb-src")
            with apt.stale_lists_may_do(announce):
                apt.run(["apt-get", "update", "-q"], environment)
            words = ["apt-get", "source", "-q", "--download-only", "--tar-only", *missing]
            apt.run(words, environment, folder=folder)
    found = {name: archive(folder, name) for name in names}
    if absent := [name for name, path in found.items() if path is None]:
        raise apt.FetchFailed(f"apt-get source: brought no archive of {', '.join(absent)}")
    return {name: path for name, path in found.items() if path is not None}


def get(
    root: Path,
    suite: Suite,
    packages: Sequence[str],
    architecture: str,
    progress: Progress = lambda _text, _percent: None,
    announce: apt.Announce = lambda _line: None,
) -> Outcome:
    """Put packages of a suite, and what they depend on, into a root folder."""
    apt.need_tools(packages)
    _lay_out(root)
    with apt.only_user(root / STATE):
        path = root / STATE / RECORD
        record = json.loads(path.read_text()) if path.is_file() else {}
        debs = _install(root, suite, packages, architecture, progress, announce)
        fetched = sum(deb.stat().st_size for deb in debs)
        new = []
        for index, deb in enumerate(debs):
            progress(f"unpacking {deb.name}", 100 * index / len(debs))
            name, about = _unpack(deb, root)
            record[name] = about
            new.append(name)
            deb.unlink()
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")
        fresh.replace(path)
        basics.write(root)
    return Outcome(tuple(new), len(record), fetched)
