"""`xlate convert`: which files, where their packages go, a progress bar, and what came of it.

What a conversion does is ``xlate.convert``'s business. A file that cannot be converted costs one
line and the exit status, never the other files.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console

from xlate.cli import BAD_INPUT, OWN_FAILURE
from xlate.cli.conversion import conversion_lines, mistake_lines, why_failed
from xlate.cli.input import GivenPath, Refused
from xlate.cli.progress import bar_for, shown_in
from xlate.cli.signals import workers_may_die
from xlate.cli.tables import output_console
from xlate.cli.tree import Flags, convert_tree
from xlate.convert import files
from xlate.convert.program import DEFAULT_LEVEL, Job, convert, processors
from xlate.convert.result import Conversion
from xlate.convert.target import Target, target_of
from xlate.errors import XlateError

EPILOG = """
\b
Examples:
  xlate convert ./busybox                        into the store, where `xlate exec` looks
  xlate convert ./prog -o prog.xlp               for `xlate exec -p prog.xlp ./prog`
  xlate convert -L /srv/armhf --with-libs /srv/armhf/usr/bin/vim.basic
  xlate convert --standalone -L /srv/armhf /srv/armhf/usr/bin/sqlite3 -o sqlite3
  xlate convert --recursive /srv/armhf           a whole tree; again, and it goes on
  xlate convert --recursive /srv/armhf/usr/bin -o packages/ --jobs 8
"""


@click.command(epilog=EPILOG)
@click.argument("progs", nargs=-1, type=GivenPath(), metavar="[PROG]...")
@click.option("-o", "--output", type=GivenPath(), metavar="OUT",
              help="A file for one program, a folder for several.  [the store]")  # fmt: skip
@click.option("-O0", "level", flag_value=0, type=int, help="Compile fast.")
@click.option("-O1", "level", flag_value=1, type=int, help="Nearly all of the gain (the default).")
@click.option("-O2", "level", flag_value=2, type=int, help="All of LLVM; takes twice as long.")
@click.option("--fp", type=click.Choice(["exact", "fast"]), default="exact", show_default=True,
              help="fast: without FPSCR's flags, payloads of NaNs, flushing by Advanced SIMD; only"
              " `xlate exec --fp fast` runs that.")  # fmt: skip
@click.option("-L", "--sysroot", type=GivenPath(), metavar="DIR",
              help="Where the guest's libraries are, as for exec.")  # fmt: skip
@click.option("--with-libs", is_flag=True, help="Also the interpreter and the libraries it needs.")
@click.option("--recursive", "folders", multiple=True, type=GivenPath(),
              metavar="DIR", help="Also every ARM program and library below DIR.")  # fmt: skip
@click.option("--standalone", is_flag=True,
              help="Make OUT an executable of PROG, its libraries and their code.")  # fmt: skip
@click.option("--again", is_flag=True, help="With --recursive: also what is current.")
@click.option("-j", "--jobs", type=click.IntRange(1, 1024), metavar="N",
              help="Worker processes.  [one for each processor]")  # fmt: skip
@click.option("--strict", is_flag=True,
              help="Fail where xlate's own code fails on a function.")  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but failures.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line for each file.")
def convert_command(
    progs: tuple[Path, ...],
    output: Path | None,
    level: int | None,
    fp: str,
    sysroot: Path | None,
    folders: tuple[Path, ...],
    jobs: int | None,
    *,
    with_libs: bool,
    standalone: bool,
    again: bool,
    strict: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Translate PROG ahead of time, into a package that `xlate exec` maps and runs.

    Every function that can be reached with confidence becomes optimised x86-64 code, and so does
    what earlier runs found. What is refused, and why, is printed; it runs in the baseline tier.
    With --recursive several files are converted at once, what serves most programs first, and what
    is current is passed over: a call that was stopped is gone on with by the same call.
    """
    if not progs and not folders:
        raise click.UsageError("name a program, or a folder with --recursive")
    if standalone:
        from xlate.cli.packing import Packages
        from xlate.cli.standalone import Wanted, make

        if len(progs) != 1 or folders or output is None:
            raise click.UsageError("--standalone is for one program, and needs -o FILE")
        packages = Packages(level, fp == "fast", jobs or processors(), quiet)
        make(Wanted(progs[0], output, sysroot, packages, as_json))
        return
    flags = Flags(
        DEFAULT_LEVEL if level is None else level,
        fp == "fast",
        jobs or processors(),
        quiet,
        as_json,
        strict,
        again,
    )
    chosen = Chosen()
    chosen.add(progs, sysroot, with_libs=with_libs)
    chosen.add_folders(folders)
    several = len(progs) > 1 or with_libs or bool(folders)
    if not chosen.files and not chosen.statuses:
        where = " ".join(map(click.format_filename, folders))
        raise Refused(f"{where}: no ARM program there")
    try:
        target = target_of(output, several=several)
    except XlateError as error:
        raise Refused(str(error)) from error
    statuses = chosen.statuses
    if folders:
        statuses += convert_tree([*chosen.files.values()], chosen.passed, target, flags)
    else:
        statuses += _convert_all(chosen, target, flags)
    if statuses:
        sys.exit(max(statuses))


class Chosen:
    """The files to convert or to pack, each once, and what went wrong in finding them."""

    def __init__(self) -> None:
        self.files: dict[str, Path] = {}
        self.statuses: list[int] = []  # of what failed
        self.passed: Counter[str] = Counter()

    def add(self, progs: Sequence[Path], sysroot: Path | None, *, with_libs: bool) -> None:
        """Choose programs, and with_libs what they are linked with."""
        for prog in progs:
            if not with_libs:
                self._choose(prog)
                continue
            try:
                closure = files.with_libraries(prog, sysroot)
            except XlateError as error:
                self.statuses.append(report_failure(prog, error))
                continue
            for path in closure.files:
                self._choose(path)
            for missing in closure.missing:
                name = click.format_filename(missing.name)
                click.echo(f"xlate: {name}: not found (needed by {missing.wanted_by})"
                           "; try: -L SYSROOT", err=True)  # fmt: skip
                self.statuses.append(BAD_INPUT)

    def add_folders(self, folders: Sequence[Path]) -> None:
        """Choose what is below folders."""
        for folder in folders:
            try:
                found = files.below(folder)
            except XlateError as error:
                self.statuses.append(report_failure(folder, error))
                continue
            for path, why in found.unread:
                self.statuses.append(report_failure(path, why))
            self.passed.update(found.passed)
            for path in found.files:
                self._choose(path)

    def _choose(self, path: Path) -> None:
        self.files.setdefault(os.path.realpath(path), path)


def report_failure(path: Path, error: Exception) -> int:
    """Say in one line what failed; return the exit status."""
    line, status = why_failed(error)
    click.echo(f"xlate: {click.format_filename(path)}: {line}", err=True)
    return status


def _convert_all(chosen: Chosen, target: Target, flags: Flags) -> list[int]:
    """Convert the chosen files one after the other; return the statuses of those that failed."""
    statuses: list[int] = []
    console = output_console()
    for number, path in enumerate(chosen.files.values()):
        try:
            done = _convert_one(path, target, flags)
        except Exception as error:  # a mistake of ours, too, costs this file and not the others
            statuses.append(report_failure(path, error))
        else:
            _print(console, done, flags, first=number == 0)
            for line in mistake_lines(done):
                click.echo(f"xlate: {line}", err=True)
            if done.mistakes and flags.strict:
                statuses.append(OWN_FAILURE)
    if not flags.quiet and not flags.as_json and len(chosen.files) > 1:
        made = len(chosen.files) - len(statuses)
        console.print(f"\n{made} of {len(chosen.files)} converted")
    return statuses


def _convert_one(path: Path, target: Target, flags: Flags) -> Conversion:
    """Convert a file behind a progress bar, which is gone when anything is printed."""
    name = click.format_filename(path.name)
    with workers_may_die(), bar_for(quiet=flags.quiet) as bar:
        show = shown_in(bar, name)
        return convert(Job(path, target, flags.level, flags.jobs, show, fast=flags.fast))


def _print(console: Console, done: Conversion, flags: Flags, *, first: bool) -> None:
    if flags.as_json:
        click.echo(json.dumps(done.as_json()))
    elif not flags.quiet:
        if not first:
            console.print()
        for line in conversion_lines(done):
            console.print(line)
