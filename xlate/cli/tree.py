"""`xlate convert --recursive`: many files behind one bar, and a table of what came of them.

Only failures and our own mistakes are told one by one. A call that is stopped, by Ctrl-C or a
failure, is gone on with by the same call: what is current is passed over.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from xlate.batch.crew import Crew, Failure, Finished
from xlate.batch.survey import Survey, survey
from xlate.cli import OWN_FAILURE
from xlate.cli.conversion import mistake_lines, why_failed
from xlate.cli.progress import bar_of_bytes
from xlate.cli.signals import workers_may_die
from xlate.cli.tables import output_console, reasons, table
from xlate.convert.program import Job, convert
from xlate.convert.result import Conversion, Progress
from xlate.convert.target import Target


@dataclass(frozen=True)
class Flags:
    """What the command line says beside the files."""

    level: int
    fast: bool
    jobs: int
    quiet: bool
    as_json: bool
    strict: bool
    again: bool = False


@dataclass
class _Sums:
    """What came of the files so far."""

    converted: int = 0
    failed: int = 0
    functions: int = 0
    instructions: int = 0
    bytes: int = 0
    cpu: float = 0.0
    evicted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    distrusted: str = ""
    statuses: list[int] = field(default_factory=list)

    def add(self, done: Conversion) -> None:
        """Count a file that has a package now."""
        self.converted += 1
        self.functions += done.translated.functions
        self.instructions += done.translated.instructions
        self.bytes += done.translated.bytes
        self.cpu += done.cpu.total
        self.evicted += done.evicted
        self.refused.update(done.refused)
        self.distrusted = done.distrusted or self.distrusted


def convert_tree(
    paths: Sequence[Path], passed: Mapping[str, int], target: Target, flags: Flags
) -> list[int]:
    """Convert what is not current; return the statuses of what failed that should have worked."""
    sums = _Sums()
    found = Survey()
    try:
        found = _survey(paths, target, flags)
        found.passed.update(passed)
        _convert(found, target, flags, sums)
    finally:
        if not flags.quiet and not flags.as_json:
            console = output_console()
            left = len(found.candidates) - sums.converted - sums.failed
            console.print(_table(found, sums, left))
            for line in _notes(found, sums, left):
                console.print(Text(line))
    return sums.statuses


def _survey(paths: Sequence[Path], target: Target, flags: Flags) -> Survey:
    with bar_of_bytes(quiet=flags.quiet) as bar:
        task = bar.add_task("looking at files", total=len(paths))

        def show(done: int) -> None:
            if done % 32 == 0:
                bar.update(task, completed=done, refresh=True)

        return survey(
            paths, target, level=flags.level, fast=flags.fast, again=flags.again, show=show
        )


def _convert(found: Survey, target: Target, flags: Flags, sums: _Sums) -> None:
    def work(path: Path, jobs: int, show: Progress) -> Conversion:
        return convert(Job(path, target, flags.level, jobs, show, fast=flags.fast))

    if target.store is not None and target.file is None and target.folder is None:
        target.store.prepare()  # not by every process at once
    with workers_may_die(), bar_of_bytes(quiet=flags.quiet) as bar:
        task = bar.add_task("", total=None)
        files = len(found.candidates)

        def show(done: float, total: float, names: Sequence[str]) -> None:
            count = sums.converted + sums.failed
            about = f"{count:,}/{files:,} {' '.join(names)}"[:60]
            bar.update(task, description=about, completed=done, total=total, refresh=True)

        crew = Crew(work, why_failed, flags.jobs, show)
        with contextlib.closing(crew.convert(found.paths)) as all_finished:
            for finished in all_finished:
                _tell(finished, flags, sums, bar.console)


def _tell(finished: Finished, flags: Flags, sums: _Sums, console: Console) -> None:
    """Count what became of a file, and print what is said of it at once."""
    name = click.format_filename(finished.path)
    if isinstance(finished.result, Failure):
        sums.failed += 1
        sums.statuses.append(finished.result.status)
        _say(console, f"{name}: {finished.result.why}")
        return
    sums.add(finished.result)
    if flags.as_json:
        click.echo(json.dumps(finished.result.as_json()))
    for line in mistake_lines(finished.result):
        _say(console, line)
    if finished.result.mistakes and flags.strict:
        sums.statuses.append(OWN_FAILURE)


def _say(console: Console, line: str) -> None:
    """Print a line on stderr, above the bar where there is one."""
    if console.is_terminal:
        console.print(Text(f"xlate: {line}"), soft_wrap=True)
    else:
        click.echo(f"xlate: {line}", err=True)


def _table(found: Survey, sums: _Sums, left: int) -> Table:
    made = table(None, "files", ">", "")
    made.add_row("converted", f"{sums.converted:,}", _what(sums))
    made.add_row("current", f"{found.current:,}", "")
    rows = (
        ("failed", sums.failed, ""),
        ("not done", left, "the same call goes on there"),
        ("copies", found.copies, "of the content of others"),
    )
    for name, count, about in rows:
        if count:
            made.add_row(name, f"{count:,}", about)
    made.add_row("passed over", f"{found.passed.total():,}", "")
    for line in reasons(found.passed):
        number, _, reason = line.partition(" ")
        made.add_row("", number, reason)
    return made


def _what(sums: _Sums) -> str:
    if not sums.converted:
        return ""
    return (
        f"{sums.functions:,} functions, {sums.instructions:,} instructions into {sums.bytes:,}"
        f" bytes; CPU {sums.cpu:.1f} s"
    )


def _notes(found: Survey, sums: _Sums, left: int) -> list[str]:
    lines = []
    if sums.refused:
        lines.append(f"{sums.refused.total():,} functions to the baseline tier:")
        lines += [f"  {line}" for line in reasons(sums.refused)]
    if sums.evicted:
        lines.append(
            f"the store is full: {sums.evicted:,} files of use longest ago are gone"
            " (XLATE_CACHE_MAX says how large it may be)"
        )
    if sums.distrusted:
        lines.append(f"exec will not use the packages there: {sums.distrusted}")
    return lines
