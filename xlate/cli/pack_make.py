"""`xlate pack PROG|TREE... -o FILE`: which files, the progress, what came of it.

What a pack is ``xlate.package.pack`` decides, and where its packages come from
``xlate.convert.packing``. A file that cannot be packed costs one line and the exit status, never
the other files; a pack without any package is not written.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from xlate.cli.convert import Chosen, report_failure
from xlate.cli.input import GivenPath, Refused
from xlate.cli.packing import Packages
from xlate.cli.standalone import check_output
from xlate.cli.tables import counted
from xlate.convert.packing import Part, parts_of
from xlate.convert.program import processors
from xlate.convert.target import check_place, may_replace
from xlate.loader import read_file
from xlate.package import bundle
from xlate.package.layout import PACK_MAGIC
from xlate.package.pack import writing
from xlate.runtime import find

_Put = Callable[[Part, bytes], None]


def _as_json(output: Path, packages: Packages) -> dict[str, Any]:
    """What is in the pack as one JSON object."""
    rows = [
        {
            "names": list(part.names),
            "guest_hash": part.guest_hash.hex(),
            "size": size,
            "from_store": from_store,
        }
        for part, from_store, size in packages.made
    ]
    return {"pack": str(output), "packages": rows, "left_out": len(packages.statuses)}


def _line(output: Path, packages: Packages) -> str:
    """The same for people."""
    left = f"; {len(packages.statuses)} left out" if packages.statuses else ""
    name, count = click.format_filename(output), counted(len(packages.made), "package")
    return f"{name}: {count}, {packages.size():.1f} MB ({packages.origin()}){left}"


@click.command()
@click.argument("places", nargs=-1, required=True, type=GivenPath(), metavar="PROG|TREE...")
@click.option("-o", "--output", required=True, type=GivenPath(), metavar="FILE",
              help="The pack, NAME.xlpack by custom.")  # fmt: skip
@click.option("--into-runtime", is_flag=True,
              help="Make FILE a copy of xlate-run that has the packages in itself.")  # fmt: skip
@click.option("-O0", "level", flag_value=0, type=int, help="Compile fast.")
@click.option("-O1", "level", flag_value=1, type=int, help="Nearly all of the gain.")
@click.option("-O2", "level", flag_value=2, type=int,
              help="All of LLVM.  [what the store has, else -O1]")  # fmt: skip
@click.option("--fp", type=click.Choice(["exact", "fast"]), default="exact", show_default=True,
              help="As for convert.")  # fmt: skip
@click.option("-L", "--sysroot", type=GivenPath(), metavar="DIR",
              help="Where the guest's libraries are, as for exec.")  # fmt: skip
@click.option("-j", "--jobs", type=click.IntRange(1, 1024), metavar="N",
              help="Worker processes.  [one for each processor]")  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but failures.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def make(
    places: tuple[Path, ...],
    output: Path,
    level: int | None,
    fp: str,
    sysroot: Path | None,
    jobs: int | None,
    *,
    into_runtime: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Put packages of programs and their libraries into one file.

    Of a PROG, its interpreter and the libraries that it is linked with; what it opens by itself
    (plugins) is not known, so name their folder as a TREE: of that, every ARM program and library.
    Good packages of the store are taken as they are, the others are made, and kept there.

    With XLATE_CACHE=off the pack depends on the files, their names and the options alone: it has
    the same bytes on every machine. With --into-runtime programs run as `FILE PROG ARGS`, without
    a store and without a file being made. What is left out is said, and makes the exit status 1.
    """
    packages = Packages(level, fp == "fast", jobs or processors(), quiet)
    try:
        if into_runtime:
            check_output(output)
        else:
            _check_output(output)
    except OSError as error:
        sys.exit(report_failure(output, error))
    parts = _choose(places, sysroot, packages)
    try:
        _make(parts, output, packages, into_runtime=into_runtime)
    except OSError as error:
        sys.exit(report_failure(output, error))
    if as_json:
        click.echo(json.dumps(_as_json(output, packages)))
    elif not quiet:
        click.echo(_line(output, packages))
    if packages.statuses:
        sys.exit(max(packages.statuses))


def _check_output(output: Path) -> None:
    check_place(output)
    if not may_replace(output, PACK_MAGIC):
        raise Refused(f"{click.format_filename(output)}: it exists and is no pack")


def _choose(places: Sequence[Path], sysroot: Path | None, packages: Packages) -> list[Part]:
    """Return the files of programs and trees by content; say what cannot be read."""
    trees = [place for place in places if place.is_dir()]
    chosen = Chosen()
    chosen.add([place for place in places if place not in trees], sysroot, with_libs=True)
    chosen.add_folders(trees)
    found = parts_of(chosen.files.values(), [*trees, *([sysroot] if sysroot else [])])
    packages.statuses += chosen.statuses
    packages.statuses += [report_failure(path, error) for path, error in found.failed]
    return found.parts


def _make(parts: Sequence[Part], output: Path, packages: Packages, *, into_runtime: bool) -> None:
    """Write the pack; Refused, and nothing written, where no package is left to put in."""
    with packages.packer() as packer:

        def fill(put: _Put) -> None:
            for number, part in enumerate(parts, 1):
                data = packages.of(packer, part, f"{number}/{len(parts)} ")
                if data is not None:
                    put(part, data)
            if not packages.made:
                name = click.format_filename(output)
                raise Refused(f"{name}: not written, since there is nothing to put in")

        if into_runtime:
            runtime = find().read_bytes()
            bundle.write(output, runtime, lambda filler: fill(_with_guest(filler)))
            return
        with writing(output) as writer:
            fill(lambda part, data: writer.add(part.names, data))


def _with_guest(filler: bundle.Filler) -> _Put:
    """Return what puts packages into a runtime, which knows their guest files by a sum."""
    return lambda part, data: filler.add(part.names, data, read_file(str(part.path)))
