"""Compares Debian's armhf programs under xlate with the amd64 builds, and writes docs/debian.md.

`make debian`. Every case of ``corpus/debian/cases.toml`` runs natively and in the baseline tier;
with ``--convert`` some programs are converted first, with their libraries, and their cases run
twice more in the optimised tier. The page says how many agree and lists every difference with its
reason; it is committed, since making it takes a download of two times 300 MB. The exit status is 0
when every case does what the file of cases says.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track
from rich.table import Table

from xlate import runtime
from xlate.errors import XlateError
from xlate.tools import debian_run as debian
from xlate.tools.debian_run import Case, Plan

PAGE = debian.CHECKOUT / "docs" / "debian.md"
STORE = debian.TREES / "store"
NATIVE, BASELINE, FIRST, SECOND = "native", "baseline", "converted", "converted, 2nd run"

# Programs that --convert converts: small ones of many kinds, since each takes a minute.
CONVERTED = ("dash", "grep", "gzip")

PAGE_HEAD = """\
# Debian's programs

Written by `make debian` on {date}, at commit {commit}; not by hand. Invocations of programs out of
Debian {suite} for armhf under `xlate-run --root`, compared with the amd64 builds of the same
versions run natively: standard output, standard error and exit status. The invocations, and what
may differ in them and why, are in [corpus/debian/cases.toml](../corpus/debian/cases.toml).

"""


@dataclass
class Outcome:
    """What became of a case: seconds of each way of running it, and how it differs from native."""

    case: Case
    seconds: dict[str, float] = field(default_factory=dict)
    differences: dict[str, str] = field(default_factory=dict)

    @property
    def passes(self) -> bool:
        """Whether every way of running it gives what the native program gives."""
        return not any(self.differences.values())

    @property
    def surprises(self) -> bool:
        """Whether it does other than the file of cases says."""
        return self.passes == bool(self.case.differs)

    @property
    def reason(self) -> str:
        """Why it differs, as far as that is known."""
        return self.case.differs or "not looked into"


@dataclass(frozen=True)
class Way:
    """One way of running a case: the words before it, variables, and for which packages."""

    name: str
    words: Sequence[str]
    variables: Mapping[str, str] = field(default_factory=dict)
    packages: Sequence[str] | None = None


def ways(xlate_run: Path, *, converted: bool) -> list[Way]:
    """Return the native way and those that are compared with it."""
    armhf, amd64 = (debian.TREES / name for name in debian.ARCHITECTURES)
    baseline = debian.guest_words(xlate_run, armhf, ("--tier", "baseline"))
    found = [
        Way(NATIVE, debian.native_words(amd64)),
        Way(BASELINE, baseline, {"XLATE_CACHE": "off"}),
    ]
    if converted:
        auto = debian.guest_words(xlate_run, armhf, ("--tier", "auto"))
        store = {"XLATE_CACHE": str(STORE)}
        found += [Way(name, auto, store, CONVERTED) for name in (FIRST, SECOND)]
    return found


def try_case(case: Case, bench: debian.Bench, native: Way, others: Sequence[Way]) -> Outcome:
    """Run a case natively and in every other way it is meant for."""
    outcome = Outcome(case)

    def run(way: Way) -> debian.Result:
        start = time.monotonic()
        result = bench.run(way.words, case, way.variables)
        outcome.seconds[way.name] = time.monotonic() - start
        return result

    wanted = run(native)
    for way in others:
        if way.packages is None or case.package in way.packages:
            outcome.differences[way.name] = debian.difference(case, wanted, run(way))
    return outcome


def convert(tree: Path, packages: Sequence[str], say: Callable[[str], None]) -> None:
    """Convert the programs that some packages are named after, with their libraries, into STORE."""
    for package in packages:
        say(f"converting {package} ...")
        program = tree / "usr" / "bin" / package
        words = ["convert", "--quiet", "--with-libs", "-L", str(tree), str(program)]
        done = subprocess.run(
            [sys.executable, "-m", "xlate", *words],
            env={**os.environ, "XLATE_CACHE": str(STORE)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            say(f"{package}: status {done.returncode}: {done.stderr.strip()[-300:]}")


@contextmanager
def work_folder() -> Iterator[Path]:
    """Make a folder below /tmp, which host and guest share, and remove it."""
    top = Path(tempfile.mkdtemp(prefix="xlate-debian-", dir="/tmp"))
    try:
        yield top / "work"
    finally:
        shutil.rmtree(top, ignore_errors=True)


def by_package(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """Return the outcomes of each package, by name."""
    names = sorted({outcome.case.package for outcome in outcomes})
    return {name: [o for o in outcomes if o.case.package == name] for name in names}


def show(console: Console, outcomes: Sequence[Outcome]) -> None:
    """Print a row for every case that differs or surprises, and the count of each way."""
    table = Table("case", "package", "way", "difference", "reason")
    for outcome in outcomes:
        for way, difference in outcome.differences.items():
            if difference:
                table.add_row(
                    outcome.case.name, outcome.case.package, way, difference, outcome.reason
                )
        if outcome.surprises and outcome.passes:
            table.add_row(outcome.case.name, outcome.case.package, "", "passes now", outcome.reason)
    if table.row_count:
        console.print(table)
    for line in counts(outcomes):
        console.print(line)


def counts(outcomes: Sequence[Outcome]) -> list[str]:
    """Return a sentence for each way of running: how many cases agree."""
    lines = []
    for way in (BASELINE, FIRST, SECOND):
        tried = [outcome for outcome in outcomes if way in outcome.differences]
        if tried:
            good = sum(not outcome.differences[way] for outcome in tried)
            count = f"{len(tried)} invocations of {len(by_package(tried))} packages"
            lines.append(f"{way}: {good} of {count} agree")
    return lines


def page(outcomes: Sequence[Outcome], versions: Mapping[str, Mapping[str, str]]) -> str:
    """Return the text of docs/debian.md."""
    date = f"{datetime.now(tz=UTC):%Y-%m-%d}"
    lines = [PAGE_HEAD.format(date=date, commit=_commit(), suite=debian.SUITE)]
    lines += [f"- {line}\n" for line in counts(outcomes)]
    lines.append("\n## Differences\n\n")
    lines += _differences(outcomes) or ["None.\n"]
    lines.append("\n## What may differ\n\n")
    lines += [
        f"- `{outcome.case.name}`: {mask.why}\n"
        for outcome in outcomes
        for mask in outcome.case.masks
    ]
    lines.append(
        "\n## Packages\n\n| package | version | invocations | agree |\n|---|---|---|---|\n"
    )
    for name, some in by_package(outcomes).items():
        good = sum(outcome.passes for outcome in some)
        tried = ", ".join(outcome.case.name for outcome in some)
        lines.append(
            f"| {name} | {versions[name]['version']} | {tried} | {good} of {len(some)} |\n"
        )
    return "".join(lines)


def _differences(outcomes: Sequence[Outcome]) -> list[str]:
    return [
        f"- `{outcome.case.name}` ({outcome.case.package}, {way}): {outcome.reason}. "
        f"Seen: {difference}\n"
        for outcome in outcomes
        for way, difference in outcome.differences.items()
        if difference
    ]


def _commit() -> str:
    done = subprocess.run(
        ["git", "-C", str(debian.CHECKOUT), "rev-parse", "--short", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"


def _chosen(plan: Plan, names: Sequence[str]) -> list[Case]:
    """Return the cases whose name or package is among some words; all without words."""
    return [case for case in plan.cases if not names or {case.name, case.package} & {*names}]


@click.command()
@click.option("--convert", "converting", is_flag=True, help="Also in the optimised tier.")
@click.argument("names", nargs=-1)
def main(names: tuple[str, ...], *, converting: bool) -> None:
    r"""Run the cases (all, or those whose name or package is in NAMES) and compare.

    Without NAMES docs/debian.md is written.

    \b
    Examples:
      python -m xlate.tools.debian_table
      python -m xlate.tools.debian_table bash grep_perl
    """
    console = Console()
    plan = debian.load()
    cases = _chosen(plan, names)
    try:
        debian.make_trees(plan.packages(cases), console.print)
        found = ways(runtime.find(), converted=converting)
    except XlateError as error:
        console.print(f"debian_table: {error}")
        sys.exit(1)
    if converting:
        convert(debian.TREES / "armhf", CONVERTED, console.print)
    with work_folder() as folder:
        bench = debian.Bench(plan, folder)
        outcomes = [
            try_case(case, bench, found[0], found[1:])
            for case in track(cases, "running", console=console, transient=True)
        ]
    show(console, outcomes)
    if not names:
        PAGE.write_text(
            page(outcomes, debian.packages_in(debian.TREES / "armhf")), encoding="utf-8"
        )
    sys.exit(any(outcome.surprises for outcome in outcomes))


if __name__ == "__main__":
    main()
