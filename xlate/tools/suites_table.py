"""Compares the test-suites of Debian's interpreters, guest beside native, and writes the page.

`make debian-tests`. Every unit of ``corpus/debian/suites.toml`` runs natively (amd64's packages)
and as a guest (armhf's). Every difference needs a row in the file that says what it comes from.
Tests that differ without a row are run once more both ways (or their whole unit is), and differ
when no run of them as a guest gives what a native run gives; what agrees then is called unsteady.
A row that covers nothing in a unit that ran is reported too. Results are kept in
``build/suites/results`` as they come, so that ``--resume`` goes on where a run was broken off. The
exit status is 0 when all is as listed.
"""

from __future__ import annotations

import json
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path

import click
from rich.console import Console

from xlate import runtime
from xlate.errors import XlateError
from xlate.tools import debian_run as debian
from xlate.tools import suites_run as suites
from xlate.tools.suites_page import page
from xlate.tools.suites_plan import SPEED, Plan, Row, Unit, load, python_units
from xlate.tools.suites_run import ABSENT, BEGUN, GUEST, NATIVE, WHOLE, Report, Result, Way

PAGE = debian.CHECKOUT / "docs" / "debian-tests.md"
# Up to so many tests run a second time alone; of more, the whole unit does.
FEW = 40
RESULTS = suites.PLACE / "results"


@dataclass(frozen=True)
class Difference:
    """A test that gives another result as a guest, and the row that says why, if any."""

    unit: str
    test: str
    native: Result
    guest: Result
    row: Row | None

    def __str__(self) -> str:
        """Return the difference in a line."""
        says = f" ({self.guest.says})" if self.guest.says else ""
        return f"{self.unit} {self.test}: {self.guest.what}{says}, natively {self.native.what}"


@dataclass
class Outcome:
    """What a unit's runs have shown: reports of each way, tests by what became of them."""

    unit: Unit
    reports: dict[str, list[Report]]
    differences: list[Difference] = field(default_factory=list)
    unsteady: list[str] = field(default_factory=list)
    agreeing: Counter[str] = field(default_factory=Counter)


def _of(report: Report, test: str) -> Result:
    """Return what became of a test in a run; one that began and never ended is an error."""
    found = report.results.get(test, Result(ABSENT))
    return Result("error", "did not end") if found.what == BEGUN else found


def compare(unit: Unit, reports: dict[str, list[Report]], rows: Sequence[Row]) -> Outcome:
    """Judge every test that the first run of either way knows; a second run settles, no more."""
    outcome = Outcome(unit, reports)
    natives, guests = reports[NATIVE], reports[GUEST]
    known = {test: None for report in (natives[0], guests[0]) for test in report.results}
    for test in known:
        native, guest = (_of(some[0], test) for some in (natives, guests))
        first = native.what == guest.what
        common = {_of(one, test).what for one in natives} & {_of(one, test).what for one in guests}
        common -= {ABSENT}  # of a second run, which need not run it again
        if not first and not common:
            row = next((row for row in rows if row.covers(unit.name, test, guest.what)), None)
            outcome.differences.append(Difference(unit.name, test, native, guest, row))
            continue
        if not first:
            outcome.unsteady.append(test)
        if test != WHOLE:
            outcome.agreeing[min(common) if not first else native.what] += 1
    _settle_whole(outcome)
    return outcome


def _settle_whole(outcome: Outcome) -> None:
    """A unit's status needs no row of its own where single tests say why it differs."""
    single = [one for one in outcome.differences if one.test != WHOLE]
    unsteady = [test for test in outcome.unsteady if test != WHOLE]
    if (single or unsteady) and 0 <= outcome.reports[GUEST][0].status <= 128:
        outcome.differences, outcome.unsteady = single, unsteady


def idle_rows(outcomes: Sequence[Outcome], rows: Sequence[Row]) -> list[Row]:
    """Return the rows that cover no difference, of units that ran; speed may differ or not."""
    used = {one.row for outcome in outcomes for one in outcome.differences}
    ran = [outcome.unit.name for outcome in outcomes]
    steady = [row for row in rows if row.cause != SPEED and row not in used]
    return [row for row in steady if any(fnmatchcase(name, row.unit) for name in ran)]


def _kept(unit: Unit) -> Path:
    return RESULTS / unit.suite / f"{unit.name.replace('/', '_')}.json"


def keep(unit: Unit, reports: dict[str, list[Report]]) -> None:
    """Write what the runs of a unit have shown, in one step; what each printed stands beside it."""
    path = _kept(unit)
    path.parent.mkdir(parents=True, exist_ok=True)
    for way, runs in reports.items():
        for number, run in enumerate(runs, 1):
            if run.log is not None:
                log = path.with_name(f"{path.stem}.{way}.{number}.log")
                log.write_text(run.log, encoding="utf-8")
    rows = {way: [asdict(replace(run, log=None)) for run in reports[way]] for way in reports}
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(rows), encoding="utf-8")
    fresh.replace(path)


def kept(unit: Unit) -> dict[str, list[Report]] | None:
    """Return what ``keep`` wrote, or None."""
    path = _kept(unit)
    if not path.is_file():
        return None
    data = json.loads(path.read_text(encoding="utf-8"))
    return {
        way: [
            Report(
                {test: Result(**one) for test, one in run["results"].items()},
                run["status"],
                run["seconds"],
            )
            for run in runs
        ]
        for way, runs in data.items()
    }


def again(unit: Unit, tests: Sequence[str]) -> Unit:
    """Return the unit with some tests alone, where its suite can do that and there are few."""
    if unit.suite != "python" or len(tests) > FEW or any(" " in test for test in tests):
        return unit
    only = [word for test in tests for word in ("-m", test)]
    return replace(unit, words=(*unit.words, *only))


def _is_meant(unit: Unit, name: str) -> bool:
    return fnmatchcase(unit.name, name) or unit.suite == name


class Campaign:
    """Runs units both ways, each way in its own work folder."""

    def __init__(self, plan: Plan, both: Sequence[Way], *, resume: bool, runs: bool) -> None:
        """Unpack the sources for both ways."""
        self._plan, self._ways, self._resume, self._runs = plan, both, resume, runs
        self._tops = {
            (way.name, name): suites.lay_out(way, source)
            for way in both
            for name, source in plan.sources.items()
        }

    def units(self, names: Sequence[str]) -> list[Unit]:
        """Return the units whose name or suite fits a pattern; all without patterns."""
        found = python_units(self._plan)
        for name, source in self._plan.sources.items():
            found += source.units(self._tops[NATIVE, name], self._plan.left)
        fit = {name: [one for one in found if _is_meant(one, name)] for name in names}
        if idle := [name for name, units in fit.items() if not units]:
            raise click.UsageError(f"no unit or suite fits {', '.join(idle)}")
        return [unit for unit in found if not names or any(unit in units for units in fit.values())]

    def choose(self, names: Sequence[str]) -> tuple[list[Unit], list[str]]:
        """Return the units to judge, and the names of those that are passed over."""
        units = self.units(names)
        chosen = [unit for unit in units if self._runs or kept(unit)]
        return chosen, [unit.name for unit in units if unit not in chosen]

    def _run(self, unit: Unit) -> dict[str, Report]:
        found = {}
        for way in self._ways:
            with ExitStack() as stack:
                top = self._tops.get((way.name, unit.suite))
                place = top or stack.enter_context(suites.python_folder(way))
                found[way.name] = suites.run(unit, way, place)
        return found

    def judge(self, unit: Unit) -> Outcome:
        """Run a unit, a second time where it differs and no row says why, and compare."""
        reports = kept(unit) if self._resume else None
        if reports is None:
            reports = {way: [report] for way, report in self._run(unit).items()}
            keep(unit, reports)
        outcome = compare(unit, reports, self._plan.rows)
        unlisted = [one.test for one in outcome.differences if one.row is None]
        if unlisted and self._runs and len(reports[GUEST]) == 1:
            for way, report in self._run(again(unit, unlisted)).items():
                reports[way].append(report)
            keep(unit, reports)
            outcome = compare(unit, reports, self._plan.rows)
        return outcome

    def judged(self, units: Sequence[Unit], say: Callable[[str], None]) -> Iterator[Outcome]:
        """Yield what becomes of each unit, and say it."""
        for unit in units:
            outcome = self.judge(unit)
            seconds = "/".join(f"{runs[0].seconds:.1f}" for runs in outcome.reports.values())
            counts = ", ".join(f"{n} {what}" for what, n in sorted(outcome.agreeing.items()))
            say(f"{unit.name}: {counts}; {len(outcome.differences)} differ; {seconds} s")
            for one in outcome.differences:
                if one.row is None:
                    say(f"   not listed: {one}")
            yield outcome


def _prepare(plan: Plan, both: Sequence[Way]) -> None:
    for way in both:
        suites.complete(way)


@click.command()
@click.option("--resume", is_flag=True, help="Keep the results that an earlier run has written.")
@click.option(
    "--only-kept", is_flag=True, help="Run nothing; what has no such results is passed over."
)
@click.argument("names", nargs=-1)
def main(names: tuple[str, ...], *, resume: bool, only_kept: bool) -> None:
    r"""Run the suites (all, or the units or suites that NAMES are patterns of) and compare.

    Without NAMES docs/debian-tests.md is written.

    \b
    Examples:
      python -m xlate.tools.suites_table
      python -m xlate.tools.suites_table test_os 'op/s*.t' lua
    """
    console = Console(highlight=False, soft_wrap=True)
    # A shell starts what runs in its background with this ignored, and tests would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        plan = load()
        suites.make_trees(plan, console.print)
        suites.fetch_sources(plan, console.print)
        with suites.ways(runtime.find(), ("--tier", "baseline")) as both:
            _prepare(plan, both)
            campaign = Campaign(plan, both, resume=resume or only_kept, runs=not only_kept)
            units, passed_over = campaign.choose(names)
            outcomes = list(campaign.judged(units, lambda line: console.print(line, markup=False)))
    except XlateError as error:
        console.print(f"suites_table: {error}")
        sys.exit(1)
    idle = idle_rows(outcomes, plan.rows)
    for row in idle:
        console.print(f"listed, and does not differ: {row.unit} {row.test}", markup=False)
    if not names:
        text = page(plan, outcomes, idle, passed_over, kept=resume or only_kept)
        PAGE.write_text(text, encoding="utf-8")
    unlisted = any(one.row is None for outcome in outcomes for one in outcome.differences)
    sys.exit(bool(idle) or unlisted)


if __name__ == "__main__":
    main()
