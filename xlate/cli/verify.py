"""`xlate verify` of a package: which one, how findings are told, what happens then.

The checks are ``xlate.verify``'s; of a program that is run, ``verify_run.py`` tells. Exit statuses:
0 everything is as it should be, 1 something differs or cannot be checked, 2 the command line is
wrong.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from xlate.cli import verify_run
from xlate.cli.input import GivenPath, Refused
from xlate.cli.progress import bar_for, shown_in
from xlate.cli.signals import workers_may_die
from xlate.cli.tables import output_console, plain
from xlate.cli.verify_store import Subject, sound, take_out
from xlate.convert.program import processors
from xlate.errors import MalformedInput, XlateError
from xlate.loader import parse, read_file
from xlate.package.store import Store, why_none
from xlate.verify import fresh
from xlate.verify.sample import Sample

SHOWN = 20

EPILOG = """
\b
Examples:
  xlate verify ./busybox                       its package against fresh code
  xlate verify --sample 1/20 ./busybox         one function of twenty, the same each time
  xlate verify -p prog.xlp ./prog              a package that stands elsewhere
  xlate verify ./busybox sh -c 'echo $((6*7))'        run it, and compare the tiers on what it does
  xlate verify --run --bisect ./prog           the same without arguments; name function and pass
"""


def share(ctx: click.Context, param: click.Parameter, value: str) -> tuple[int, int]:
    """Return both numbers of ``N/M``."""
    part, _, of = value.partition("/")
    if not (part.isdigit() and of.isdigit() and 0 < int(part) <= int(of)):
        raise click.BadParameter(f"{value!r} is no part such as 1/20", ctx, param)
    return int(part), int(of)


@click.command(epilog=EPILOG, context_settings={"allow_interspersed_args": False})
@click.argument("prog", type=GivenPath())
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
@click.option("-p", "--package", "given", type=GivenPath(), metavar="FILE",
              help="The package to check.  [the store's]")  # fmt: skip
@click.option("--sample", callback=share, default="1/1", metavar="N/M",
              help="N functions of M, chosen by a hash.  [all]")  # fmt: skip
@click.option("--from", "first", type=click.IntRange(0), default=0, metavar="K",
              help="Begin with number K of those.")  # fmt: skip
@click.option("--count", type=click.IntRange(1), metavar="C", help="At most C of them.")
@click.option("--run", "runs", is_flag=True, help="Run PROG, as arguments imply.")
@click.option("-L", "--sysroot", type=GivenPath(), metavar="DIR",
              help="For a run: where the guest's libraries are, as for exec.")  # fmt: skip
@click.option(
    "--bisect", is_flag=True, help="For a run: name the pass that makes a function wrong."
)
@click.option("--keep", is_flag=True, help="Report only: leave what is wrong where it is.")
@click.option("-j", "--jobs", type=click.IntRange(1, 1024), metavar="N",
              help="Worker processes.  [one for each processor]")  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but what is wrong.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify(
    prog: Path,
    args: tuple[str, ...],
    given: Path | None,
    sample: tuple[int, int],
    first: int,
    count: int | None,
    sysroot: Path | None,
    jobs: int | None,
    *,
    runs: bool,
    bisect: bool,
    keep: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Check PROG's package: its bytes and its functions, or with ARGS what they do in a run.

    Without ARGS structure and hashes are checked, then functions are compiled anew and compared.
    With ARGS the program runs, states at entries of functions are recorded with the memory they
    touch (--count of them, 1,000 by default), and each runs again in both tiers and in the
    interpreter. A wrong function is taken out of the store's package.
    """
    chosen = Sample(*sample, first, count)
    if runs or args:
        if jobs is not None:
            raise click.UsageError("--jobs is for a check without a run")
        run = verify_run.Asked(prog, args, given, sysroot, bisect, keep, quiet, as_json)
        verify_run.show(run, chosen)
        return
    if bisect or sysroot is not None:
        raise click.UsageError("--bisect and -L are for a run; give arguments, or --run")
    _check(prog, given, chosen, jobs or processors(), _Flags(keep, quiet, as_json))


@dataclass(frozen=True)
class _Flags:
    """What the command line says of the outcome."""

    keep: bool
    quiet: bool
    as_json: bool


def _check(prog: Path, given: Path | None, sample: Sample, jobs: int, flags: _Flags) -> None:
    """Compare a package with fresh code, take out what is wrong, tell; exits with 1 then."""
    with workers_may_die(), bar_for(quiet=flags.quiet) as bar:
        show = shown_in(bar, click.format_filename(prog.name))
        subject = _subject(prog, given)
        package = sound(subject.package_path, subject.guest)
        try:
            found = fresh.compare(package, subject.image, sample, jobs=jobs, show=show)
        except MalformedInput as error:
            raise Refused(f"{click.format_filename(subject.package_path)}: {error}") from error
    wrong = {finding.key: finding.what for finding in found.findings}
    out = bool(wrong) and not flags.keep and take_out(subject, wrong)
    if flags.as_json:
        click.echo(json.dumps(_as_json(subject, found, out)))
    else:
        _print(subject, found, out, quiet=flags.quiet)
    if wrong:
        sys.exit(1)


def _subject(prog: Path, given: Path | None) -> Subject:
    """Read the program and find its package; Refused in one line where there is none."""
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
    return Subject(prog, guest, image, path, store)


def _as_json(subject: Subject, found: fresh.Compared, out: bool) -> dict[str, Any]:
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
        "taken_out": out,
    }


def _print(subject: Subject, found: fresh.Compared, out: bool, *, quiet: bool) -> None:
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
        console.print("  left to the baseline tier from now on")
