"""Random instructions from the rows, run by several engines and compared with the interpreter.

``python -m xlate.tools.fuzz --seed 1 --count 20000 --engines stencil,unicorn``. Each difference
is printed as a line for ``tests/insn`` (shrunk to what it needs) with what each engine made of
it; the exit status is 1 when there is one. With ``--keep FOLDER`` finished shares are kept there:
the same call goes on where the last one stopped, also with a greater ``--count``. Drawing,
engines and the list of known errors of unicorn are in ``xlate/verify``.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click

from xlate.errors import Inconsistent
from xlate.runtime import build
from xlate.tools.fuzz_log import Log
from xlate.verify.case import Claims, Engine, Result, differences
from xlate.verify.generate import SETS, Broken, Drawn, Refused
from xlate.verify.interp_engine import Endless, run_case
from xlate.verify.known import WITNESSES, excuse
from xlate.verify.lines import format_line
from xlate.verify.programs import ProgramGenerator
from xlate.verify.shrink import reduce, shorten

BATCH = 500
# Engines that run optimised code, and the level that it is made at.
OPTIMISED = {"llvm": 1, "llvm-O0": 0, "llvm-O2": 2, "package": 1}
NAMES = {
    "engines": {"stencil", "unicorn", *OPTIMISED},
    "isas": set(SETS),
    "rows": {row.name for rows in SETS.values() for row in rows},
}
REDUCED = 40  # findings of one share that are shrunk: it takes a hundred runs each
COUNTED = ("compared", "rows", "differ", "agreed", "refused", "stops", "known")
SHARE = 5000  # cases drawn from one seed: a unit of work, the same for any number of processes


@dataclass
class Report:
    """What a run of the fuzzer found."""

    compared: Counter[str] = field(default_factory=Counter)  # by engine
    rows: Counter[str] = field(default_factory=Counter)
    differ: Counter[str] = field(default_factory=Counter)  # by row: where to look first
    agreed: Counter[str] = field(default_factory=Counter)  # rows, by cases without any difference
    refused: Counter[str] = field(default_factory=Counter)
    stops: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(self, other: Report) -> None:
        """Add another report to this one."""
        for name in COUNTED:
            getattr(self, name).update(getattr(other, name))
        self.failures += other.failures

    @staticmethod
    def read(record: dict[str, Any]) -> Report:
        """Return the report that a log has kept."""
        counted = {name: Counter(record[name]) for name in COUNTED}
        return Report(**counted, failures=list(record["failures"]))


@dataclass(frozen=True)
class Plan:
    """What one process does."""

    seed: int
    count: int
    engines: tuple[str, ...]
    isas: tuple[str, ...]
    rows: tuple[str, ...]
    driver: str
    guest_base: str


def make_engine(name: str, plan: Plan) -> Engine:
    """Return an engine by name."""
    if name == "unicorn":
        from xlate.verify.unicorn_engine import UnicornEngine

        return UnicornEngine()
    if name == "stencil":
        from xlate.verify.stencil_engine import StencilEngine

        return StencilEngine(Path(plan.driver), _base(plan))
    if name == "qemu":
        from xlate.verify.qemu_engine import QemuEngine

        return QemuEngine()
    if name in OPTIMISED:
        from xlate.verify.llvm_engine import LlvmEngine, PackageEngine

        make = PackageEngine if name == "package" else LlvmEngine
        return make(Path(plan.driver), _base(plan), level=OPTIMISED[name], name=name)
    raise Inconsistent(f"no engine {name}")


def _base(plan: Plan) -> list[str]:
    return ["--guest-base", plan.guest_base] if plan.guest_base else []


def run_share(plan: Plan) -> Report:
    """Draw and compare one share of cases."""
    report = Report()
    engines = [make_engine(name, plan) for name in plan.engines]
    generator = ProgramGenerator(plan.seed, plan.rows, plan.isas)
    for start in range(0, plan.count, BATCH):
        draw = _source(generator, start // BATCH, plan)
        drawn = list(_draw(draw, min(plan.count - start, BATCH), report))
        wrong: set[int] = set()
        for engine in engines:
            wrong |= _compare(engine, drawn, report)
        for index, one in enumerate(drawn):
            if index not in wrong:
                generator.remember(one)
                report.agreed.update(_row_names(one))
    return report


def _source(generator: ProgramGenerator, batch: int, plan: Plan) -> Callable[[], Drawn]:
    """Two batches of single instructions, then one of sequences made from what agreed.

    Optimised code is about more than that: then half of the sequences are programs, which jump,
    loop and call.
    """
    if batch % 3 != 2:
        return generator.draw
    optimised = any(name in OPTIMISED for name in plan.engines)
    return generator.draw_sequence_or_program if optimised else generator.draw_sequence


def _draw(draw: Callable[[], Drawn], count: int, report: Report) -> Iterator[Drawn]:
    made = 0
    while made < count:
        try:
            drawn = draw()
        except Broken as finding:
            made += 1
            report.failures.append(str(finding))
            continue
        except Refused as reason:
            report.refused[str(reason)] += 1
            if report.refused.total() > 100 * (report.rows.total() + 100):
                raise Inconsistent("nearly every draw is refused") from reason
            continue
        made += 1
        report.rows.update(_row_names(drawn))
        report.stops[drawn.expected.stop] += 1
        yield drawn


def _row_names(drawn: Drawn) -> list[str]:
    return [f"{drawn.isa_of(insn)} {insn.row.name}" for insn in drawn.insns if insn.row is not None]


def _compare(engine: Engine, drawn: list[Drawn], report: Report) -> set[int]:
    """Run a batch on one engine; returns the numbers of the cases that differ, known ones too."""
    differ = set()
    for index, got in enumerate(engine.run([d.case for d in drawn])):
        one = drawn[index]
        report.compared[engine.name] += 1
        found = differences(one.case, one.expected, got, claims(engine, one))
        if not found:
            continue
        differ.add(index)
        known = excused(engine.name, one, got, found)
        if known:
            report.known[known] += 1
        else:
            report.differ[f"{engine.name}: {one.isa} {one.name}"] += 1
            short = len(report.failures) < REDUCED
            report.failures.append(describe(engine, one, found, short=short))
    return differ


def excused(engine: str, drawn: Drawn, got: Result, found: list[str]) -> str:
    """Return the reason by which a witness may differ so; nothing for an engine of ours."""
    return excuse(drawn, got, found, engine) if engine in WITNESSES else ""


def claims(engine: Engine, drawn: Drawn) -> Claims:
    """Return what an engine answers for in a case of so many instructions."""
    return engine.claims.for_length(len(drawn.insns))


def describe(engine: Engine, drawn: Drawn, first: list[str], *, short: bool) -> str:
    """Return the case (shrunk when ``short``) as a line and the differences below it."""
    smallest = _shrink(engine, drawn) if short else drawn
    case = smallest.case
    expected, got = run_case(case), engine.run([case])[0]
    found = differences(case, expected, got, claims(engine, smallest))
    found = found or ["only after other cases", *first]
    line = format_line(smallest.isa, smallest.words, smallest.name, case, expected)
    return f"{line}\n    interp against {engine.name}: {'; '.join(found)}"


def _shrink(engine: Engine, drawn: Drawn) -> Drawn:
    """Return what is left of a case when all goes that its difference does not need."""

    def differs(one: Drawn) -> bool:
        try:
            one = replace(one, expected=run_case(one.case))
        except Endless:
            return False
        got = engine.run([one.case])[0]
        found = differences(one.case, one.expected, got, claims(engine, one))
        return bool(found) and not excused(engine.name, one, got, found)

    if not differs(drawn):
        return drawn
    shorter = shorten(drawn, differs)
    return replace(
        shorter, case=reduce(shorter.case, lambda case: differs(replace(shorter, case=case)))
    )


def plans(plan: Plan) -> list[Plan]:
    """Cut the work into shares with seeds of their own."""
    shares = []
    for index, start in enumerate(range(0, plan.count, SHARE)):
        count = min(SHARE, plan.count - start)
        values = {**plan.__dict__, "seed": plan.seed * 1_000_003 + index, "count": count}
        shares.append(Plan(**values))
    return shares


def run(plan: Plan, jobs: int, log: Log | None = None) -> Report:
    """Run all shares, ``jobs`` at a time; with a log those that it does not have."""
    done = log.done() if log is not None else {}
    found = {
        share.seed: Report.read(done[share.seed, share.count])
        for share in plans(plan)
        if (share.seed, share.count) in done
    }
    missing = [share for share in plans(plan) if share.seed not in found]
    for share, part in _run_shares(missing, jobs):
        found[share.seed] = part
        if log is not None:
            log.add(share.seed, share.count, part.__dict__)
    report = Report()
    for share in plans(plan):  # in their order, whichever was ready first
        report.add(found[share.seed])
    return report


def _run_shares(shares: list[Plan], jobs: int) -> Iterator[tuple[Plan, Report]]:
    if jobs <= 1:
        yield from ((share, run_share(share)) for share in shares)
        return
    with ProcessPoolExecutor(jobs) as pool:
        running = {pool.submit(run_share, share): share for share in shares}
        for one in as_completed(running):
            yield running[one], one.result()


def _names(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, ...]:
    """Return the words between commas; a name that is none would compare nothing, and agree."""
    words = tuple(word for word in value.split(",") if word)
    known = NAMES[param.name or ""]
    for word in words:
        if (word.removeprefix("-") if param.name == "rows" else word) not in known:
            raise click.BadParameter(f"{word!r} is none of them", ctx, param)
    if not words and param.name != "rows":
        raise click.BadParameter("names nothing", ctx, param)
    return words


@click.command()
@click.option("--seed", default=1, show_default=True, help="Start of the random numbers.")
@click.option(
    "--count", type=click.IntRange(1), default=20_000, show_default=True, help="Cases to compare."
)
@click.option(
    "--engines",
    callback=_names,
    default="unicorn",
    show_default=True,
    help="Of stencil, unicorn, qemu, llvm, llvm-O0, llvm-O2 and package; comma between.",
)
@click.option(
    "--isa", "isas", callback=_names, default=",".join(SETS), show_default=True,
    help="Instruction sets.",
)  # fmt: skip
@click.option(
    "--rows", callback=_names, default="",
    help="Only these rows (with - before: all but these), comma between.",
)  # fmt: skip
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option(
    "--driver", type=click.Path(exists=True, dir_okay=False),
    help="Path of xlate-insn (default: build it).",
)  # fmt: skip
@click.option("--guest-base", default="", help="Passed to xlate-insn.")
@click.option(
    "--keep", type=click.Path(path_type=Path), help="Folder of finished shares: go on from there."
)
@click.option("--show", default=20, show_default=True, help="Differences printed in full.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
def main(
    *,
    seed: int,
    count: int,
    engines: tuple[str, ...],
    isas: tuple[str, ...],
    rows: tuple[str, ...],
    jobs: int,
    driver: str | None,
    guest_base: str,
    keep: Path | None,
    show: int,
    as_json: bool,
) -> None:
    """Compare engines on random instructions; status 1 when they differ."""
    if driver is None:
        alone = engines == ("unicorn",)
        driver = "" if alone else str(build.ensure().with_name("xlate-insn"))
    plan = Plan(seed, count, engines, isas, rows, driver, guest_base)
    log = Log.of(keep, plan.__dict__, driver) if keep is not None else None
    report = run(plan, jobs, log)
    if as_json:
        click.echo(json.dumps(report.__dict__, indent=1))
    else:
        _print(report, show)
    sys.exit(1 if report.failures else 0)


def _print(report: Report, show: int) -> None:
    for failure in report.failures[:show]:
        click.echo(failure)
    for where, number in report.differ.most_common(show):
        click.echo(f"differ: {number:6} {where}")
    for reason, number in report.known.most_common():
        click.echo(f"known: {number:6} {reason}")
    for reason, number in report.refused.most_common():
        click.echo(f"not drawn: {number:6} {reason}")
    stops = ", ".join(f"{number} {stop}" for stop, number in report.stops.most_common())
    compared = ", ".join(f"{number} with {name}" for name, number in report.compared.items())
    click.echo(f"{len(report.rows)} rows; stops: {stops}")
    click.echo(f"compared {compared}: {len(report.failures)} differences")


if __name__ == "__main__":
    main()
