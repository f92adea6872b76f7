"""The text of docs/debian.md and docs/known-answers.md, from the results of all worlds.

Counts first, then differences, then what was not converted, then a row for each package. What was
run at another commit than the last is said, since the page may be the work of several calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from xlate.tools.debian_results import BASELINE, FIRST, SECOND, Outcome
from xlate.tools.debian_run import SUITE, Case, World

WAYS = (BASELINE, FIRST, SECOND)
MOST_FILES = 40  # that are named one by one

HEAD = """\
# Debian's programs

Written by `make debian` on {date}, at commit {commits}; not by hand. Invocations of
programs under `xlate-run --root`, compared with builds of the same versions for this machine, run
natively: standard output, standard error and exit status. Debian is {suite}, its other side amd64.
The invocations, and what may differ in them and why, are in
[corpus/debian](../corpus/debian/cases.toml).

"""


@dataclass(frozen=True)
class Part:
    """A world with what was run of it: outcomes beside their cases, versions of packages."""

    world: World
    rows: Sequence[tuple[Case, Outcome]]
    versions: Mapping[str, Mapping[str, str]]
    failed: Mapping[str, str] = field(default_factory=dict)  # conversions of files, and why

    def of(self, way: str) -> list[Outcome]:
        """Return the outcomes that were run in a way."""
        return [outcome for _, outcome in self.rows if way in outcome.ran]

    def by_package(self) -> dict[str, list[Outcome]]:
        """Return the outcomes of each package, by name."""
        found: dict[str, list[Outcome]] = {}
        for _, outcome in sorted(self.rows, key=lambda row: row[1].package):
            found.setdefault(outcome.package, []).append(outcome)
        return found


def counts(part: Part) -> list[str]:
    """Return a sentence for each way of running: how many cases agree."""
    lines = []
    for way in WAYS:
        tried = part.of(way)
        if tried:
            good = sum(not outcome.ran[way].difference for outcome in tried)
            packages = len({outcome.package for outcome in tried})
            count = f"{len(tried)} invocations of {packages} packages"
            lines.append(f"{way}: {good} of {count} agree{_converted(tried, way)}")
    return lines


def _converted(tried: Sequence[Outcome], way: str) -> str:
    """Say how much of the code was converted, and who went back to the baseline tier."""
    if way == BASELINE:
        return ""
    runs = [outcome.ran[way] for outcome in tried]
    whole = sum(bool(ran.files) and ran.files == ran.converted for ran in runs)
    some = sum(bool(ran.converted) and ran.files != ran.converted for ran in runs)
    gave_up = sum(bool(ran.left) for ran in runs)
    silent = sum(not ran.files for ran in runs)
    words = f"; {whole} with all their programs and libraries converted, {some} with some"
    words += f", {silent} end by a signal and do not say" if silent else ""
    why = "since it handles faults itself"
    return words + (f"; in {gave_up} a process leaves the optimised tier, {why}" if gave_up else "")


def page(parts: Sequence[Part], head: str = HEAD) -> str:
    """Return the text of a page, docs/debian.md unless it begins otherwise."""
    date = f"{datetime.now(tz=UTC):%Y-%m-%d}"
    commits = sorted(
        {ran.commit for part in parts for _, outcome in part.rows for ran in outcome.ran.values()}
    )
    lines = [head.format(date=date, commits=", ".join(commits), suite=SUITE)]
    for part in parts:
        lines.append(f"## {part.world.title}\n\n")
        lines += [f"- {line}\n" for line in counts(part)]
        lines.append("\n### Differences\n\n")
        lines += _differences(part) or ["None.\n"]
        lines.append("\n### Not converted\n\n")
        lines += [*_not_converted(part), *_failed(part)]
        lines.append("\n### Packages\n\n")
        lines += _packages(part)
        lines.append("\n")
    if masks := _masks(parts):
        lines += ["## What may differ\n\n", *masks]
    return "".join(lines).rstrip("\n") + "\n"


def _masks(parts: Sequence[Part]) -> list[str]:
    cases = {case.name: case for part in parts for case, _ in part.rows}
    return list(
        dict.fromkeys(
            f"- `{name}`: {mask.why}\n" for name, case in cases.items() for mask in case.masks
        )
    )


def _differences(part: Part) -> list[str]:
    """Return a line for each difference; ways that differ alike share one."""
    lines = []
    for case, outcome in part.rows:
        seen: dict[str, list[str]] = {}
        for way, ran in outcome.ran.items():
            if ran.difference:
                seen.setdefault(ran.difference, []).append(way)
        reason = case.differs or "not looked into"
        lines += [
            f"- `{case.name}` ({case.package}; {', '.join(ways)}): {reason}. Seen: {difference}\n"
            for difference, ways in seen.items()
        ]
    return lines


def _not_converted(part: Part) -> list[str]:
    """Say which files had no package in the last run, the most wanted first."""
    missing: dict[str, int] = {}
    last = part.of(SECOND) or part.of(FIRST)
    for outcome in last:
        ran = outcome.ran.get(SECOND) or outcome.ran[FIRST]
        for file in ran.files - ran.converted:
            missing[file] = missing.get(file, 0) + 1
    if not last:
        return ["Nothing was: `make debian` does that in the time it is given (`MINUTES=60`).\n"]
    if not missing:
        return ["Everything was.\n"]
    ordered = sorted(missing, key=lambda file: (-missing[file], file))
    names = (f"{file.rpartition('/')[2]} ({missing[file]})" for file in ordered[:MOST_FILES])
    return [
        f"{len(missing)} programs and libraries ran in the baseline tier, beside converted ones; "
        "those that most invocations\nneed, and how many do:\n",
        *_wrapped(names),
    ]


def _failed(part: Part) -> list[str]:
    """Say of which files the conversion was tried and failed, and why."""
    if not part.failed:
        return []
    reasons = (f"- `{file}`: {' '.join(why.split())}\n" for file, why in part.failed.items())
    return ["\nCould not be converted:\n\n", *reasons]


def _wrapped(words: Iterator[str], width: int = 110) -> Iterator[str]:
    line = ""
    for word in words:
        if line and len(line) + len(word) > width:
            yield f"{line},\n"
            line = word
        else:
            line = f"{line}, {word}" if line else word
    yield f"{line}.\n"


def _packages(part: Part) -> list[str]:
    lines = [
        "| package | version | invocations | baseline | converted | 2nd run | files converted |\n",
        "|---|---|---|---|---|---|---|\n",
    ]
    for name, some in part.by_package().items():
        version = part.versions.get(name, {}).get("version", "")
        tried = ", ".join(outcome.name for outcome in some)
        columns = " | ".join(_agree(some, way) for way in WAYS)
        lines.append(f"| {name} | {version} | {tried} | {columns} | {_share(some)} |\n")
    return lines


def _agree(some: Sequence[Outcome], way: str) -> str:
    tried = [outcome.ran[way] for outcome in some if way in outcome.ran]
    good = sum(not ran.difference for ran in tried)
    return f"{good} of {len(tried)}" if tried else "not run"


def _share(some: Sequence[Outcome]) -> str:
    runs = [outcome.ran[SECOND] for outcome in some if SECOND in outcome.ran]
    files = {file for ran in runs for file in ran.files}
    converted = {file for ran in runs for file in ran.converted}
    return f"{len(converted)} of {len(files)}" if files else ""
