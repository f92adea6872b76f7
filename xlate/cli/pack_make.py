"""`xlate pack PROG|TREE... -o FILE`: which files, the progress, what came of it.

What a pack is ``xlate.package.pack`` decides, and where its packages come from
``xlate.convert.packing``. A file that cannot be packed costs one line and the exit status, never
the other files; a pack without any package is not written.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from xlate.cli import BAD_INPUT
from xlate.cli.convert import Chosen, report_failure
from xlate.cli.input import GivenPath, Refused
from xlate.cli.progress import bar_for, shown_in
from xlate.cli.signals import workers_may_die
from xlate.convert.packing import Packer, Part, parts_of
from xlate.convert.program import processors
from xlate.convert.target import check_place, may_replace, usable
from xlate.package.layout import PACK_MAGIC
from xlate.package.pack import Writer, writing
from xlate.package.store import Store


@dataclass(frozen=True)
class _Flags:
    """What the command line says beside the files."""

    output: Path
    level: int | None
    fast: bool
    jobs: int
    quiet: bool
    as_json: bool


@dataclass
class _Outcome:
    """What is in the pack: files with their origin and size."""

    packed: list[tuple[Part, bool, int]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)  # of what was left out

    def as_json(self, output: Path) -> dict[str, Any]:
        """Return everything as one JSON object."""
        packages = [
            {
                "names": list(part.names),
                "guest_hash": part.guest_hash.hex(),
                "size": size,
                "from_store": from_store,
            }
            for part, from_store, size in self.packed
        ]
        return {"pack": str(output), "packages": packages, "left_out": len(self.statuses)}

    def line(self, output: Path) -> str:
        """Return the same for people."""
        kept = sum(from_store for _, from_store, _ in self.packed)
        size = sum(size for *_, size in self.packed) / 1e6
        left = f"; {len(self.statuses)} left out" if self.statuses else ""
        return (
            f"{click.format_filename(output)}: {_packages(len(self.packed))}, {size:.1f} MB"
            f" ({kept} from the store, {len(self.packed) - kept} converted){left}"
        )


def _packages(count: int) -> str:
    return f"{count} package{'' if count == 1 else 's'}"


@click.command()
@click.argument("places", nargs=-1, required=True, type=GivenPath(), metavar="PROG|TREE...")
@click.option("-o", "--output", required=True, type=GivenPath(), metavar="FILE",
              help="The pack, NAME.xlpack by custom.")  # fmt: skip
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
    quiet: bool,
    as_json: bool,
) -> None:
    """Put packages of programs and their libraries into one file.

    Of a PROG, its interpreter and the libraries that it is linked with; what it opens by itself
    (plugins) is not known, so name their folder as a TREE: of that, every ARM program and library.
    Good packages of the store are taken as they are, the others are made, and kept there.

    With XLATE_CACHE=off the pack depends on the files, their names and the options alone: it has
    the same bytes on every machine. What is left out is said, and makes the exit status 1.
    """
    flags = _Flags(output, level, fp == "fast", jobs or processors(), quiet, as_json)
    try:
        check_place(output)
        if not may_replace(output, PACK_MAGIC):
            raise Refused(f"{click.format_filename(output)}: it exists and is no pack")
    except OSError as error:
        sys.exit(report_failure(output, error))
    outcome = _Outcome()
    parts = _choose(places, sysroot, outcome)
    try:
        _make(parts, flags, outcome)
    except OSError as error:
        sys.exit(report_failure(output, error))
    if as_json:
        click.echo(json.dumps(outcome.as_json(output)))
    elif not quiet:
        click.echo(outcome.line(output))
    if outcome.statuses:
        sys.exit(max(outcome.statuses))


def _choose(places: Sequence[Path], sysroot: Path | None, outcome: _Outcome) -> list[Part]:
    """Return the files of programs and trees by content; say what cannot be read."""
    trees = [place for place in places if place.is_dir()]
    chosen = Chosen()
    chosen.add([place for place in places if place not in trees], sysroot, with_libs=True)
    chosen.add_folders(trees)
    found = parts_of(chosen.files.values(), [*trees, *([sysroot] if sysroot else [])])
    outcome.statuses += chosen.statuses
    outcome.statuses += [report_failure(path, error) for path, error in found.failed]
    return found.parts


def _make(parts: Sequence[Part], flags: _Flags, outcome: _Outcome) -> None:
    """Write the pack; Refused, and nothing written, where no package is left to put in."""
    with (
        tempfile.TemporaryDirectory(prefix="xlate-pack-") as scratch,
        writing(flags.output) as writer,
    ):
        packer = Packer(
            usable(Store.locate(os.environ)),
            Store.locate_system(os.environ),
            Path(scratch),
            flags.level,
            flags.fast,
            flags.jobs,
        )
        for number, part in enumerate(parts, 1):
            _add(writer, packer, part, f"{number}/{len(parts)} ", outcome, quiet=flags.quiet)
        if not outcome.packed:
            name = click.format_filename(flags.output)
            raise Refused(f"{name}: not written, since there is nothing to put in")


def _add(
    writer: Writer, packer: Packer, part: Part, label: str, outcome: _Outcome, *, quiet: bool
) -> None:
    """Put one file's package into the pack, behind a progress bar; say why where that fails."""
    try:
        name = click.format_filename(part.path.name)
        with workers_may_die(), bar_for(quiet=quiet) as bar:
            data, from_store = packer.package(part, shown_in(bar, label + name))
    except Exception as error:  # a mistake of ours, too, costs this file and not the others
        outcome.statuses.append(max(report_failure(part.path, error), BAD_INPUT))
        return
    writer.add(part.names, data)
    outcome.packed.append((part, from_store, len(data)))
