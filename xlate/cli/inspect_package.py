"""`xlate inspect` of a package: ``xlate.report.package`` as tables or JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from xlate.cli.input import Refused, parse_address
from xlate.cli.tables import output_console, plain, reasons, table
from xlate.errors import MalformedInput
from xlate.loader import Image, read_file
from xlate.package.faults import FaultRow
from xlate.package.format import Package, read
from xlate.package.store import Store, why_none
from xlate.report import package as report

ENTRIES_SHOWN = 20


def stored_for(prog: str) -> Path:
    """Return the package that the store has for a program, or end with one line."""
    name = click.format_filename(prog)
    stores = Store.locate_all(os.environ)
    if not stores:
        raise Refused(f"{name}: there is no store ({why_none(os.environ)})")
    try:
        guest = read_file(prog)
    except MalformedInput as error:
        raise Refused(f"{name}: {error}") from error
    for store in stores:
        found = store.find(guest)
        if found is not None:
            return found
    raise Refused(f"{name}: no package in {stores[0].root}; try: xlate convert {name}")


def show(path: Path, function: str | None, image: Image | None, *, as_json: bool) -> None:
    """Print a package, or one function's host code; names are those of its program's image."""
    package = _read(path)
    if function is not None:
        _show_function(package, function, image, as_json=as_json)
        return
    if as_json:
        click.echo(json.dumps(report.as_json(package), indent=1))
        return
    console = output_console()
    facts = table(None, "", "")
    facts.show_header = False
    for name, value in [("package", str(path)), *report.facts(package)]:
        facts.add_row(name, Text(value))
    console.print(facts)
    made = table("\nSections", "name", ">size")
    for name, size in report.sections(package):
        made.add_row(name, f"{size:,}")
    console.print(made)
    _print_entries(console, package)
    _print_provenance(console, package.provenance)


def _read(path: Path) -> Package:
    name = click.format_filename(path)
    try:
        return read(path)
    except MalformedInput as error:
        raise Refused(f"{name}: {error}") from error
    except OSError as error:
        raise Refused(f"{name}: cannot be read ({(error.strerror or '').lower()})") from error


def _print_entries(console: Console, package: Package) -> None:
    made = table("\nEntries", "address", "mode", "kind", ">offset", ">size")
    for entry in package.entries[:ENTRIES_SHOWN]:
        mode = "T32" if entry.key & 1 else "A32"
        kind = "secondary" if entry.kind else "function"
        made.add_row(f"{entry.key & ~1:#x}", mode, kind, f"{entry.offset:#x}", f"{entry.size:,}")
    console.print(made)
    rest = len(package.entries) - ENTRIES_SHOWN
    if rest > 0:
        console.print(f"... and {rest:,} more (--json shows all)")


def _print_provenance(console: Console, provenance: Mapping[str, Any]) -> None:
    made = table("\nProvenance", "", "")
    made.show_header = False
    for name, value in provenance.items():
        if name in {"refused", "left"}:
            value = "\n".join(reasons(value)) or "nothing"
        elif isinstance(value, dict):
            value = json.dumps(value)
        made.add_row(plain(name), plain(str(value)))
    console.print(made)


def _show_function(package: Package, text: str, image: Image | None, *, as_json: bool) -> None:
    rows = report.functions(package)
    row = report.function_at(rows, _address(text, image))
    if row is None:
        raise Refused(f"{text}: no function of the package begins or has code there")
    lines = report.host_lines(package, row, rows)
    if as_json:
        click.echo(json.dumps({"key": row.key, "host": host_json(lines)}, indent=1))
        return
    console = output_console()
    console.print(Text(_title(row, len(lines))))
    print_host(console, lines)


def _address(text: str, image: Image | None) -> int:
    if image is not None:
        return parse_address(image, text)[0]
    try:
        return int(text, 0) & ~1
    except ValueError:
        message = f"{text!r} is no number, and a package holds no names; try: --package PROG"
        raise click.BadParameter(message) from None


def _title(row: FaultRow, count: int) -> str:
    mode = "T32" if row.key & 1 else "A32"
    return f"f_{row.key:08x}: {mode}, {row.size:,} bytes of host code, {count:,} instructions"


def host_json(lines: list[report.HostLine]) -> list[dict[str, Any]]:
    """Return host instructions as JSON objects."""
    return [
        {"offset": line.offset, "bytes": line.data.hex(), "text": line.text, "key": line.key}
        for line in lines
    ]


def print_host(console: Console, lines: list[report.HostLine]) -> None:
    """Print host code, each guest address once where its code begins."""
    made = table(None, "guest", ">offset", "host code")
    last: int | None = None
    for line in lines:
        guest = f"{line.key & ~1:#x}" if line.key is not None and line.key != last else ""
        last = line.key
        made.add_row(guest, f"{line.offset:x}", Text(line.text))
    console.print(made)
