"""Packages of one file after another, from the stores or made now: of packs and executables."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click

from xlate.cli import BAD_INPUT
from xlate.cli.convert import report_failure
from xlate.cli.progress import bar_for, shown_in
from xlate.cli.signals import workers_may_die
from xlate.convert.packing import Packer, Part
from xlate.convert.target import usable
from xlate.package.store import Store


@dataclass
class Packages:
    """How they are made, and what became of them: ``statuses`` are of files that have none."""

    level: int | None
    fast: bool
    jobs: int
    quiet: bool
    made: list[tuple[Part, bool, int]] = field(default_factory=list)  # from a store, bytes
    statuses: list[int] = field(default_factory=list)

    @contextmanager
    def packer(self) -> Iterator[Packer]:
        """Return who finds them in the environment's stores or makes them, for the time being."""
        with tempfile.TemporaryDirectory(prefix="xlate-pack-") as scratch:
            store, below = usable(Store.locate(os.environ)), Store.locate_system(os.environ)
            yield Packer(store, below, Path(scratch), self.level, self.fast, self.jobs)

    def of(self, packer: Packer, part: Part, label: str = "") -> bytes | None:
        """A file's package, behind a progress bar; None where there is none, and it is said why."""
        try:
            name = click.format_filename(part.path.name)
            with workers_may_die(), bar_for(quiet=self.quiet) as bar:
                data, from_store = packer.package(part, shown_in(bar, label + name))
        except Exception as error:  # a mistake of ours, too, costs this file and not the others
            self.statuses.append(max(report_failure(part.path, error), BAD_INPUT))
            return None
        self.made.append((part, from_store, len(data)))
        return data

    def origin(self) -> str:
        """Return in words how many come from where."""
        kept = sum(from_store for _, from_store, _ in self.made)
        return f"{kept} from the store, {len(self.made) - kept} converted"

    def size(self) -> float:
        """Return how large they are together, in MB."""
        return sum(size for *_, size in self.made) / 1e6
