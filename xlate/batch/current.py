"""Whether a file's package is what a conversion would make now, without converting it.

It is when it is of this content, these sources, the same level and floating point, whole by its
size, and made when the profile had no fewer places than now: a profile only grows, and what it held
is written down in the package. Contents are not checked here; `xlate verify` does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xlate.convert.target import Target
from xlate.errors import MalformedInput
from xlate.package.format import decode_header
from xlate.package.key import fingerprint
from xlate.package.layout import PAGE, SECTIONS
from xlate.package.store import package_in


def is_current(target: Target, guest: bytes, *, level: int, fast: bool, slack: int = 0) -> bool:
    """Say whether a conversion of these bytes into the target would make what is there.

    With ``slack`` so many more places in the profile do not make it old.
    """
    place = target.file or target.folder or (target.store.folder if target.store else None)
    package = package_in(place, guest, fast=fast) if place is not None else None
    if package is None:
        return False
    try:
        header, provenance = _look(package)
    except (OSError, MalformedInput, ValueError, TypeError):
        return False
    if (header["fingerprint"], header["level"]) != (fingerprint(), level):
        return False
    recorded = target.store.profile_keys(guest) if target.store is not None else frozenset()
    return len(recorded) <= int(provenance.get("recorded", 0)) + slack


def _look(package: Path) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return header and provenance; ValueError where the file is not as long as it says."""
    with package.open("rb") as file:
        header = decode_header(file.read(PAGE))
        if file.seek(0, 2) != header["file_size"]:
            raise ValueError("truncated")
        at = 2 * list(SECTIONS).index("provenance")
        file.seek(header["sections"][at])
        provenance = json.loads(file.read(header["sections"][at + 1]))
    if not isinstance(provenance, dict):
        raise ValueError("its provenance is no table")
    return header, provenance
