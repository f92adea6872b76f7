"""What both forms of `xlate verify` share: packages, and how they lose functions.

A package may have been made again, or lost other functions, since it was looked at: it is read once
more before it is written, with others of our kind kept out. What cannot be written is said, and
findings are told all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from xlate.cli.input import Refused
from xlate.errors import MalformedInput, XlateError
from xlate.loader import Image
from xlate.package import quarantine
from xlate.package.format import Package, read, write
from xlate.package.key import content_hash, fingerprint
from xlate.package.store import Store
from xlate.verify.placement import without


@dataclass(frozen=True)
class Subject:
    """A program and the package that is checked; ``store`` is set where it is the store's own."""

    path: Path
    guest: bytes
    image: Image
    package_path: Path
    store: Store | None


def whole(path: Path) -> Package:
    """Return the package in a file; Refused unless it is whole and of this version."""
    name = click.format_filename(path)
    try:
        package = read(path)
    except MalformedInput as error:
        raise Refused(f"{name}: {error}") from error
    except OSError as error:
        raise Refused(f"{name}: cannot be read ({(error.strerror or '').lower()})") from error
    if package.identity.fingerprint != fingerprint():
        raise Refused(f"{name}: made by another version of xlate, which programs do not use")
    return package


def sound(path: Path, guest: bytes) -> Package:
    """Return the package in a file; Refused unless it is ``whole``, and of this guest."""
    package = whole(path)
    if package.identity.guest_hash != content_hash(guest):
        raise Refused(f"{click.format_filename(path)}: made for another file")
    return package


def take_out(subject: Subject, reasons: Mapping[int, str], *, for_good: bool = False) -> bool:
    """Take functions out of a package of the store; say why where they stay, and return False.

    ``for_good`` leaves them out of conversions too, since those would make the same code again.
    """
    if subject.store is None:
        return False
    try:
        _take_out(subject, subject.store, reasons, for_good=for_good)
    except (OSError, XlateError, Refused) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        name = click.format_filename(subject.package_path)
        click.echo(f"xlate: {name}: what is wrong stays in it ({(why or '').lower()})", err=True)
        return False
    return True


def _take_out(
    subject: Subject, store: Store, reasons: Mapping[int, str], *, for_good: bool
) -> None:
    with store.alone():
        if for_good:
            quarantine.add(store.root, subject.guest, reasons)
        now = sound(subject.package_path, subject.guest)
        write(subject.package_path, without(now, reasons))
    store.remember(subject.path, subject.package_path)
