"""`xlate pack list`: what a pack has, by its index and the headers of its packages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from xlate.cli.input import GivenPath, Refused
from xlate.cli.tables import output_console, plain, table
from xlate.errors import MalformedInput
from xlate.package.key import fingerprint
from xlate.package.layout import SECTIONS
from xlate.package.pack import Pack, Row, opened

HASH_SHOWN = 16  # digits of a guest file's hash that a table has


@contextmanager
def pack_in(path: Path) -> Iterator[Pack]:
    """Yield the open pack; Refused in one line where it is none, or not sound."""
    name = click.format_filename(path)
    try:
        with opened(path) as pack:
            yield pack
    except MalformedInput as error:
        raise Refused(f"{name}: {error}") from error
    except OSError as error:
        raise Refused(f"{name}: cannot be read ({(error.strerror or '').lower()})") from error


@click.command("list")
@click.argument("file", type=GivenPath())
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_command(file: Path, *, as_json: bool) -> None:
    """Show the packages in a pack.

    For each file that they were made for its names and the beginning of its hash, bytes of code and
    of tables, how it was compiled, and whether this version of xlate uses it.
    """
    with pack_in(file) as pack:
        found = [_about(pack, row) for row in pack.rows]
    found.sort(key=lambda about: (about["names"], about["guest_hash"]))
    if as_json:
        click.echo(json.dumps({"pack": str(file), "size": pack.size, "packages": found}))
        return
    made = table(None, "file", "content", ">code", ">tables", "made with", "state")
    for about in found:
        options = f"-O{about['level']}{', --fp fast' if about['fp'] == 'fast' else ''}"
        made.add_row(
            plain("\n".join(about["names"])),
            about["guest_hash"][:HASH_SHOWN],
            f"{about['code_bytes']:,}",
            f"{about['table_bytes']:,}",
            options,
            about["state"],
        )
    console = output_console()
    console.print(made)
    console.print(f"{len(found)} packages, {pack.size / 1e6:.1f} MB")


def _about(pack: Pack, row: Row) -> dict[str, Any]:
    """What the header of a package says; its contents are not looked at."""
    header = pack.header(row)
    sizes = dict(zip(SECTIONS, header["sections"][1::2], strict=True))
    tables = ("table_a32", "table_t32", "entries", "faults")
    current = header["fingerprint"] == fingerprint()
    return {
        "names": list(row.names),
        "guest_hash": row.guest_hash.hex(),
        "size": row.size,
        "code_bytes": sizes["image"],
        "table_bytes": sum(sizes[name] for name in tables),
        "functions": header["functions"],
        "level": header["level"],
        "fp": "fast" if row.fast else "exact",
        "state": "current" if current else "made by another version",
    }
