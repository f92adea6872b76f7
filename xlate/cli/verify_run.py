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
from xlate.cli.verify_store import Subject, sound, take_out
from xlate.errors import XlateError
from xlate.loader import parse
from xlate.package.store import Store, why_none
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
from xlate.verify.replay import ALONE, INTERP, OPTIMISED, UNICORN, Machine
from xlate.verify.sample import Sample

SHOWN = 10
_STDERR = 2


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
    try:
        judged = _judged(asked, sample, store)
    except (XlateError, OSError) as error:
        raise Refused(f"{click.format_filename(asked.prog)}: {error}") from error
    taken = [] if asked.keep or asked.given is not None else _take_out(judged.wrong, store)
    if asked.as_json:
        click.echo(json.dumps(_as_json(asked, judged, taken)))
    else:
        _print(asked, judged, taken)
    if judged.replayed.differences:
        sys.exit(1)


def _judged(asked: Asked, sample: Sample, store: Store | None) -> Judged:
    words = [os.fspath(asked.prog), *asked.args]
    output = _STDERR if asked.as_json else None
    run = Run(words, options_for(asked.given, asked.sysroot), output)
    sys.stdout.flush()
    status, rows = record(run, sample)
    if not rows:
        name = click.format_filename(asked.prog)
        raise Refused(f"{name}: no function with a package was entered; try: xlate convert {name}")
    place = packages_place(asked.given, store.root if store is not None else None)
    machine = Machine(engine_process(), place, store.root if store is not None else "off")

    def find(file: bytes) -> Path | None:
        return asked.given or (store.find(file) if store is not None else None)

    with workers_may_die(), bar_for(quiet=asked.quiet) as bar:
        moving = shown_in(bar, click.format_filename(asked.prog.name))
        return judge(rows, status, machine, find, bisect=asked.bisect, show=moving)


def _take_out(wrong: Sequence[Wrong], store: Store | None) -> list[int]:
    """Take wrong functions out of their packages; return the keys."""
    assert store is not None
    taken = []
    for one in wrong:
        guest = one.module.path.read_bytes()
        path = store.find(guest)
        if path is None:
            continue
        image = parse(guest, str(one.module.path))
        subject = Subject(one.module.path, guest, image, path, sound(path, guest), store)
        for_good = one.stage != DAMAGED
        if take_out(subject, {one.key: one.stage or one.lines[0]}, for_good=for_good):
            taken.append(one.key)
    return taken


def _as_json(asked: Asked, judged: Judged, taken: Sequence[int]) -> dict[str, Any]:
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
        "taken_out": list(taken),
    }


def _print(asked: Asked, judged: Judged, taken: Sequence[int]) -> None:
    found = judged.replayed
    if asked.quiet and not found.differences:
        return
    console = output_console()
    console.print(plain(click.format_filename(asked.prog)), style="bold")
    console.print(
        f"  recorded      {found.cases:,} states of {found.functions:,} functions;"
        f" the program ended with status {judged.status}"
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


def _print_wrong(judged: Judged, taken: Sequence[int]) -> None:
    console = output_console()
    for one in judged.wrong:
        stage = f": {one.stage}" if one.stage else ""
        out = "; left to the baseline tier from now on" if one.key in taken else ""
        name = click.format_filename(one.module.path.name)
        console.print(plain(f"  wrong         f_{one.key:08x} of {name}{stage}{out}"))
    if judged.unexplained:
        console.print(f"  unexplained   {judged.unexplained:,}: no single function makes them")
