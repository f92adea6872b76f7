"""`xlate background`: what the background converter is at, to end it, or to do its work now.

Without a word it says what there is. The converter itself is started by `xlate exec` alone; ``run``
does one round of its work in the foreground, for who keeps it from starting.
"""

from __future__ import annotations

import json
import os
from typing import Any

import click
from rich.text import Text

from xlate.batch import starter, wishes
from xlate.batch.surroundings import Surroundings, why_not
from xlate.cli.input import Refused
from xlate.cli.signals import workers_may_die
from xlate.cli.tables import output_console, plain, table
from xlate.errors import XlateError
from xlate.package.key import fingerprint
from xlate.package.store import Store, why_none

EPILOG = """
\b
XLATE_BACKGROUND=0 in the environment keeps `xlate exec` from starting it. It is never started by
root, without a terminal, in containers and build systems, and by `xlate-run` alone.
"""
SHOWN = 20


def _store() -> Store:
    store = Store.locate(os.environ)
    if store is None:
        raise Refused(f"no store ({why_none(os.environ)})")
    return store


@click.group(invoke_without_command=True, epilog=EPILOG)
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@click.pass_context
def background(context: click.Context, *, as_json: bool) -> None:
    """Say what the background converter is doing, and what waits for it."""
    if context.invoked_subcommand is not None:
        return
    found = _status(_store())
    if as_json:
        click.echo(json.dumps(found))
        return
    console = output_console()
    made = table(None, "", "")
    made.add_row("converter", _converter(found))
    made.add_row("started by `xlate exec`", found["why_not"] or "yes")
    made.add_row("waiting", f"{len(found['waiting']):,} files that ran without a package")
    made.add_row("given up", f"{len(found['given_up']):,} files")
    console.print(made)
    for path in found["waiting"][:SHOWN]:
        console.print(Text("  waiting  "), plain(path), sep="")
    for quick, why in list(found["given_up"].items())[:SHOWN]:
        console.print(Text("  given up "), plain(f"{quick}: {why}"), sep="")


def _converter(found: dict[str, Any]) -> str:
    if found["pid"] is None:
        return "not running"
    return f"process {found['pid']}" + (f", {found['at']}" if found["at"] else ", idle")


def _status(store: Store) -> dict[str, Any]:
    found = starter.running(store.root)
    return {
        "store": str(store.root),
        "pid": found.pid if found else None,
        "at": found.at if found else "",
        "why_not": why_not(Surroundings(os.environ)),
        "waiting": [os.fspath(wish.path) for wish in wishes.waiting(store)],
        "given_up": wishes.hopeless(store, fingerprint().hex()),
    }


@background.command()
def stop() -> None:
    """End the converter; what it was at is begun again by the next one."""
    store = _store()
    if starter.running(store.root) is None:
        click.echo("not running")
    elif not starter.stop(store.root):
        raise Refused("the background converter does not end")


@background.command()
def run() -> None:
    """Convert what waits now, here, and with the usual priority."""
    from xlate.batch.shift import round_of

    store = _store()
    before = wishes.waiting(store)
    with workers_may_die():
        try:
            failed = round_of(store)
        except XlateError as error:
            raise Refused(str(error)) from error
    done = sum(wish.quick not in failed for wish in before)
    click.echo(f"{done} of {len(before)} files are converted")
    if failed:
        raise Refused("; ".join(sorted(set(failed.values()))))
