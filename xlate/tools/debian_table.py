"""Compares Debian's programs under xlate with the builds for this machine; writes docs/debian.md.

`make debian`, `make musl`, `make known`. Every case of ``corpus/debian/cases.toml`` runs natively
and in the baseline tier, which says what programs and libraries it needs. Then those are converted
for so long as is allowed (``--minutes``), and every case runs twice more, in the optimised tier as
far as it has packages.
What was found is kept (debian_results.py): ``--keep`` goes on with it. The page is committed, since
making it takes a download of two times 300 MB and hours of conversion. The exit status is 0 when
every case does what the file of cases says, and every file that was tried is converted.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track
from rich.table import Table

from xlate import runtime
from xlate.errors import XlateError
from xlate.package.store import Store
from xlate.tools import debian_run as debian
from xlate.tools import known_answers as known
from xlate.tools import musl_userland as musl
from xlate.tools.debian_convert import Conversions
from xlate.tools.debian_page import HEAD, Part, counts, page
from xlate.tools.debian_results import (
    BASELINE,
    FIRST,
    SECOND,
    Outcome,
    Ran,
    Results,
    modules_of,
)
from xlate.tools.debian_run import Case, Plan, World

PAGE = debian.CHECKOUT / "docs" / "debian.md"
STORE = debian.TREES / "store"
RESULTS = debian.TREES / "results.json"
WORLDS = (debian.ARMHF, debian.ARMEL, musl.WORLD, known.WORLD)
PLANS = {musl.WORLD.name: musl.load, known.WORLD.name: known.load}


@dataclass(frozen=True)
class Way:
    """One way of running a case: the words before it, and variables."""

    name: str
    words: Sequence[str]
    variables: Mapping[str, str] = field(default_factory=dict)


class Run:
    """The cases of one world with what they are run by, and where the results go."""

    def __init__(self, plan: Plan, world: World, cases: Sequence[Case], results: Results) -> None:
        """Find the runtime; raises XlateError where it cannot be built."""
        self.plan, self.world, self.cases, self.results = plan, world, cases, results
        self._commit = debian.commit()
        self._stats = debian.TREES / f"stats-{world.name}.json"
        options = ("--stats=json", "--stats-file", str(self._stats))
        self._guest = debian.guest_words(runtime.find(), world.root, options)
        self._native = Way("native", debian.native_words(world.native_root))

    def baseline(self, *, keep: bool, console: Console) -> None:
        """Run every case without packages; with ``keep`` only those that have not been."""
        way = Way(BASELINE, self._guest, {"XLATE_CACHE": "off"})
        todo = [case for case in self.cases if not (keep and way.name in self._outcome(case).ran)]
        self._run(todo, (way,), console)

    def converted(self, console: Console) -> None:
        """Run every case twice with the packages that there are."""
        store = {"XLATE_CACHE": str(STORE)}
        ways = [Way(name, self._guest, store) for name in (FIRST, SECOND)]
        self._run(self.cases, ways, console)

    def needed(self) -> list[frozenset[str]]:
        """Return the guest's files that each case maps."""
        ran = (self._outcome(case).ran.get(BASELINE) for case in self.cases)
        return [frozenset(one.files) for one in ran if one is not None]

    def outcomes(self) -> list[Outcome]:
        """Return what became of the cases, as far as they were run."""
        return self.results.of(self.world.name, [case.name for case in self.cases])

    def _outcome(self, case: Case) -> Outcome:
        return self.results.outcome(self.world.name, case.name, case.package)

    def _run(self, cases: Sequence[Case], ways: Sequence[Way], console: Console) -> None:
        what = f"{self.world.name}, {ways[0].name}"
        with _work_folder() as folder:
            bench = debian.Bench(self.plan, folder)
            for case in track(cases, what, console=console, transient=True):
                wanted = bench.run(self._native.words, case)
                for way in ways:
                    self._outcome(case).ran[way.name] = self._one(bench, case, way, wanted)
                self.results.save()

    def _one(self, bench: debian.Bench, case: Case, way: Way, wanted: debian.Result) -> Ran:
        self._stats.unlink(missing_ok=True)
        start = time.monotonic()
        result = bench.run(way.words, case, way.variables)
        seconds = round(time.monotonic() - start, 2)
        difference = debian.difference(case, wanted, result)
        return Ran(seconds, difference, self._commit, modules_of(self._stats))


@contextmanager
def _work_folder() -> Iterator[Path]:
    """Make a folder below /tmp, which host and guest share, and remove it."""
    top = Path(tempfile.mkdtemp(prefix="xlate-debian-", dir="/tmp"))
    try:
        yield top / "work"
    finally:
        shutil.rmtree(top, ignore_errors=True)


def surprises(case: Case, outcome: Outcome) -> bool:
    """Say whether a case does other than the file of cases says."""
    return outcome.passes == bool(case.differs)


def show(console: Console, run: Run) -> bool:
    """Print a row for every case that differs or surprises, and counts; say if any surprises."""
    table = Table("case", "package", "way", "difference", "reason")
    by_name = {case.name: case for case in run.cases}
    odd = False
    for outcome in run.outcomes():
        case = by_name[outcome.name]
        odd |= surprises(case, outcome)
        for way, ran in outcome.ran.items():
            if ran.difference:
                reason = case.differs or "not looked into"
                table.add_row(case.name, case.package, way, ran.difference, reason)
        if case.differs and outcome.passes:
            table.add_row(case.name, case.package, "", "passes now", case.differs)
    if table.row_count:
        console.print(table)
    for line in counts(part_of(run.world, run.results)):
        console.print(f"{run.world.name}, {line}")
    return odd


def plan_of(world: World) -> Plan:
    """Return the cases of a world, with what they need."""
    return PLANS.get(world.name, debian.load)()


def part_of(world: World, results: Results) -> Part:
    """Return what the page says of a world."""
    by_name = {case.name: case for case in _chosen(plan_of(world), world, ())}
    rows = [(by_name[o.name], o) for o in results.of(world.name, list(by_name))]
    versions = musl.versions() if world is musl.WORLD else debian.packages_in(world.root)
    return Part(world, rows, versions, results.failed.get(world.name, {}))


def make_world(world: World, packages: Sequence[str], console: Console) -> None:
    """Fetch or build what the roots of a world lack."""
    if world is musl.WORLD:
        musl.make(console.print)
    else:
        debian.make_trees(packages, console.print, guest=world.root.name)
    if world is known.WORLD:
        known.install(console.print)


def write_pages(results: Results) -> None:
    """Write docs/debian.md and docs/known-answers.md from all results."""
    parts = [part for part in (part_of(world, results) for world in WORLDS) if part.rows]
    others = [part for part in parts if part.world is not known.WORLD]
    answers = [part for part in parts if part.world is known.WORLD]
    for path, some, head in ((PAGE, others, HEAD), (known.PAGE, answers, known.HEAD)):
        if some:
            path.write_text(page(some, head), encoding="utf-8")


def _chosen(plan: Plan, world: World, names: Sequence[str]) -> list[Case]:
    """Return a world's cases whose name or package is among some words; all without words."""
    cases = [case for case in plan.cases if world is not debian.ARMEL or case.armel]
    known = {word for case in cases for word in (case.name, case.package)}
    if idle := [name for name in names if name not in known]:
        raise click.UsageError(f"no case or package of {world.name} is called {', '.join(idle)}")
    return [case for case in cases if not names or {case.name, case.package} & {*names}]


def _convert(run: Run, seconds: float, console: Console) -> bool:
    """Convert what the cases need for so long, and run them again; say if some file cannot be."""
    conversions = Conversions(run.world.root, Store(STORE), seconds, console.print)
    conversions.run(run.needed())
    run.results.converted(run.world.name, conversions.tried, conversions.failed)
    run.results.save()
    run.converted(console)
    return bool(conversions.failed)


def _compare(
    world: World, names: Sequence[str], console: Console, *, seconds: float, keep: bool
) -> bool:
    """Run cases of a world, and write the page without names; say if anything is not as listed."""
    plan, results = plan_of(world), Results(RESULTS)
    cases = _chosen(plan, world, names)
    if not (keep or names):
        results.forget(world.name)
    make_world(world, plan.packages(cases), console)
    run = Run(plan, world, cases, results)
    run.baseline(keep=keep, console=console)
    odd = bool(seconds) and _convert(run, seconds, console)
    odd |= show(console, run)
    if not names:
        write_pages(results)
    return odd


@click.command()
@click.option("--world", "name", type=click.Choice([w.name for w in WORLDS]), default="armhf")
@click.option("--minutes", type=float, default=0.0, help="To convert and run so.  [0: neither]")
@click.option(
    "--keep", is_flag=True, help="Baseline runs that an earlier call made are not redone."
)
@click.argument("names", nargs=-1)
def main(names: tuple[str, ...], name: str, minutes: float, *, keep: bool) -> None:
    r"""Run the cases (all, or those whose name or package is in NAMES) and compare.

    Without NAMES docs/debian.md, and of the world "known" docs/known-answers.md, are written, from
    the results of this and earlier calls.

    \b
    Examples:
      python -m xlate.tools.debian_table
      python -m xlate.tools.debian_table --keep --minutes 30
      python -m xlate.tools.debian_table bash grep_perl
    """
    console = Console()
    world = next(world for world in WORLDS if world.name == name)
    try:
        odd = _compare(world, names, console, seconds=60 * minutes, keep=keep)
    except XlateError as error:
        console.print(f"debian_table: {error}", markup=False)
        sys.exit(1)
    sys.exit(odd)


if __name__ == "__main__":
    main()
