"""`xlate convert --standalone PROG -o APP`: one executable for x86-64, and what is not in it.

What goes into it ``xlate.convert.standalone`` decides, where packages come from
``xlate.convert.packing``, and the bytes ``xlate.package.bundle``. A file whose code cannot be
converted is carried all the same, and said: it runs in the baseline tier.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from xlate.cli.convert import report_failure
from xlate.cli.input import Refused
from xlate.cli.packing import Packages
from xlate.convert.packing import Part
from xlate.convert.standalone import Standalone, gather
from xlate.convert.target import check_place
from xlate.errors import XlateError
from xlate.package import bundle
from xlate.package.key import content_hash
from xlate.runtime import find

NAMES_SHOWN = 3


@dataclass(frozen=True)
class Wanted:
    """What the command line says."""

    program: Path
    output: Path
    sysroot: Path | None
    packages: Packages
    as_json: bool


def check_output(output: Path) -> None:
    """Refuse a place for an executable where something else would be lost."""
    check_place(output)
    if output.exists() and output.stat().st_size and not bundle.carries(output):
        name = click.format_filename(output)
        raise Refused(f"{name}: it exists, and is no executable that carries anything")


def make(wanted: Wanted) -> None:
    """Make the executable, and say what is in it and what is not; exits with 1 where code lacks."""
    try:
        check_output(wanted.output)
        found = gather(wanted.program, wanted.sysroot)
        _write(wanted, found)
    except XlateError as error:
        sys.exit(report_failure(wanted.program, error))
    except OSError as error:
        sys.exit(report_failure(wanted.output, error))
    if wanted.as_json:
        click.echo(json.dumps(_as_json(wanted, found)))
    elif not wanted.packages.quiet:
        _print(wanted, found)
    if wanted.packages.statuses:
        sys.exit(max(wanted.packages.statuses))


def _write(wanted: Wanted, found: Standalone) -> None:
    with wanted.packages.packer() as packer:

        def fill(filler: bundle.Filler) -> None:
            for path, file in zip(found.paths, found.files, strict=True):
                part = Part(path, content_hash(file.data), file.names or (path.name,))
                package = wanted.packages.of(packer, part)
                if package is not None:
                    filler.add(part.names, package, file.data)

        runtime = find().read_bytes()
        bundle.write(wanted.output, runtime, fill, found.files, fast=wanted.packages.fast)


def _as_json(wanted: Wanted, found: Standalone) -> dict[str, Any]:
    return {
        "executable": str(wanted.output),
        "size": wanted.output.stat().st_size,
        "files": [
            {"path": str(path), "names": list(one.names), "size": len(one.data)}
            for path, one in zip(found.paths, found.files, strict=True)
        ],
        "packages": [
            {"path": str(part.path), "from_store": from_store, "size": size}
            for part, from_store, size in wanted.packages.made
        ],
        "not_converted": len(wanted.packages.statuses),
        "left_out": list(found.left_out),
    }


def _print(wanted: Wanted, found: Standalone) -> None:
    name = click.format_filename(wanted.output)
    files = sum(len(one.data) for one in found.files) / 1e6
    made = wanted.packages
    count = len(found.files)
    click.echo(f"{name}: {wanted.output.stat().st_size / 1e6:.1f} MB, for x86-64")
    click.echo(f"  {count} file{'' if count == 1 else 's'} of the guest, {files:.1f} MB")
    click.echo(f"  {len(made.made)} translated, {made.size():.1f} MB ({made.origin()})")
    click.echo("  left out: files that it opens; try: the machine's, or XLATE_SYSROOT")
    for line in found.left_out:
        what, _, by = line.partition(": ")
        click.echo(f"  left out: {what}: {_some(by.split(', '))}")


def _some(names: list[str]) -> str:
    """The first few names, and how many more there are."""
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
