"""`xlate coverage`: the table of ``xlate.report.coverage``, a row for each file."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from xlate.cli.input import GivenPath, Refused
from xlate.cli.tables import output_console, reasons, table
from xlate.convert import files
from xlate.discovery.model import Confidence
from xlate.errors import XlateError
from xlate.report.coverage import Row, row_of, total

EPILOG = """
\b
Examples:
  xlate coverage ./busybox                    how much of its text is known to be code
  xlate coverage /srv/armhf/usr/bin           every ARM program below a folder
  xlate coverage ./prog --json | jq .refused
"""


@click.command(epilog=EPILOG)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...",
                type=GivenPath())  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line for each file.")
def coverage(paths: tuple[Path, ...], *, as_json: bool) -> None:
    """Show how much of each program's text is found as code, and how sure that is.

    PATH is a program, a library, or a folder to be searched for them. Nothing is compiled. Columns
    from `named` to `unknown` are percent of the text; what is unknown when a program runs there is
    translated then. Refused instructions are left to the baseline tier.
    """
    rows, failures = [], 0
    with _bar() as bar:
        task = bar.add_task("discovering", total=None)
        for path, why in _files(paths):
            bar.update(task, description=click.format_filename(path.name))
            try:
                if why is not None:
                    raise why
                rows.append(row_of(path))
            except XlateError as error:
                click.echo(f"xlate: {click.format_filename(path)}: {error}", err=True)
                failures += 1
    if as_json:
        for row in rows:
            click.echo(json.dumps(row.as_json()))
    elif rows:
        _print(output_console(), rows)
    elif not failures:
        raise Refused(f"{' '.join(map(click.format_filename, paths))}: no ARM program there")
    if failures:
        sys.exit(1)


def _files(paths: tuple[Path, ...]) -> Iterator[tuple[Path, XlateError | None]]:
    """Yield files and, for what cannot be looked into, why."""
    for path in paths:
        if not path.is_dir():
            yield path, None
            continue
        found = files.below(path)
        yield from ((path, None) for path in found.files)
        yield from found.unread


def _bar() -> Progress:
    """Something that moves, on stderr; nothing where nobody watches."""
    return Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())


def _print(console: Console, rows: list[Row]) -> None:
    everything = total(rows)
    believed = list(everything.code)
    names = [f">{confidence.name.lower()}" for confidence in believed]
    made = table(None, "file", ">text", *names, ">data", ">unknown", ">functions",
                 ">instructions", ">translated", ">refused")  # fmt: skip
    for row in rows if len(rows) == 1 else [*rows, everything]:
        _add(made, row, believed)
    console.print(made)
    if everything.refused:
        console.print("\nRefused instructions")
        for line in reasons(everything.refused):
            console.print(f"  {line}", markup=False)


def _add(made: Table, row: Row, believed: list[Confidence]) -> None:
    parts = [*(row.code.get(confidence, 0) for confidence in believed), row.data, row.unknown]
    shares = [f"{100 * part / row.text:.1f}" if row.text else "-" for part in parts]
    counts = (row.functions, row.instructions, row.translated, sum(row.refused.values()))
    name = click.format_filename(row.name)
    made.add_row(name, f"{row.text:,}", *shares, *(f"{count:,}" for count in counts))
