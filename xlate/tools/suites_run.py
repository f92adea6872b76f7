"""Runs units of the interpreters' test-suites natively and as guests; returns result by result.

Two roots of the same packages (``xlate.sysroot.get``), amd64's for the native way, armhf's for the
guest, both completed alike: users and hosts, and the cache of libraries, which each root's own
ldconfig writes. Each way has a work folder below /tmp, which is the guest's too, with the sources
whose tests are run. A unit runs in a process namespace of its own, so that whatever it leaves
behind ends with it. What became of every test is read from what the suite writes: a file of
records (Python), lines in the Test Anything Protocol (Perl), the status alone (Lua).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from xlate.errors import XlateError
from xlate.sysroot import apt, basics, get
from xlate.tools import debian_run as debian
from xlate.tools.suites_plan import RECORDER, Plan, Source, Unit

PLACE = debian.CHECKOUT / "build" / "suites"
NATIVE, GUEST = "native", "guest"
ARCHITECTURE = {NATIVE: "amd64", GUEST: "armhf"}
TRIPLET = {NATIVE: "x86_64-linux-gnu", GUEST: "arm-linux-gnueabihf"}
OK, SKIPPED, FAILED, ERROR, BEGUN, ABSENT = "ok", "skipped", "failed", "error", "begun", "absent"
SEVERITY = (BEGUN, OK, SKIPPED, FAILED, ERROR)
WHOLE = "(the whole)"


@dataclass(frozen=True)
class Result:
    """What became of one test, and its last words."""

    what: str
    says: str = ""


@dataclass
class Report:
    """What a run of a unit has shown; what it printed, unless that was read back."""

    results: dict[str, Result]
    status: int
    seconds: float
    log: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Way:
    """A way of running: the words before a unit's own, and its work folder."""

    name: str
    words: Sequence[str]
    folder: Path


def make_trees(plan: Plan, announce: apt.Announce) -> None:
    """Fetch what the two roots lack, and complete them."""
    for architecture in ARCHITECTURE.values():
        tree = PLACE / architecture
        wanted = [name for name in plan.packages if name not in debian.packages_in(tree)]
        if wanted:
            announce(f"fetching for {architecture}: {' '.join(wanted)} and essential packages")
            suite = get.Suite(debian.SUITE, debian.main_mirror())
            get.get(tree, suite, [*wanted, get.ESSENTIAL], architecture, announce=announce)
        basics.write(tree)


def fetch_sources(plan: Plan, announce: apt.Announce) -> None:
    """Fetch the archives of the sources whose tests are run."""
    names = sorted({one.package for one in plan.sources.values()})
    debian.sources(PLACE / "sources", names, announce)


def lay_out(way: Way, source: Source) -> Path:
    """Unpack a source into a work folder; return the folder that its tests run in."""
    archive = get.archive(PLACE / "sources", source.package)
    if archive is None:
        raise XlateError(f"{source.package}: the archive of its source is not there")
    top = way.folder / source.suite
    top.mkdir(parents=True)
    words = ["tar", "-x", "--no-same-owner", "--strip-components=1", "-C", str(top)]
    apt.run([*words, "-f", str(archive)])
    if source.package == "perl":
        _perl(way, top)
    return top / source.top


def _perl(way: Way, top: Path) -> None:
    """Put the installed perl and its modules where Perl's tests look for those just built."""
    (top / "t" / "perl").symlink_to("/usr/bin/perl")
    tree, lib = (PLACE / ARCHITECTURE[way.name]).resolve(), top / "lib"
    shutil.rmtree(lib)
    for place in ("lib/{}/perl-base", "lib/{}/perl/5.36", "share/perl/5.36"):
        modules = (tree / "usr" / place.format(TRIPLET[way.name])).resolve()
        for path in sorted(path for path in modules.rglob("*") if not path.is_dir()):
            link = lib / path.relative_to(modules)
            link.parent.mkdir(parents=True, exist_ok=True)
            if not os.path.lexists(link):
                link.symlink_to(Path("/") / path.relative_to(tree))


@contextmanager
def ways(xlate_run: Path, options: Sequence[str] = ()) -> Iterator[tuple[Way, Way]]:
    """Make the two ways, with work folders that are removed at the end."""
    top = Path(tempfile.mkdtemp(prefix="xlate-suites-", dir="/tmp"))
    top.chmod(0o755)
    native = debian.native_words(PLACE / ARCHITECTURE[NATIVE])
    guest = debian.guest_words(xlate_run, PLACE / ARCHITECTURE[GUEST], options)
    try:
        yield Way(NATIVE, native, top / NATIVE), Way(GUEST, guest, top / GUEST)
    finally:
        shutil.rmtree(top, ignore_errors=True)


def complete(way: Way) -> None:
    """Let a root's own ldconfig write its cache of libraries, as libc's maintainer script does."""
    done = subprocess.run(
        [*way.words, "/sbin/ldconfig"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise XlateError(f"ldconfig ({way.name}): status {done.returncode}: {done.stderr.strip()}")


def _environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC0",
        "PERL_CORE": "1",
        "XLATE_CACHE": "off",
    }


def run(unit: Unit, way: Way, place: Path) -> Report:
    """Run a unit in a folder; end all of it when its time is over."""
    start = time.monotonic()
    with subprocess.Popen(
        [*way.words, *debian.IN_FOLDER, str(place), *unit.words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=_environment(place),
        start_new_session=True,
    ) as process:
        try:
            out, _ = process.communicate(timeout=unit.seconds)
            status = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, _ = process.communicate()
            status = debian.TIMED_OUT
    log = out.decode(errors="backslashreplace")
    results = READERS[unit.suite](log, status, place)
    ended = Result(OK if status == 0 else ERROR, how(status))
    return Report({**results, WHOLE: ended}, status, time.monotonic() - start, log)


def how(status: int) -> str:
    """Return what a status says."""
    if status == debian.TIMED_OUT:
        return "no end"
    return f"signal {status - 128}" if status > 128 else f"status {status}"


@contextmanager
def python_folder(way: Way) -> Iterator[Path]:
    """Make a folder that a module of Python's tests may fill."""
    folder = way.folder / "python"
    folder.mkdir(parents=True)
    shutil.copy(RECORDER, folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def read_records(text: str) -> dict[str, Result]:
    """Return what the recorder wrote: for each test the worst that was said of it."""
    found: dict[str, Result] = {}
    for line in text.splitlines():
        about = json.loads(line)
        if "test" not in about:
            continue
        new = Result(about["what"], about["says"])
        old = found.get(about["test"], new)
        found[about["test"]] = max(old, new, key=lambda one: SEVERITY.index(one.what))
    return found


def _python(_log: str, _status: int, place: Path) -> dict[str, Result]:
    records = place / "results"
    return read_records(records.read_text(encoding="utf-8") if records.is_file() else "")


_TAP = re.compile(r"(?P<no>not )?ok\b *(?P<number>\d+)?(?P<rest>.*)")


def read_tap(log: str) -> dict[str, Result]:
    """Return what lines in the Test Anything Protocol say, by number."""
    found: dict[str, Result] = {}
    for line in log.splitlines():
        if not (match := _TAP.match(line)):
            continue
        rest = match["rest"].strip(" -")
        what = FAILED if match["no"] else OK
        if re.search(r"# *todo\b", rest, re.IGNORECASE):
            what = OK
        elif re.search(r"# *skip", rest, re.IGNORECASE):
            what = SKIPPED
        found[match["number"] or str(len(found) + 1)] = Result(what, rest)
    return found


def _tap(log: str, _status: int, _place: Path) -> dict[str, Result]:
    return read_tap(log)


def _by_status(log: str, status: int, _place: Path) -> dict[str, Result]:
    """Return the one result of a file that ends at the first check that fails."""
    last = log.strip().splitlines()[-1:]
    return {"the file": Result(FAILED, last[0][:200] if last else "") if status else Result(OK)}


READERS: Mapping[str, Callable[[str, int, Path], dict[str, Result]]] = {
    "python": _python,
    "perl": _tap,
    "perl-modules": _tap,
    "lua": _by_status,
    "lua-lpeg": _by_status,
}
