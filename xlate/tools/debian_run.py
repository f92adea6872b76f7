"""Runs invocations of Debian programs natively and as guests, and says where the two differ.

``corpus/debian/cases.toml`` lists the invocations. Two root folders hold the same packages of one
suite, for amd64 and for armhf; packages are unpacked, not configured, so both lack the same things.
A case runs twice in a folder made anew at one and the same path: natively, chrooted with /proc and
the host's /sys, /dev and /tmp, and by ``xlate-run --root``; each time in a process namespace of its
own, so that whatever it leaves behind ends with it. What is compared is standard output, standard
error and exit status. Differences that are legitimate (a machine's name, the width of a pointer)
are masked by the case itself, with a reason. A case that shows nothing natively, since a program is
missing or does not end, is a difference too, however alike the guest fails.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xlate.errors import Inconsistent
from xlate.sysroot import apt, get

CHECKOUT = Path(__file__).resolve().parents[2]
CASES = CHECKOUT / "corpus" / "debian" / "cases.toml"
TREES = CHECKOUT / "build" / "debian"
SUITE = "bookworm"
NATIVE = "amd64"
SECONDS = 60.0
TIMED_OUT = -1000
NOT_STARTED = (126, 127)  # the statuses of a shell that cannot start a program
NOT_FOUND = re.compile(r"^/bin/sh: \d+: (.*): not found$", re.MULTILINE)

# The first process of a namespace gets no default signals, so a shell is that one. What it says of
# a signal that ended the words behind it is not theirs.
FIRST_PROCESS = 'exec 3>&2 2>/dev/null; (exec "$@" 2>&3 3>&-); exit $?'
# The host's folders are the guest's too; the same list as xlate-run's --root has.
ENTER = """
for name in proc sys dev tmp; do
	mkdir -p "$0/$name" && mount --rbind "/$name" "$0/$name" || exit 125
done
exec chroot "$0" "$@"
"""
IN_FOLDER = ("/bin/sh", "-c", 'cd "$0" && exec "$@"')


@dataclass(frozen=True)
class World:
    """A userland that programs come from: its root's name below TREES, and what it is called."""

    name: str
    title: str
    native: str = NATIVE  # the root whose programs are run natively beside it
    tree: str = ""  # the root's name, where it is another

    @property
    def root(self) -> Path:
        """The guest's root folder."""
        return TREES / (self.tree or self.name)

    @property
    def native_root(self) -> Path:
        """The root folder of the programs it is compared with."""
        return TREES / self.native


ARMHF = World("armhf", "Debian for armhf")
ARMEL = World("armel", "Debian for armel, which passes floating point in integer registers")


@dataclass(frozen=True)
class Mask:
    """Text that may differ: a pattern, what stands for it on both sides, and why."""

    pattern: str
    by: str
    why: str


@dataclass(frozen=True)
class Case:
    """One invocation: words or a script for /bin/sh, and what is known of it."""

    name: str
    package: str
    words: tuple[str, ...]
    stdin: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    masks: tuple[Mask, ...] = ()
    seconds: float = SECONDS
    differs: str = ""
    quick: bool = False
    armel: bool = False
    missing: tuple[str, ...] = ()
    status: int | None = None


@dataclass(frozen=True)
class Result:
    """What a run shows: output, errors, exit status (a shell's: a signal counts from 128)."""

    stdout: str
    stderr: str
    status: int

    def masked(self, masks: Sequence[Mask]) -> Result:
        """Return the same with what may differ replaced."""
        out, err = self.stdout, self.stderr
        for mask in masks:
            out = re.sub(mask.pattern, mask.by, out)
            err = re.sub(mask.pattern, mask.by, err)
        return Result(out, err, self.status)


def _case(row: Mapping[str, Any]) -> Case:
    """Return the case that a row of the file describes."""
    run = row["run"]
    return Case(
        name=row["name"],
        package=row["package"],
        words=("/bin/sh", "-c", run) if isinstance(run, str) else tuple(run),
        stdin=row.get("stdin", ""),
        files=row.get("files", {}),
        masks=tuple(Mask(*mask) for mask in row.get("mask", [])),
        seconds=float(row.get("seconds", SECONDS)),
        differs=row.get("differs", ""),
        quick=row.get("quick", False),
        armel=row.get("armel", False),
        missing=tuple(row.get("missing", ())),
        status=row.get("status"),
    )


@dataclass(frozen=True)
class Plan:
    """The whole file: packages that all and that some cases need, common files, cases."""

    always: tuple[str, ...]
    also: tuple[str, ...]
    files: Mapping[str, str]
    cases: tuple[Case, ...]

    def packages(self, cases: Sequence[Case], *, alone: bool = False) -> list[str]:
        """Return what must be in the trees for some cases; ``alone`` leaves out what few need."""
        also = self.always if alone else (*self.always, *self.also)
        return sorted({*also, *(case.package for case in cases)})


def load(path: Path = CASES) -> Plan:
    """Return what a file of cases says."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    cases = tuple(_case(row) for row in data["case"])
    names = [case.name for case in cases]
    if twice := {name for name in names if names.count(name) > 1}:
        raise Inconsistent(f"{path.name}: names used twice: {', '.join(sorted(twice))}")
    return Plan(tuple(data["always"]), tuple(data["also"]), data["files"], cases)


def main_mirror() -> str:
    """Return where the machine takes the suite itself from, without updates.

    Both architectures must have the same versions, and mirrors of updates need not agree.
    """
    listing = apt.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)"]
    )
    found = [row[0] for row in get.known_sources(listing) if row[1] == SUITE]
    return found[0] if found else ""


def commit() -> str:
    """Return the commit of the checkout that runs, for the pages."""
    words = ["git", "-C", str(CHECKOUT), "rev-parse", "--short", "HEAD"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def packages_in(tree: Path) -> dict[str, dict[str, str]]:
    """Return the packages a tree holds, with their versions."""
    record = tree / get.STATE / get.RECORD
    found: dict[str, dict[str, str]] = json.loads(record.read_text()) if record.is_file() else {}
    return found


def make_trees(
    packages: Sequence[str],
    announce: apt.Announce,
    folder: Path = TREES,
    guest: str = ARMHF.name,
) -> None:
    """Fetch the packages that the trees lack, for the guest's architecture and the host's."""
    for architecture in (guest, NATIVE):
        tree = folder / architecture
        missing = [name for name in packages if name not in packages_in(tree)]
        if missing:
            announce(f"fetching for {architecture}: {' '.join(missing)}")
            suite = get.Suite(SUITE, main_mirror())
            get.get(tree, suite, missing, architecture, announce=announce)


def sources(folder: Path, names: Sequence[str], announce: apt.Announce) -> dict[str, Path]:
    """Return the archives of the suite's source packages; fetch those that the folder lacks."""
    there = all(get.archive(folder, name) for name in names)
    suite = get.Suite(SUITE, "" if there else main_mirror())  # apt is asked only for what lacks
    return get.sources(folder, suite, names, announce)


def alone() -> list[str]:
    """Return the words that run a command in process and mount namespaces that end with it."""
    own_user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    own = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    return ["unshare", *own_user, *own, "/bin/sh", "-c", FIRST_PROCESS, "sh"]


def native_words(tree: Path) -> list[str]:
    """Return the words that run a program of a tree for this machine with that as its root."""
    return [*alone(), "/bin/sh", "-c", ENTER, str(tree)]


def guest_words(xlate_run: Path, tree: Path, options: Sequence[str] = ()) -> list[str]:
    """Return the words that run a program of a guest's tree with that as its root."""
    return [*alone(), str(xlate_run), *options, "--root", str(tree)]


class Bench:
    """The folder that runs take turns in."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        """Remember the folder and what is to be in it."""
        self._plan = plan
        self.folder = folder
        self._environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC0",
        }

    def _fill(self, case: Case) -> None:
        if self.folder.exists():
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True)
        for name, text in {**self._plan.files, **case.files}.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def run(
        self, before: Sequence[str], case: Case, variables: Mapping[str, str] | None = None
    ) -> Result:
        """Run a case in a fresh folder, behind some words; end all of it when time is over."""
        self._fill(case)
        with subprocess.Popen(
            [*before, *IN_FOLDER, str(self.folder), *case.words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**self._environment, **(variables or {})},
            start_new_session=True,
        ) as process:
            try:
                out, err = process.communicate(case.stdin.encode(), timeout=case.seconds)
                status = process.returncode
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                out, err = process.communicate()
                status = TIMED_OUT
        return Result(
            out.decode(errors="backslashreplace"), err.decode(errors="backslashreplace"), status
        )


def difference(case: Case, native: Result, guest: Result) -> str:
    """Return the first difference in a line, or nothing where there is none."""
    if unusable := _shows_nothing(case, native):
        return f"natively {unusable}"
    native, guest = native.masked(case.masks), guest.masked(case.masks)
    if guest.status == TIMED_OUT:
        return f"no end within {case.seconds:g} s"
    if native.status != guest.status:
        return f"status {guest.status}, not {native.status}: {_last(guest.stderr)}"
    for what in ("stdout", "stderr"):
        ours, theirs = getattr(guest, what).splitlines(), getattr(native, what).splitlines()
        if getattr(guest, what) != getattr(native, what):
            return f"{what}: {_first(ours, theirs)}"
    return ""


def _shows_nothing(case: Case, native: Result) -> str:
    """Return why a native run is nothing to compare with, or nothing where it is."""
    if native.status == TIMED_OUT:
        return f"no end within {case.seconds:g} s"
    absent = [name for name in NOT_FOUND.findall(native.stderr) if name not in case.missing]
    if absent:
        return f"{absent[0]}: not found"
    if native.status in NOT_STARTED and native.status != case.status:
        return f"status {native.status}: {_last(native.stderr)}"
    return ""


def _last(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1][:160] if lines else "(nothing on standard error)"


def _first(ours: Sequence[str], theirs: Sequence[str]) -> str:
    """Return the first line in which two outputs differ."""
    length = max(len(ours), len(theirs))
    for at in range(length):
        mine = ours[at] if at < len(ours) else "(end)"
        other = theirs[at] if at < len(theirs) else "(end)"
        if mine != other:
            return f"line {at + 1} is {mine[:120]!r}, not {other[:120]!r}"
    return "ends of lines"
