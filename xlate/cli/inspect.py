"""`xlate inspect`: how the result of ``xlate.report.inspect`` is printed, for people or as JSON."""

from __future__ import annotations

import json
import sys

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from xlate.cli.input import forced_mode, load_program, parse_address
from xlate.report import inspect as report

SYMBOLS_SHOWN = 20

EPILOG = """
\b
Examples:
  xlate inspect ./prog                       what the file is, and the code at its entry
  xlate inspect ./prog --addr main -n 20     twenty instructions from a symbol on
  xlate inspect ./prog --addr 0x10365        an odd address is T32, as in a function pointer
  xlate inspect ./prog --json | jq .segments
"""


@click.command(epilog=EPILOG)
@click.argument("prog", type=click.Path())
@click.option("--addr", metavar="ADDR", help="Show code here: a number or a symbol.  [entry]")
@click.option("-n", "--count", type=click.IntRange(0, 10_000), default=8, show_default=True,
              help="How many instructions.")  # fmt: skip
@click.option("--thumb", is_flag=True, help="Take the code for T32.")
@click.option("--arm", is_flag=True, help="Take the code for A32.")
@click.option("--symbols", "all_symbols", is_flag=True, help="Show every symbol.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def inspect(
    prog: str,
    addr: str | None,
    count: int,
    *,
    thumb: bool,
    arm: bool,
    all_symbols: bool,
    as_json: bool,
) -> None:
    """Show segments and symbols of PROG, and its code as xlate sees it.

    Each instruction stands beside the IR that its semantics record, and the host code that the
    baseline tier makes of it.
    """
    forced = forced_mode(thumb=thumb, arm=arm)
    image = load_program(prog)
    if addr is None:
        guest_va, hint = image.entry, None
    else:
        guest_va, hint = parse_address(image, addr)
        if image.segment_at(guest_va) is None:
            raise click.BadParameter(f"{addr} is in no segment of {prog}", param_hint="--addr")
    code = report.code_at(image, guest_va, count, forced=forced, hint=hint)
    if as_json:
        click.echo(json.dumps(report.as_json(image, code), indent=1))
        return
    console = _console()
    if addr is None:
        _print_file(console, image, all_symbols=all_symbols)
    _print_code(console, code)


def _console() -> Console:
    # Piped output is read by programs too: never cut a line to the width of a terminal.
    width = None if sys.stdout.isatty() else 160
    return Console(width=width, highlight=False, soft_wrap=False)


def _print_file(console: Console, image: report.Image, *, all_symbols: bool) -> None:
    facts = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, value in report.facts(image):
        facts.add_row(name, Text(value))
    console.print(facts)
    segments = _table("\nSegments", "address", "end", "file", "memory", "prot")
    for segment in image.segments:
        cells = (segment.guest_va, segment.end, len(segment.data), segment.memory_size)
        segments.add_row(*(f"{cell:#x}" for cell in cells), str(segment.prot))
    console.print(segments)
    _print_symbols(console, image, all_symbols=all_symbols)


def _print_symbols(console: Console, image: report.Image, *, all_symbols: bool) -> None:
    named = [symbol for symbol in image.labels if symbol.kind != "notype"]
    if not named:
        console.print("\nSymbols: none (stripped)")
        return
    shown = named if all_symbols else named[:SYMBOLS_SHOWN]
    table = _table("\nSymbols", "address", "size", "kind", "mode", "name")
    for symbol in shown:
        mode = {None: "", True: "T32", False: "A32"}[symbol.thumb]
        table.add_row(
            f"{symbol.guest_va:#x}", f"{symbol.size:#x}", symbol.kind, mode, Text(symbol.name)
        )
    console.print(table)
    if len(shown) < len(named):
        console.print(f"... and {len(named) - len(shown)} more (--symbols shows all)")


def _print_code(console: Console, code: list[report.Code]) -> None:
    table = _table("\nCode", "address", "encoding", "instruction", "IR", "host code")
    for row in code:
        words = " ".join(filter(None, (row.line.mnemonic, row.line.operands)))
        table.add_row(
            f"{row.line.guest_va:#x}",
            row.line.encoding(),
            Text(words),
            Text(row.ir),
            Text(row.host),
        )
    console.print(table)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None,
                  padding=(0, 2, 0, 0))  # fmt: skip
    for name in columns:
        table.add_column(name, overflow="fold")
    return table
