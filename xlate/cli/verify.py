"""`xlate verify`: which package is checked, how findings are told, and what happens to them.

The checks are ``xlate.verify``'s. Exit statuses: 0 everything is as it should be, 1 something
differs or cannot be checked, 2 the command line is wrong.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from xlate.cli.input import Refused
from xlate.cli.progress import bar_for, shown_in
from xlate.cli.signals import workers_may_die
from xlate.cli.tables import output_console, plain
from xlate.convert.program import processors
from xlate.errors import MalformedInput, XlateError
from xlate.loader import Image, parse, read_file
from xlate.package import quarantine
from xlate.package.format import Package, read, write
from xlate.package.key import content_hash, fingerprint
from xlate.package.store import Store, why_none
from xlate.verify import fresh
from xlate.verify.placement import without
from xlate.verify.sample import Sample

SHOWN = 20

EPILOG = """
\b
Examples:
  xlate verify ./busybox                       its package against fresh code
  xlate verify --sample 1/20 ./busybox         one function of twenty, the same each time
  xlate verify -p prog.xlp ./prog              a package that stands elsewhere
"""


def _share(ctx: click.Context, param: click.Parameter, value: str) -> tuple[int, int]:
    """Return both numbers of ``N/M``."""
    share, _, of = value.partition("/")
    if not (share.isdigit() and of.isdigit() and 0 < int(share) <= int(of)):
        raise click.BadParameter(f"{value!r} is no part such as 1/20", ctx, param)
    return int(share), int(of)


@dataclass(frozen=True)
class _Subject:
    """A program and the package that is checked; ``store`` is set where it is the store's own."""

    path: Path
    guest: bytes
    image: Image
    package_path: Path
    package: Package
    store: Store | None


@click.command(epilog=EPILOG)
@click.argument("prog", type=click.Path(path_type=Path))
@click.option("-p", "--package", "given", type=click.Path(path_type=Path), metavar="FILE",
              help="The package to check.  [the store's]")  # fmt: skip
@click.option("--sample", callback=_share, default="1/1", metavar="N/M",
              help="N functions of M, chosen by a hash.  [all]")  # fmt: skip
@click.option("--from", "first", type=click.IntRange(0), default=0, metavar="K",
              help="Begin with number K of those.")  # fmt: skip
@click.option("--count", type=click.IntRange(1), metavar="C", help="At most C of them.")
@click.option("--keep", is_flag=True, help="Report only: leave what is wrong where it is.")
@click.option("-j", "--jobs", type=click.IntRange(1, 1024), metavar="N",
              help="Worker processes.  [one for each processor]")  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but what is wrong.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify(
    prog: Path,
    given: Path | None,
    sample: tuple[int, int],
    first: int,
    count: int | None,
    jobs: int | None,
    *,
    keep: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Check PROG's package: its bytes, and its functions against fresh code.

    The file's structure and all hashes are checked, then functions are compiled anew and compared.
    A function of the store that differs is taken out of the package in one step; programs run it in
    the baseline tier from then on.
    """
    chosen = Sample(*sample, first, count)
    with workers_may_die(), bar_for(quiet=quiet) as bar:
        show = shown_in(bar, click.format_filename(prog.name))
        subject = _subject(prog, given)
        try:
            found = fresh.compare(
                subject.package, subject.image, chosen, jobs=jobs or processors(), show=show
            )
        except MalformedInput as error:
            raise Refused(f"{click.format_filename(subject.package_path)}: {error}") from error
    wrong = {finding.key: finding.what for finding in found.findings}
    out = "" if keep or not wrong else take_out(subject, wrong)
    if as_json:
        click.echo(json.dumps(_as_json(subject, found, out)))
    else:
        _print(subject, found, out, quiet=quiet)
    if wrong:
        sys.exit(1)


def _subject(prog: Path, given: Path | None) -> _Subject:
    """Read program and package; Refused in one line where they do not belong together."""
    name = click.format_filename(prog)
    store = Store.locate(os.environ) if given is None else None
    if given is None and store is None:
        raise Refused(f"{name}: there is no store ({why_none(os.environ)}); try: -p FILE")
    try:
        guest = read_file(str(prog))
        image = parse(guest, str(prog))
    except XlateError as error:
        raise Refused(f"{name}: {error}") from error
    path = store.find(guest) if store is not None else given
    if path is None:
        raise Refused(f"{name}: no package in the store; try: xlate convert {name}")
    return _Subject(prog, guest, image, path, _sound(path, guest), store)


def _sound(path: Path, guest: bytes) -> Package:
    """Return the package in a file when it is whole, of this version, and of this guest."""
    name = click.format_filename(path)
    try:
        package = read(path)
    except MalformedInput as error:
        raise Refused(f"{name}: {error}") from error
    except OSError as error:
        raise Refused(f"{name}: cannot be read ({(error.strerror or '').lower()})") from error
    if package.identity.guest_hash != content_hash(guest):
        raise Refused(f"{name}: made for another file")
    if package.identity.fingerprint != fingerprint():
        raise Refused(f"{name}: made by another version of xlate, which programs do not use")
    return package


def take_out(subject: _Subject, reasons: Mapping[int, str], *, for_good: bool = False) -> str:
    """Take functions out of a package of the store; return what was done, in words.

    ``for_good`` leaves them out of conversions too, since those would make the same code again.
    """
    if subject.store is None:
        return ""
    if for_good:
        quarantine.add(subject.store.root, subject.guest, reasons)
    write(subject.package_path, without(subject.package, reasons))
    subject.store.remember(subject.path, subject.package_path)
    return "left to the baseline tier from now on"


def _as_json(subject: _Subject, found: fresh.Compared, out: str) -> dict[str, Any]:
    return {
        "program": str(subject.path),
        "package": str(subject.package_path),
        "functions": found.functions,
        "in_quarantine": found.quarantined,
        "refused": found.refused,
        "differ": [
            {"key": finding.key, "name": finding.name, "what": finding.what}
            for finding in found.findings
        ],
        "taken_out": bool(out),
    }


def _print(subject: _Subject, found: fresh.Compared, out: str, *, quiet: bool) -> None:
    console = output_console()
    if quiet and not found.findings:
        return
    console.print(plain(click.format_filename(subject.path)), style="bold")
    console.print(plain(f"  package       {click.format_filename(subject.package_path)}: whole"))
    left = f"; {found.quarantined:,} in quarantine" if found.quarantined else ""
    console.print(f"  fresh code    {found.functions:,} functions compared{left}")
    console.print(f"  differ        {len(found.findings):,}")
    for finding in found.findings[:SHOWN]:
        console.print(plain(f"    {finding.name}: {finding.what}"))
    if len(found.findings) > SHOWN:
        console.print(f"    ... and {len(found.findings) - SHOWN:,} more (--json shows all)")
    if out:
        console.print(f"  {out}")
