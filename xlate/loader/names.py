"""What lief calls the numbers of a table: a name, or none where no standard has one.

The kernel reads hardly any of these tables, so one odd entry is left out rather than the file
refused. lief says so in several ways, by version: an exception, or a warning and the bare number.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


def name_of(item: object, member: str) -> str | None:
    """Return the lower-case name of an enumeration member, None where it has none."""
    try:
        name = getattr(getattr(item, member), "name", None)
    except (SystemError, ValueError):
        return None
    return None if name is None else str(name).lower()


@contextmanager
def odd_numbers_are_expected() -> Iterator[None]:
    """Keep lief's warnings about such numbers from standard error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield
