"""`xlate pack import`: packages of a pack become files of a store, each in one step.

What is damaged, or made by another version of xlate, costs one line and the exit status, never the
other packages. Functions that the store has in quarantine are taken out, as `xlate convert` leaves
them out. What the store has already and programs use stays: it may have been made with what runs
recorded here.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

import click

from xlate.cli.input import GivenPath, Refused
from xlate.cli.pack_list import pack_in
from xlate.cli.verify_store import whole
from xlate.convert.room import make_room
from xlate.errors import MalformedInput, Unsupported, XlateError
from xlate.package import quarantine
from xlate.package.format import Package, write
from xlate.package.key import fingerprint
from xlate.package.pack import Pack, Row
from xlate.package.store import Store, why_none
from xlate.verify.placement import without

IMPORTED, KEPT, REFUSED = "imported", "there already", ""


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=GivenPath(), metavar="FILE...")
@click.option("--system", is_flag=True, help="Into the system's store, for all users.")
@click.option("--replace", is_flag=True, help="Also over good packages that the store has.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but what is refused.")
def import_command(files: tuple[Path, ...], *, system: bool, replace: bool, quiet: bool) -> None:
    """Put the packages of FILE into the store, for programs to find.

    The system's store is $XLATE_SYSTEM_CACHE, else /var/cache/xlate; programs look there after the
    user's own. It must belong to root or to who imports, and nobody else may write there.
    """
    store = _store(system=system)
    failed = False
    for file in files:
        counts: Counter[str] = Counter()
        try:
            with pack_in(file) as pack:
                for row in pack.rows:
                    counts[_import(store, pack, row, replace=replace)] += 1
                _hold_cap(store, pack)
        except Refused as error:
            error.show()
            failed = True
            continue
        failed |= counts.pop(REFUSED, 0) > 0
        if not quiet:
            told = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
            click.echo(f"{click.format_filename(file)}: {told or 'nothing imported'}")
    if failed:
        sys.exit(1)


def _hold_cap(store: Store, pack: Pack) -> None:
    """Remove what was of use longest ago from a user's store that is too large by now."""
    if not store.shared:
        places = (store.place_for(row.quick, row.guest_hash, fast=row.fast) for row in pack.rows)
        make_room(store, set(places))


def _store(*, system: bool) -> Store:
    """The store with its folders; Refused in one line where it cannot be."""
    store = Store.locate_system(os.environ) if system else Store.locate(os.environ)
    if store is None:
        why = "XLATE_SYSTEM_CACHE says off" if system else why_none(os.environ)
        raise Refused(f"there is no store ({why})")
    try:
        store.prepare()
    except Unsupported as error:
        raise Refused(f"{error.what} ({error.reason})") from error
    except OSError as error:
        name = click.format_filename(error.filename or store.root)
        why = (error.strerror or str(error)).lower()
        raise Refused(f"cannot write {name} ({why})" + (_AS_ROOT if system else "")) from error
    return store


_AS_ROOT = "; try: as root"


def _import(store: Store, pack: Pack, row: Row, *, replace: bool) -> str:
    """Put one package into a store; say what became of it, REFUSED after a line with why."""
    try:
        package = pack.package(row)
        if package.identity.fingerprint != fingerprint():
            raise MalformedInput("refused", "made by another version of xlate")
        return _install(store, row, package, replace=replace)
    except XlateError as error:
        why = str(error)
    except OSError as error:
        where = click.format_filename(error.filename or store.root)
        why = f"cannot write {where} ({(error.strerror or str(error)).lower()})"
    click.echo(f"xlate: {click.format_filename(row.names[0])}: {why}", err=True)
    return REFUSED


def _install(store: Store, row: Row, package: Package, *, replace: bool) -> str:
    out = quarantine.quarantined_of(store.root, row.guest_hash)
    with store.alone():
        path = store.place_for(row.quick, row.guest_hash, fast=row.fast)
        if not replace and _is_good(path, row):
            return KEPT
        write(path, without(package, out) if out else package)
    store.remember_package(path)
    return IMPORTED


def _is_good(path: Path, row: Row) -> bool:
    """Whether programs would use what stands there for that file."""
    if not path.exists():
        return False
    try:
        return whole(path).identity.guest_hash == row.guest_hash
    except Refused:
        return False
