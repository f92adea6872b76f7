"""What both forms of `xlate verify` share: packages, and how they lose functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from xlate.cli.input import Refused
from xlate.errors import MalformedInput
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
    package: Package
    store: Store | None


def sound(path: Path, guest: bytes) -> Package:
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


def take_out(subject: Subject, reasons: Mapping[int, str], *, for_good: bool = False) -> bool:
    """Take functions out of a package of the store; False where it is none of the store's.

    ``for_good`` leaves them out of conversions too, since those would make the same code again.
    """
    if subject.store is None:
        return False
    if for_good:
        quarantine.add(subject.store.root, subject.guest, reasons)
    write(subject.package_path, without(subject.package, reasons))
    subject.store.remember(subject.path, subject.package_path)
    return True
