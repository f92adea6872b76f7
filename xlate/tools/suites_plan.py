"""Says which test-suites of Debian's interpreters are run, and how guest and native may differ.

``corpus/debian/suites.toml`` is read here into units: a unit is what one process runs, a module of
Python's tests, a file of Perl's or Lua's. A row of ``differs`` names tests of one unit (a pattern)
that give another result on armhf, and why; a row of ``leave`` names tests or whole units that are
run nowhere. Running is ``suites_run``'s business, judging and the page are ``suites_table``'s.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from xlate.errors import Inconsistent
from xlate.tools import debian_run as debian

SUITES = debian.CHECKOUT / "corpus" / "debian" / "suites.toml"
RECORDER = debian.CHECKOUT / "corpus" / "debian" / "record_python.py"
# Why results may differ: what a row's `from` can say.
SPEED = "speed"
CAUSES = {
    "32 bits": "pointers, longs and sizes of 32 bits",
    "armhf": "what Debian's armhf packages, or the architecture, do otherwise",
    SPEED: "limits of time that a busy machine misses; these need not differ every time",
    "xlate": "what xlate does otherwise, or not yet",
}


@dataclass(frozen=True)
class Unit:
    """What one process runs: its suite and name, words, limit."""

    suite: str
    name: str
    words: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Row:
    """Tests of a unit that differ on armhf: a pattern, what they give there, cause and reason."""

    unit: str
    test: str
    guest: str
    cause: str
    why: str

    def covers(self, unit: str, test: str, guest: str) -> bool:
        """Whether a test that gives this as a guest is meant."""
        same = fnmatchcase(unit, self.unit) and fnmatchcase(test, self.test)
        return same and self.guest in ("", guest)


@dataclass(frozen=True)
class Left:
    """Tests of a unit, or all of it, that are run nowhere, and why."""

    unit: str
    test: str
    why: str


@dataclass(frozen=True)
class Source:
    """A source package whose tests are run: which files below ``top``, by what words."""

    suite: str
    package: str
    top: str
    words: tuple[str, ...]
    files: tuple[str, ...]
    seconds: float

    def units(self, top: Path, left: Sequence[Left]) -> list[Unit]:
        """Return a unit for each file that is there."""
        away = {row.unit for row in left if not row.test}
        names = [
            str(path.relative_to(top))
            for pattern in self.files
            for path in sorted(top.glob(pattern))
        ]
        if not names:
            raise Inconsistent(f"{self.package}: no file is called {' or '.join(self.files)}")
        return [
            Unit(self.suite, name, (*self.words, *self._switches(top / name), name), self.seconds)
            for name in names
            if not any(fnmatchcase(name, pattern) for pattern in away)
        ]

    def _switches(self, path: Path) -> list[str]:
        """Return the options that a file's first line asks the perl for that starts it."""
        if self.words != ("./perl",):
            return []
        with path.open(encoding="utf-8", errors="replace") as file:
            first = file.readline()
        return first.split("perl", 1)[1].split() if first.startswith("#!./perl") else []


@dataclass(frozen=True)
class Plan:
    """The whole file."""

    packages: tuple[str, ...]
    python: Mapping[str, float]
    sources: Mapping[str, Source]
    rows: tuple[Row, ...]
    left: tuple[Left, ...]


def _checked(rows: Sequence[Mapping[str, Any]]) -> tuple[Row, ...]:
    found = tuple(
        Row(row["unit"], row["test"], row.get("guest", ""), row["from"], row["why"]) for row in rows
    )
    for row in found:
        if row.cause not in CAUSES or not row.why:
            raise Inconsistent(f"{SUITES.name}: {row.unit} {row.test}: no cause or no reason")
    return found


def load(path: Path = SUITES) -> Plan:
    """Return what the file of suites says."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    python = data["python"]
    modules = {name: float(python["seconds"]) for name in python["modules"]}
    modules |= {name: float(seconds) for name, seconds in python.get("longer", {}).items()}
    sources = {
        row["suite"]: Source(
            row["suite"],
            row["package"],
            row["top"],
            tuple(row["words"]),
            tuple(row["files"]),
            float(row["seconds"]),
        )
        for row in data["source"]
    }
    left = tuple(Left(row["unit"], row.get("test", ""), row["why"]) for row in data["leave"])
    return Plan(tuple(data["packages"]), modules, sources, _checked(data["differs"]), left)


def python_units(plan: Plan) -> list[Unit]:
    """Return a unit for each module of Python's tests, without the tests that are left out."""
    return [
        Unit("python", name, _python_words(name, plan.left), seconds)
        for name, seconds in sorted(plan.python.items())
    ]


def _python_words(name: str, left: Sequence[Left]) -> tuple[str, ...]:
    options = ["-v", "-u", "subprocess", "--tempdir", "."]
    for row in left:
        if row.unit == name and row.test:
            options += ["-i", row.test]
    return ("python3", RECORDER.name, "results", name, *options)
