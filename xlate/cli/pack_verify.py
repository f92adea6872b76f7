"""`xlate pack verify`: every byte of a pack, and whether it is for the files of a tree.

Exit statuses: 0 everything is as it should be, 1 something differs or cannot be checked, 2 the
command line is wrong.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from xlate.cli.input import GivenPath, Refused
from xlate.cli.pack_list import pack_in
from xlate.cli.progress import bar_for, shown_in
from xlate.cli.signals import workers_may_die
from xlate.cli.verify import share
from xlate.convert import files
from xlate.convert.program import processors
from xlate.convert.result import Progress
from xlate.errors import XlateError
from xlate.loader import parse, read_file
from xlate.package.format import Package
from xlate.package.key import content_hash, fingerprint
from xlate.package.pack import Pack, Row
from xlate.verify import fresh
from xlate.verify.sample import Sample

Finding = tuple[str, str]  # a name, and what is wrong with it


def _share(ctx: click.Context, param: click.Parameter, value: str | None) -> Any:
    return None if value is None else share(ctx, param, value)


@click.command()
@click.argument("file", type=GivenPath())
@click.option("--tree", type=GivenPath(), metavar="DIR",
              help="The root of its names: say which files changed, or are gone.")  # fmt: skip
@click.option("--sample", callback=_share, metavar="N/M",
              help="With --tree: compile N functions of M anew, and compare.")  # fmt: skip
@click.option("-j", "--jobs", type=click.IntRange(1, 1024), metavar="N",
              help="Worker processes for that.  [one for each processor]")  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but what is wrong.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify(
    file: Path,
    tree: Path | None,
    sample: tuple[int, int] | None,
    jobs: int | None,
    *,
    quiet: bool,
    as_json: bool,
) -> None:
    """Check a pack: index, and structure and hashes of every package.

    With --tree the files that its names stand for must be there and be those that the packages were
    made for; what the tree has beyond that is counted.
    """
    if sample is not None and tree is None:
        raise click.UsageError("--sample needs --tree, which has the programs' own code")
    if tree is not None and not tree.is_dir():
        raise Refused(f"{click.format_filename(tree)}: not a folder")
    check = _Check(tree, None if sample is None else Sample(*sample), jobs or processors())
    with workers_may_die(), pack_in(file) as pack, bar_for(quiet=quiet) as bar:
        show = shown_in(bar, click.format_filename(file.name))
        findings = list(check.everything(pack, show))
        beyond = check.beyond(pack)
    if as_json:
        _print_json(file, pack, findings, beyond)
    else:
        _print(file, pack, findings, beyond, quiet=quiet)
    if findings:
        sys.exit(1)


class _Check:
    """How deep a pack is checked."""

    def __init__(self, tree: Path | None, sample: Sample | None, jobs: int) -> None:
        self._tree = tree
        self._sample = sample
        self._jobs = jobs

    def everything(self, pack: Pack, show: Progress) -> Iterator[Finding]:
        """Yield what is wrong, package by package."""
        for number, row in enumerate(pack.rows):
            show("checking", number, len(pack.rows))
            try:
                package = pack.package(row)
            except XlateError as error:
                yield row.names[0], str(error)
                continue
            if package.identity.fingerprint != fingerprint():
                yield row.names[0], "made by another version of xlate, which programs do not use"
            if self._tree is not None:
                yield from self._guests(row, package, show)

    def _guests(self, row: Row, package: Package, show: Progress) -> Iterator[Finding]:
        assert self._tree is not None
        sampled = False
        for name in row.names:
            try:
                guest = read_file(str(self._tree / name))
            except XlateError as error:
                yield name, f"in the tree: {error}"
                continue
            if content_hash(guest) != row.guest_hash:
                yield name, "stale: the tree has another file of that name"
            elif self._sample is not None and not sampled:
                sampled = True
                yield from self._fresh(name, guest, package, self._sample, show)

    def _fresh(
        self, name: str, guest: bytes, package: Package, sample: Sample, show: Progress
    ) -> Iterator[Finding]:
        found = fresh.compare(package, parse(guest, name), sample, jobs=self._jobs, show=show)
        for finding in found.findings:
            yield name, f"{finding.name}: {finding.what}"

    def beyond(self, pack: Pack) -> int | None:
        """How many programs and libraries of the tree have no package here; None without one."""
        if self._tree is None:
            return None
        known = {row.guest_hash for row in pack.rows}
        count = 0
        for path in files.below(self._tree).files:
            try:
                count += content_hash(read_file(str(path))) not in known
            except XlateError:
                count += 1
        return count


def _print_json(file: Path, pack: Pack, findings: list[Finding], beyond: int | None) -> None:
    wrong = [{"name": name, "what": what} for name, what in findings]
    told = {"pack": str(file), "packages": len(pack.rows), "wrong": wrong}
    click.echo(json.dumps(told if beyond is None else {**told, "not_in_it": beyond}))


def _print(
    file: Path, pack: Pack, findings: list[Finding], beyond: int | None, *, quiet: bool
) -> None:
    for name, what in findings:
        click.echo(f"{click.format_filename(name)}: {what}")
    if quiet:
        return
    if beyond:
        click.echo(f"{beyond} programs and libraries of the tree have no package in it")
    count = len(findings)
    what = f"{count} thing{'' if count == 1 else 's'} wrong" if count else "whole"
    click.echo(f"{click.format_filename(file)}: {len(pack.rows)} packages, {what}")
