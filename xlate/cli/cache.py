"""`xlate cache`: what is kept between runs, and how it is made smaller.

Of files the store's own modules decide (``xlate.package``); what is told is ``xlate.report.cache``.
Exit statuses: 0, 1 where something is wrong or could not be removed, 2 the command line is.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from xlate.cli.input import GivenPath, Refused
from xlate.cli.progress import bar_for, shown_in
from xlate.cli.tables import output_console, plain, table
from xlate.convert.room import cap_now, tidied
from xlate.errors import XlateError
from xlate.package.gc import Outcome, Plan, age_of, clear, size_of
from xlate.package.layout import SUFFIX
from xlate.package.store import Store, why_none
from xlate.report import cache as report
from xlate.report.cache import age_text, size_text

EPILOG = """
\b
Examples:
  xlate cache                                  where, how large, of what
  xlate cache list                             its packages, and how often programs used them
  xlate cache info ./busybox                   one program's package: code, tables, uses, age
  xlate cache verify                           read everything whole and check it
  xlate cache gc --max-size 500M               the least recently used goes first
  xlate cache gc --older-than 30d --dry-run
  xlate cache clear
At most it has XLATE_CACHE_MAX (500M, 2G, none), else 2 GiB, or a tenth of what the disk
has free where that is less. It is at XLATE_CACHE, else XDG_CACHE_HOME/xlate, else
~/.cache/xlate.
"""
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


class _Told(click.ParamType[float]):
    """A size or an age as users write them."""

    def __init__(self, name: str, read: Callable[[str], float]) -> None:
        self.name, self._read = name, read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number; a mistake of the command line where it is none."""
        try:
            return self._read(value) if isinstance(value, str) else value
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _store() -> Store:
    store = Store.locate(os.environ)
    if store is None:
        raise Refused(f"there is no store ({why_none(os.environ)})")
    return store


@click.group(invoke_without_command=True, epilog=EPILOG,
             short_help="What is kept between runs: look, check, make smaller.")  # fmt: skip
@_JSON
@click.pass_context
def cache(ctx: click.Context, *, as_json: bool) -> None:
    """Show the store: packages, profiles, hashes, and functions compiled earlier.

    Nothing in it is needed: without it programs run the same, and start slower.
    """
    if ctx.invoked_subcommand is None:
        _status(as_json=as_json)
    elif as_json:
        raise click.UsageError("put --json behind the subcommand")


def _status(*, as_json: bool) -> None:
    """Print path, size and cap in the first line, then what it is made of."""
    found = report.overview(_store())
    if as_json:
        click.echo(json.dumps(found.as_json()))
        return
    cap = "no cap" if found.cap.size is None else f"cap {size_text(found.cap.size)}"
    path = click.format_filename(found.root)
    console = output_console()
    click.echo(f"{path}: {size_text(found.size)}, {cap} ({found.cap.why})")
    if found.distrust:
        click.echo(f"  programs do not use it: {found.distrust}")
    made = table(None, "", ">files", ">size", "")
    made.show_header = False
    for row in found.rows:
        made.add_row(f"  {row.name}", f"{row.files:,}", size_text(row.size), plain(row.holds))
    if found.rows:
        console.print(made)


@cache.command("path")
@_JSON
def path_command(*, as_json: bool) -> None:
    """Print where the store is."""
    store = _store()
    if as_json:
        click.echo(json.dumps(report.overview(store).as_json()))
    else:
        click.echo(os.fsencode(store.root))


@cache.command("list")
@_JSON
def list_command(*, as_json: bool) -> None:
    """List the packages, those used last first.

    Packages hold no names of programs; `xlate cache info PROG` finds the one of a program.
    """
    rows = report.packages(_store())
    if as_json:
        click.echo(json.dumps([row.as_json() for row in rows]))
        return
    made = table(None, "package", ">size", ">code", ">tables", ">hits", "used", "made", "state")
    for row in rows:
        item = row.item
        made.add_row(
            plain(item.path.name), size_text(item.size), size_text(row.code),
            size_text(row.tables), f"{item.hits or 0:,}", age_text(item.used),
            age_text(item.made), plain(row.state),
        )  # fmt: skip
    output_console().print(made)


@cache.command("info")
@click.argument("names", nargs=-1, type=GivenPath(), metavar="[PROG|PACKAGE]...")
@_JSON
def info_command(names: tuple[Path, ...], *, as_json: bool) -> None:
    """Tell of packages: code against tables, uses, age; of all together without a name."""
    store = _store()
    rows = report.packages(store)
    if names:
        rows = [_named(store, rows, name) for name in names]
    if as_json:
        click.echo(json.dumps([row.as_json() for row in rows] if names else _sums(rows)))
        return
    for row in rows if names else []:
        _print_facts(_facts(row))
    if not names:
        _print_facts([(name, f"{value:,}") for name, value in _sums(rows).items()])


def _named(store: Store, rows: list[report.Listed], name: Path) -> report.Listed:
    """Return the package of that name, or of that program."""
    for row in rows:
        if name.name in {row.item.path.name, row.item.path.name.removesuffix(SUFFIX)}:
            return row
    shown = click.format_filename(name)
    try:
        found = store.find(name.read_bytes())
    except OSError as error:
        raise Refused(f"{shown}: no package, and {(error.strerror or '').lower()}") from error
    for row in rows:
        if row.item.path == found:
            return row
    raise Refused(f"{shown}: no package in {store.root}; try: xlate convert {shown}")


def _sums(rows: list[report.Listed]) -> dict[str, int]:
    return {
        "packages": len(rows),
        "bytes": sum(row.item.size for row in rows),
        "code": sum(row.code for row in rows),
        "tables": sum(row.tables for row in rows),
        "functions": sum(row.functions for row in rows),
        "hits": sum(row.item.hits or 0 for row in rows),
    }


def _facts(row: report.Listed) -> list[tuple[str, str]]:
    item = row.item
    return [
        ("package", str(item.path)),
        ("state", row.state),
        ("made for", f"{row.guest_size:,} bytes, BLAKE2b {row.guest_hash}"),
        ("size", f"{item.size:,} bytes"),
        ("code", f"{row.code:,} bytes, {row.functions:,} functions ({row.features})"),
        ("tables", f"{row.tables:,} bytes"),
        ("hits", f"{item.hits or 0:,}"),
        ("used", age_text(item.used) if item.hits else "not yet, as far as is known"),
        ("made", age_text(item.made)),
    ]


def _print_facts(facts: list[tuple[str, str]]) -> None:
    made = table(None, "", "")
    made.show_header = False
    for name, value in facts:
        made.add_row(name, plain(value))
    output_console().print(made)


# --- checking and removing -----------------------------------------------------------------------


@cache.command("verify")
@click.option("--keep", is_flag=True, help="Report only: leave what is wrong where it is.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but what is wrong.")
@_JSON
def verify_command(*, keep: bool, quiet: bool, as_json: bool) -> None:
    """Read every file whole and check its sums; remove what is wrong.

    This finds damage that no time of change tells of, which programs would not notice. Whether the
    code does what the program's does is for `xlate verify PROG`.
    """
    store = _store()
    with bar_for(quiet=quiet or as_json) as bar:
        show = shown_in(bar, "store")
        found = report.verify(store, lambda done, total: show("reading", done, total))
    gone = [wrong.path for wrong in found.wrong if not keep and _without(store, wrong.path)]
    if as_json:
        click.echo(json.dumps({
            "looked": dict(found.looked),
            "wrong": [{"path": os.fspath(w.path), "why": w.why, "removed": w.path in gone}
                      for w in found.wrong],
        }))  # fmt: skip
    else:
        _tell_wrong(found, gone, quiet=quiet)
    sys.exit(1 if found.wrong else 0)


def _without(store: Store, path: Path) -> bool:
    try:
        if path.parent == store.folder:
            with store.alone():
                store.remove(path)
        else:
            path.unlink()
    except OSError:
        return not path.exists()
    return True


def _tell_wrong(found: report.Verified, gone: list[Path], *, quiet: bool) -> None:
    for wrong in found.wrong:
        what = "removed" if wrong.path in gone else "left there"
        line = f"{click.format_filename(wrong.path)}: {what}: {wrong.why}"
        click.echo(plain(line).plain)
    if not quiet:
        looked = ", ".join(f"{count:,} {name}" for name, count in found.looked.items())
        click.echo(f"{len(found.wrong):,} wrong of {looked or 'nothing'}")


@cache.command("gc")
@click.option("--max-size", type=_Told("size", size_of), metavar="SIZE",
              help="Remove the least recently used above that.  [the cap]")  # fmt: skip
@click.option("--older-than", type=_Told("age", age_of), metavar="AGE",
              help="Remove what was of no use for 12h, 30d, 8w ...")  # fmt: skip
@click.option("-n", "--dry-run", is_flag=True, help="Tell only.")
@_JSON
def gc_command(
    max_size: float | None, older_than: float | None, *, dry_run: bool, as_json: bool
) -> None:
    """Make the store smaller: what nobody used for longest goes first.

    Programs that run go on with what they have, and programs that start run all the same.
    """
    store = _present(as_json=as_json)
    limit = None if max_size is None else int(max_size)
    if limit is None and older_than is None:
        limit = cap_now(store).size
    plan = Plan(limit=limit, older_than=older_than, dry=dry_run)
    _tell_outcome(_done(lambda: tidied(store, plan)), as_json=as_json, dry=dry_run)


@cache.command("clear")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--all", "everything", is_flag=True,
              help="Also the lists of functions that a check found wrong.")  # fmt: skip
@_JSON
def clear_command(*, yes: bool, everything: bool, as_json: bool) -> None:
    """Remove everything that is kept, but lists of functions that a check found wrong."""
    store = _present(as_json=as_json)
    if not yes:
        if not sys.stdin.isatty():
            raise Refused("clear asks first, and nobody is there to answer; try: --yes")
        held = report.overview(store).size
        click.confirm(f"Remove {size_text(held)} in {store.root}?", abort=True, err=True)
    _tell_outcome(_done(lambda: clear(store, everything=everything)), as_json=as_json, dry=False)


def _present(*, as_json: bool) -> Store:
    """Return the store; where there is none yet, nothing is to be done and that is told."""
    store = _store()
    if not store.root.exists():
        _tell_outcome(Outcome(), as_json=as_json, dry=False)
        sys.exit(0)
    return store


def _done(work: Callable[[], Outcome]) -> Outcome:
    try:
        return work()
    except XlateError as error:
        raise Refused(str(error)) from error
    except OSError as error:
        raise Refused(f"{error.filename}: {(error.strerror or str(error)).lower()}") from error


def _tell_outcome(out: Outcome, *, as_json: bool, dry: bool) -> None:
    if as_json:
        click.echo(json.dumps({
            "removed": [os.fspath(item.path) for item in out.removed],
            "freed": out.freed, "left": out.left, "failed": out.failed, "dry_run": dry,
        }))  # fmt: skip
    else:
        would = "would remove" if dry else "removed"
        click.echo(f"{would} {len(out.removed):,} files, freed {size_text(out.freed)};"
                   f" {size_text(out.left)} left")  # fmt: skip
        for line in out.failed:
            click.echo(f"xlate: {line}", err=True)
    if out.failed:
        sys.exit(1)
