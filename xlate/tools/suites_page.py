"""Writes docs/debian-tests.md: what the interpreters' own tests show, and each difference's reason.

The text is made of what the runs have shown and of the reasons in ``corpus/debian/suites.toml``;
nothing on the page is written by hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from xlate.tools import debian_run as debian
from xlate.tools.suites_plan import CAUSES, Left, Plan, Row
from xlate.tools.suites_run import GUEST, NATIVE, OK, SKIPPED, Report, how

if TYPE_CHECKING:
    from xlate.tools.suites_table import Difference, Outcome

# How many names of tests stand in one entry.
SHOWN = 6

HEAD = """\
# The tests of Debian's interpreters

Written by `make debian-tests` on {date}, at commit {commit}; not by hand. The tests that Python,
Perl and Lua bring themselves, run by Debian {suite}'s armhf interpreters under `xlate-run --root`
in the baseline tier, and by its amd64 ones natively; compared test by test. What is run, and why
results may differ, is in [corpus/debian/suites.toml](../corpus/debian/suites.toml). Each test
is run once both ways; one that differs and has no reason there is run once more, and differs only
when no run as a guest gives what a native run gives. Tests that fail natively too (where Debian's
packages lack something they want, or this machine does) agree when they fail as a guest.

"""


KEPT = """\
Not all of it ran at that commit: results that earlier runs had left, on its branch and on others,
stand here too.

"""


def page(
    plan: Plan,
    outcomes: Sequence[Outcome],
    idle: Sequence[Row],
    passed_over: Sequence[str],
    *,
    kept: bool,
) -> str:
    """Return the text of the page; ``kept`` says that it has results of earlier runs."""
    date = f"{datetime.now(tz=UTC):%Y-%m-%d}"
    lines = [HEAD.format(date=date, commit=debian.commit(), suite=debian.SUITE)]
    lines += [KEPT] if kept else []
    lines += _counts(outcomes)
    if passed_over:
        lines.append(f"\nNot run this time: {', '.join(passed_over)}.\n")
    lines += ["\n## Differences\n", *(_differences(outcomes) or ["\nNone.\n"])]
    if idle:
        lines.append("\nListed, and not seen this time:\n\n")
        lines += [f"- {row.unit}, `{row.test}`\n" for row in idle]
    lines += ["\n## Unsteady\n\n", *_unsteady(outcomes)]
    lines += ["\n## Left out\n\n", *(_left(row) for row in plan.left)]
    silent = [one for one in outcomes if _is_silent(one)]
    lines += ["\n## Units without results\n\n", *_silent(silent)]
    lines += ["\n## Units\n", *_units([one for one in outcomes if not _is_silent(one)])]
    return "".join(lines)


def by_suite(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """Return the outcomes of each suite."""
    suites = dict.fromkeys(outcome.unit.suite for outcome in outcomes)
    return {name: [one for one in outcomes if one.unit.suite == name] for name in suites}


def _sum(outcomes: Iterable[Outcome]) -> Counter[str]:
    return sum((outcome.agreeing for outcome in outcomes), Counter())


def _failing(agreeing: Counter[str]) -> int:
    return sum(agreeing.values()) - agreeing[OK] - agreeing[SKIPPED]


def _counts(outcomes: Sequence[Outcome]) -> list[str]:
    lines = ["| suite | units | tests that agree | ok | skipped | failing on both | differ |\n"]
    lines.append("|---|---|---|---|---|---|---|\n")
    for name, some in by_suite(outcomes).items():
        sums = _sum(some)
        cells = (name, len(some), sums.total(), sums[OK], sums[SKIPPED], _failing(sums))
        differ = sum(len(one.differences) for one in some)
        lines.append(_row(*cells, differ))
    return lines


def _row(*cells: object) -> str:
    return "| " + " | ".join(f"{c:,}" if isinstance(c, int) else str(c) for c in cells) + " |\n"


def _differences(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the differences by cause, those of one row together, those without one first."""
    found = [one for outcome in outcomes for one in outcome.differences]
    lines = [f"- **not looked into**: {_plain(str(one))}\n" for one in found if one.row is None]
    lines = ["\n", *lines] if lines else []
    for cause, words in CAUSES.items():
        rows = dict.fromkeys(one.row for one in found if one.row and one.row.cause == cause)
        if rows:
            lines.append(f"\n### {cause}: {words}\n\n")
        lines += [_group(row, [one for one in found if one.row is row]) for row in rows]
    return lines


def _group(row: Row | None, some: Sequence[Difference]) -> str:
    """Return a row's reason with the tests it covers."""
    tests = ", ".join(f"`{one.test.removeprefix('test.')}`" for one in some[:SHOWN])
    more = f" and {len(some) - SHOWN} more" if len(some) > SHOWN else ""
    unit = "" if len({one.unit for one in some}) > 1 else f"{some[0].unit}, "
    why = row.why if row else ""
    return f"- {unit}{tests}{more}: {some[0].guest.what}, natively {some[0].native.what}. {why}\n"


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("<", "&lt;").replace("*", "\\*")


def _unsteady(outcomes: Sequence[Outcome]) -> list[str]:
    lines = ["Tests that differed once and agreed when their unit ran again.\n\n"]
    for one in outcomes:
        if one.unsteady:
            tests = ", ".join(f"`{test}`" for test in one.unsteady[:SHOWN])
            more = f" and {len(one.unsteady) - SHOWN} more" if len(one.unsteady) > SHOWN else ""
            lines.append(f"- {one.unit.name}: {tests}{more}\n")
    return lines if len(lines) > 1 else ["None.\n"]


def _left(row: Left) -> str:
    test = f" `{row.test}`" if row.test else ""
    return f"- {row.unit}{test}: {row.why}\n"


def _is_silent(outcome: Outcome) -> bool:
    """Whether a unit has shown nothing: no test that agrees, and nothing that differs."""
    return not (outcome.agreeing or outcome.differences or outcome.unsteady)


def _silent(outcomes: Sequence[Outcome]) -> list[str]:
    lines = ["Units of which no test is known, and how they ended.\n\n"]
    for one in outcomes:
        native, guest = (how(one.reports[way][0].status) for way in (NATIVE, GUEST))
        beside = "" if native == guest else f", natively {native}"
        lines.append(f"- {one.unit.name} ({one.unit.suite}): {guest}{beside}\n")
    return lines if len(lines) > 1 else ["None.\n"]


def _units(outcomes: Sequence[Outcome]) -> list[str]:
    lines = []
    for name, some in by_suite(outcomes).items():
        lines.append(f"\n### {name}\n\n| unit | ok | skipped | failing on both | differ | ")
        lines.append("native, guest seconds |\n|---|---|---|---|---|---|\n")
        for one in some:
            times = ", ".join(f"{_seconds(one.reports[way]):.1f}" for way in (NATIVE, GUEST))
            agreeing = one.agreeing
            cells = (one.unit.name, agreeing[OK], agreeing[SKIPPED], _failing(agreeing))
            lines.append(_row(*cells, len(one.differences), times))
    return lines


def _seconds(reports: Sequence[Report]) -> float:
    return min(report.seconds for report in reports)
