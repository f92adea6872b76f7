"""`xlate convert --standalone PROG -o APP`: one executable for x86-64, and what is not in it.

What goes into it ``xlate.convert.standalone`` decides, where packages come from
``xlate.convert.packing``, and the bytes ``xlate.package.bundle``. A file whose code cannot be
converted is carried all the same, and said: it runs in the baseline tier.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from xlate.cli import BAD_INPUT
from xlate.cli.convert import report_failure
from xlate.cli.input import Refused
from xlate.cli.progress import bar_for, shown_in
from xlate.cli.signals import workers_may_die
from xlate.convert.packing import Packer, Part
from xlate.convert.standalone import Standalone, gather
from xlate.convert.target import check_place, usable
from xlate.errors import XlateError
from xlate.package import bundle
from xlate.package.key import content_hash
from xlate.package.store import Store
from xlate.runtime import find

NAMES_SHOWN = 3


@dataclass(frozen=True)
class Wanted:
    """What the command line says."""

    program: Path
    output: Path
    sysroot: Path | None
    level: int | None
    fast: bool
    jobs: int
    quiet: bool
    as_json: bool


@dataclass
class _Outcome:
    """What became of each file's code."""

    packages: list[tuple[Path, bool, int]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)  # of what was not converted


def check_output(output: Path) -> None:
    """Refuse a place for an executable where something else would be lost."""
    check_place(output)
    if output.exists() and output.stat().st_size and not bundle.carries(output):
        name = click.format_filename(output)
        raise Refused(f"{name}: it exists, and is no executable that carries anything")


def make(wanted: Wanted) -> None:
    """Make the executable, and say what is in it and what is not; exits with 1 where code lacks."""
    outcome = _Outcome()
    try:
        check_output(wanted.output)
        found = gather(wanted.program, wanted.sysroot)
        _write(wanted, found, outcome)
    except XlateError as error:
        sys.exit(report_failure(wanted.program, error))
    except OSError as error:
        sys.exit(report_failure(wanted.output, error))
    if wanted.as_json:
        click.echo(json.dumps(_as_json(wanted, found, outcome)))
    elif not wanted.quiet:
        _print(wanted, found, outcome)
    if outcome.statuses:
        sys.exit(max(outcome.statuses))


def _write(wanted: Wanted, found: Standalone, outcome: _Outcome) -> None:
    with tempfile.TemporaryDirectory(prefix="xlate-standalone-") as scratch:
        packer = Packer(
            usable(Store.locate(os.environ)),
            Store.locate_system(os.environ),
            Path(scratch),
            wanted.level,
            wanted.fast,
            wanted.jobs,
        )

        def fill(filler: bundle.Filler) -> None:
            for path, file in zip(found.paths, found.files, strict=True):
                part = Part(path, content_hash(file.data), file.names or (path.name,))
                package = _package(packer, part, outcome, wanted)
                if package is not None:
                    filler.add(part.names, package, file.data)

        runtime = find().read_bytes()
        bundle.write(wanted.output, runtime, fill, found.files, fast=wanted.fast)


def _package(packer: Packer, part: Part, outcome: _Outcome, wanted: Wanted) -> bytes | None:
    """A file's package; None, and it is said why, where there is none."""
    try:
        name = click.format_filename(part.path.name)
        with workers_may_die(), bar_for(quiet=wanted.quiet) as bar:
            data, from_store = packer.package(part, shown_in(bar, name))
    except Exception as error:  # a mistake of ours, too, costs this file's code and nothing else
        outcome.statuses.append(max(report_failure(part.path, error), BAD_INPUT))
        return None
    outcome.packages.append((part.path, from_store, len(data)))
    return data


def _as_json(wanted: Wanted, found: Standalone, outcome: _Outcome) -> dict[str, Any]:
    return {
        "executable": str(wanted.output),
        "size": wanted.output.stat().st_size,
        "files": [
            {"path": str(path), "names": list(one.names), "size": len(one.data)}
            for path, one in zip(found.paths, found.files, strict=True)
        ],
        "packages": [
            {"path": str(path), "from_store": from_store, "size": size}
            for path, from_store, size in outcome.packages
        ],
        "not_converted": len(outcome.statuses),
        "left_out": list(found.left_out),
    }


def _print(wanted: Wanted, found: Standalone, outcome: _Outcome) -> None:
    name = click.format_filename(wanted.output)
    files = sum(len(one.data) for one in found.files) / 1e6
    code = sum(size for *_, size in outcome.packages) / 1e6
    kept = sum(from_store for _, from_store, _ in outcome.packages)
    count = len(found.files)
    click.echo(f"{name}: {wanted.output.stat().st_size / 1e6:.1f} MB, for x86-64")
    click.echo(f"  {count} file{'' if count == 1 else 's'} of the guest, {files:.1f} MB")
    click.echo(
        f"  {len(outcome.packages)} translated, {code:.1f} MB"
        f" ({kept} from the store, {len(outcome.packages) - kept} converted)"
    )
    click.echo("  left out: files that it opens; try: the machine's, or XLATE_SYSROOT")
    for line in found.left_out:
        what, _, by = line.partition(": ")
        click.echo(f"  left out: {what}: {_some(by.split(', '))}")


def _some(names: list[str]) -> str:
    """The first few names, and how many more there are."""
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
