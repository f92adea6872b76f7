"""Looks at many files before any is converted: which are current, which are none that can be.

A file that only looks like an ARM program (its header is one, what follows is cut off or damaged)
is passed over with its reason, like everything else that lies in a tree and is no program.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from xlate.batch.current import is_current
from xlate.batch.order import Candidate, by_worth
from xlate.convert.target import Target
from xlate.errors import MalformedInput, Unsupported
from xlate.loader import parse, read_file
from xlate.package.key import content_hash, quick_key
from xlate.package.layout import PROFILE_SUFFIX
from xlate.package.store import Store


@dataclass
class Survey:
    """What is to be done: ``candidates`` lack a package, ``current`` files have theirs."""

    candidates: list[Candidate] = field(default_factory=list)
    current: int = 0
    copies: int = 0  # of the content of another file
    passed: Counter[str] = field(default_factory=Counter)

    @property
    def paths(self) -> list[Path]:
        """The files to convert, the most worthwhile first."""
        return by_worth(self.candidates)


def survey(
    paths: Iterable[Path],
    target: Target,
    *,
    level: int,
    fast: bool,
    again: bool = False,
    show: Callable[[int], None] = lambda done: None,
) -> Survey:
    """Look at files; with ``again`` none counts as current. ``show`` hears how many were seen."""
    found, seen = Survey(), set()
    for number, path in enumerate(paths):
        show(number)
        try:
            guest = read_file(str(path))
            content = content_hash(guest)
            if content in seen:
                found.copies += 1
                continue
            seen.add(content)
            if not again and is_current(target, guest, level=level, fast=fast):
                found.current += 1
                continue
            image = parse(guest, str(path))
        except (MalformedInput, Unsupported) as error:
            found.passed[f"not for xlate: {error.what}"] += 1
            continue
        needs = (*image.needed, *((image.interpreter or "").rpartition("/")[2:]))
        ran = target.store is not None and has_run(target.store, guest)
        found.candidates.append(Candidate(path, len(guest), needs, ran))
    return found


def has_run(store: Store, guest: bytes) -> bool:
    """Say whether a run has left something in the store about a file."""
    return (store.root / "profiles" / f"{quick_key(guest).hex()}{PROFILE_SUFFIX}").exists()
