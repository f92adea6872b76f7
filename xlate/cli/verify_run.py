"""`xlate verify PROG ARGS`: it runs, and what the tiers make of its states is told."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from xlate.cli.input import Refused, load_program
from xlate.cli.progress import bar_for, shown_in
from xlate.cli.signals import workers_may_die
from xlate.cli.tables import output_console, plain, reasons
from xlate.cli.verify_store import Subject, take_out, whole
from xlate.errors import XlateError
from xlate.loader import parse
from xlate.package.store import Store, distrust, package_in, why_none
from xlate.verify.culprit import DAMAGED
from xlate.verify.dynamic import (
    Judged,
    Run,
    Wrong,
    engine_process,
    judge,
    options_for,
    packages_place,
    record,
)
from xlate.verify.recording import Recorded, Skipped
from xlate.verify.replay import ALONE, INTERP, OPTIMISED, UNICORN, Machine
from xlate.verify.sample import Sample

SHOWN = 10
_STDERR = 2
NOT_STARTED = (2, 125, 126, 127)  # a status of xlate-run's own, most likely


@dataclass(frozen=True)
class Asked:
    """The command line."""

    prog: Path
    args: Sequence[str]
    given: Path | None
    sysroot: Path | None
    bisect: bool
    keep: bool
    quiet: bool
    as_json: bool


def show(asked: Asked, sample: Sample) -> None:
    """Run, compare, take out what is wrong, tell; exits with 1 where anything differs."""
    load_program(str(asked.prog))
    store = Store.locate(os.environ)
    if store is None and asked.given is None:
        raise Refused(f"{asked.prog}: there is no store ({why_none(os.environ)}); try: -p FILE")
    if asked.given is not None:
        _check_given(asked.given)
    try:
        judged = _judged(asked, sample, store)
    except XlateError as error:
        raise Refused(f"{click.format_filename(asked.prog)}: {error}") from error
    except OSError as error:
        where = click.format_filename(error.filename or asked.prog)
        raise Refused(f"{where}: {(error.strerror or str(error)).lower()}") from error
    taken = [] if asked.keep or asked.given is not None else _take_out(judged.wrong, store)
    if asked.as_json:
        click.echo(json.dumps(_as_json(asked, judged, taken)))
    else:
        _print(asked, judged, taken)
    if judged.replayed.differences or not judged.replayed.cases:
        sys.exit(1)


def _check_given(given: Path) -> None:
    """Refuse a package that the engines would not use: they would take the store's instead."""
    name = click.format_filename(given)
    if not given.is_dir():
        whole(given)
    if why := distrust(given):
        raise Refused(f"{name}: not used ({why})")


def _judged(asked: Asked, sample: Sample, store: Store | None) -> Judged:
    prog = os.fspath(asked.prog)
    words = [prog if prog[0] != "-" else f"./{prog}", *asked.args]
    output = _STDERR if asked.as_json else None
    run = Run(words, options_for(asked.given, asked.sysroot), output)
    sys.stdout.flush()
    with workers_may_die():
        status, rows = record(run, sample)
    if not rows:
        raise _why_no_rows(asked.prog, status)
    place = packages_place(asked.given, store.root if store is not None else None)
    machine = Machine(engine_process(), place, store.root if store is not None else "off")

    def find(file: bytes) -> Path | None:
        given = package_in(asked.given, file) if asked.given is not None else None
        return given or (store.find(file) if store is not None else None)

    if asked.given is not None:
        _check_entered(asked.given, rows)
    with workers_may_die(), bar_for(quiet=asked.quiet) as bar:
        moving = shown_in(bar, click.format_filename(asked.prog.name))
        return judge(rows, status, machine, find, bisect=asked.bisect, show=moving)


def _why_no_rows(prog: Path, status: int) -> Refused:
    name = click.format_filename(prog)
    if status in NOT_STARTED:
        return Refused(f"{name}: nothing was recorded (xlate-run ended with status {status})")
    return Refused(f"{name}: no function with a package was entered; try: xlate convert {name}")


def _check_entered(given: Path, rows: Sequence[Recorded | Skipped]) -> None:
    """Refuse a package that has nothing to do with what ran."""
    files = {row.module.path for row in rows}
    if not any(package_in(given, path.read_bytes()) for path in files):
        raise Refused(f"{click.format_filename(given)}: no function of it was entered")


def _take_out(wrong: Sequence[Wrong], store: Store | None) -> list[Wrong]:
    """Take wrong functions out of their packages; return those that are out."""
    assert store is not None
    return [one for one in wrong if _take_one(one, store)]


def _take_one(one: Wrong, store: Store) -> bool:
    guest = one.module.path.read_bytes()
    path = store.find(guest)
    if path is None:
        return False
    image = parse(guest, str(one.module.path))
    subject = Subject(one.module.path, guest, image, path, store)
    reason = one.stage or one.lines[0]
    return take_out(subject, {one.key: reason}, for_good=one.stage != DAMAGED)


def _as_json(asked: Asked, judged: Judged, taken: Sequence[Wrong]) -> dict[str, Any]:
    found = judged.replayed
    return {
        "program": str(asked.prog),
        "status": judged.status,
        "cases": found.cases,
        "functions": found.functions,
        "agreed": dict(found.agreed),
        "skipped": dict(found.skipped),
        "differences": [
            {
                "module": str(one.row.module.path),
                "key": one.row.key,
                "arrival": one.row.arrival,
                "engine": one.engine,
                "lines": list(one.lines),
            }
            for one in found.differences
        ],
        "wrong": [
            {"module": str(one.module.path), "key": one.key, "stage": one.stage}
            for one in judged.wrong
        ],
        "unexplained": judged.unexplained,
        "taken_out": [one.key for one in taken],
    }


def _print(asked: Asked, judged: Judged, taken: Sequence[Wrong]) -> None:
    found = judged.replayed
    if asked.quiet and not found.differences:
        return
    console = output_console()
    console.print(plain(click.format_filename(asked.prog)), style="bold")
    console.print(
        f"  recorded      {found.cases:,} states of {found.functions:,} functions;"
        f" the program ended {_ending(judged.status)}"
    )
    for engine, words in (
        (ALONE, "ended alone in the baseline tier as in the program"),
        (OPTIMISED, "the same in optimised code"),
        (INTERP, "the same in the interpreter"),
        (UNICORN, "the same in unicorn"),
    ):
        console.print(f"  {'':12}  {found.agreed[engine]:,} {words}")
    label = "not compared"
    for line in reasons(found.skipped):
        console.print(plain(f"  {label:12}  {line}"))
        label = ""
    console.print(f"  differ        {len(found.differences):,}")
    for difference in found.differences[:SHOWN]:
        row = difference.row
        where = f"{click.format_filename(row.module.path.name)} {row.key:#x}"
        told = "; ".join(difference.lines[:3])
        console.print(plain(f"    {where}, arrival {row.arrival}, {difference.engine}: {told}"))
    if len(found.differences) > SHOWN:
        console.print(f"    ... and {len(found.differences) - SHOWN:,} more (--json shows all)")
    _print_wrong(judged, taken)


def _ending(status: int) -> str:
    return f"with status {status}" if status >= 0 else f"by signal {-status}"


def _print_wrong(judged: Judged, taken: Sequence[Wrong]) -> None:
    console = output_console()
    for one in judged.wrong:
        stage = f": {one.stage}" if one.stage else ""
        out = "; left to the baseline tier from now on" if one in taken else ""
        name = click.format_filename(one.module.path.name)
        console.print(plain(f"  wrong         f_{one.key:08x} of {name}{stage}{out}"))
    if judged.unexplained:
        console.print(f"  unexplained   {judged.unexplained:,}: no single function makes them")
