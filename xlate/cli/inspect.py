"""`xlate inspect`: how the results of ``xlate.report.inspect`` are printed, for people or as JSON.

A package is printed by ``inspect_package.py``, a function in the optimised tier too.
"""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from xlate.cli.input import forced_mode, load_program, parse_address
from xlate.cli.tables import output_console, plain, table
from xlate.loader import CodeMark
from xlate.package.layout import MAGIC
from xlate.package.regular import open_regular
from xlate.report import inspect as report

SYMBOLS_SHOWN = 20

EPILOG = """
\b
Examples:
  xlate inspect ./prog                       what the file is, and the code at its entry
  xlate inspect ./prog --addr main -n 20     twenty instructions from a symbol on
  xlate inspect ./prog --addr 0x10365        an odd address is T32, as in a function pointer
  xlate inspect ./prog --json | jq .segments
  xlate inspect prog.xlp                     a package: header, sections, entries
  xlate inspect --package ./prog             the package of a program, from the store
  xlate inspect ./prog --function main --llvm --host
"""


@click.command(epilog=EPILOG)
@click.argument("prog", type=click.Path())
@click.option("--addr", metavar="ADDR", help="Show code here: a number or a symbol.  [entry]")
@click.option("-n", "--count", type=click.IntRange(0, 10_000), default=8, show_default=True,
              help="How many instructions.")  # fmt: skip
@click.option("--thumb", is_flag=True, help="Take the code for T32.")
@click.option("--arm", is_flag=True, help="Take the code for A32.")
@click.option("--symbols", "all_symbols", is_flag=True, help="Show every symbol.")
@click.option("--package", is_flag=True, help="Show the package that the store has for PROG.")
@click.option("--function", metavar="ADDR", help="Show the function there: a number or a symbol.")
@click.option("--llvm", is_flag=True, help="With --function: LLVM IR, as lifted and after passes.")
@click.option("--host", is_flag=True, help="With --function: optimised host code.")
@click.option("-O", "level", type=click.IntRange(0, 2), default=1, show_default=True,
              help="With --function: the level, as for convert.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def inspect(
    prog: str,
    addr: str | None,
    count: int,
    function: str | None,
    level: int,
    *,
    thumb: bool,
    arm: bool,
    all_symbols: bool,
    package: bool,
    llvm: bool,
    host: bool,
    as_json: bool,
) -> None:
    """Show segments and symbols of PROG, and its code as xlate sees it.

    Each instruction stands beside the IR that its semantics record, and the host code that the
    baseline tier makes of it. With --function, the optimised tier's code for a whole function. PROG
    may be a package (.xlp) instead of a program.
    """
    if (llvm or host) and function is None:
        raise click.UsageError("--llvm and --host show a function; name it with --function")
    if package or is_package(prog):
        _inspect_package(prog, function, stored=package, llvm=llvm, as_json=as_json)
        return
    image = load_program(prog)
    if function is not None:
        from xlate.cli import inspect_function  # LLVM takes a while to load

        parts = inspect_function.Parts(llvm=llvm or not host, host=host or not llvm)
        guest_va = _address(image, function, "--function")[0]
        inspect_function.show(image, guest_va, level, parts, as_json=as_json)
        return
    forced = forced_mode(thumb=thumb, arm=arm)
    guest_va, hint = (image.entry, None) if addr is None else _address(image, addr, "--addr")
    code = report.code_at(image, guest_va, count, forced=forced, hint=hint)
    if as_json:
        click.echo(json.dumps(report.as_json(image, code), indent=1))
        return
    console = output_console()
    if addr is None:
        _print_file(console, image, all_symbols=all_symbols)
    _print_code(console, code)


def _address(image: report.Image, text: str, option: str) -> tuple[int, CodeMark | None]:
    guest_va, hint = parse_address(image, text)
    if image.segment_at(guest_va) is None:
        raise click.BadParameter(f"{text} is in no segment of {image.path}", param_hint=option)
    return guest_va, hint


def is_package(path: str) -> bool:
    """Say whether a file begins like a package."""
    try:
        with open_regular(Path(path)) as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False  # whoever reads it as a program says why


def _inspect_package(
    prog: str, function: str | None, *, stored: bool, llvm: bool, as_json: bool
) -> None:
    from xlate.cli import inspect_package

    if llvm:
        raise click.UsageError("a package holds no LLVM IR; name the program instead")
    if is_package(prog) or not stored:
        inspect_package.show(Path(prog), function, None, as_json=as_json)
        return
    path = inspect_package.stored_for(prog)
    inspect_package.show(path, function, load_program(prog), as_json=as_json)


def _print_file(console: Console, image: report.Image, *, all_symbols: bool) -> None:
    facts = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, value in report.facts(image):
        facts.add_row(name, plain(value))
    console.print(facts)
    segments = table("\nSegments", "address", "end", "file", "memory", "prot")
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
    rows = table("\nSymbols", "address", "size", "kind", "mode", "name")
    for symbol in shown:
        mode = {None: "", True: "T32", False: "A32"}[symbol.thumb]
        rows.add_row(
            f"{symbol.guest_va:#x}", f"{symbol.size:#x}", symbol.kind, mode, plain(symbol.name)
        )
    console.print(rows)
    if len(shown) < len(named):
        console.print(f"... and {len(named) - len(shown)} more (--symbols shows all)")


def _print_code(console: Console, code: list[report.Code]) -> None:
    rows = table("\nCode", "address", "encoding", "instruction", "IR", "host code")
    for row in code:
        words = " ".join(filter(None, (row.line.mnemonic, row.line.operands)))
        rows.add_row(
            f"{row.line.guest_va:#x}",
            row.line.encoding(),
            Text(words),
            Text(row.ir),
            Text(row.host),
        )
    console.print(rows)
