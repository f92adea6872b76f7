"""In what order a tree's files are converted: where a minute of work serves most programs.

What has run before comes first, since it will run again. Then the price of a file is its size, of
which a part is the same for all (a process has to start), divided by how many files of the tree
need it, directly or through others, itself included. So the loader and libc come early, then what
everything is linked with, then small programs, and last what is large and used by nobody else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

STARTING = 30_000  # bytes of a file that take about as long as starting to convert one


@dataclass(frozen=True)
class Candidate:
    """A file that lacks a package: its size, the names that it needs, and whether it ever ran."""

    path: Path
    size: int
    needs: tuple[str, ...]
    ran: bool = False


def by_worth(candidates: Sequence[Candidate]) -> list[Path]:
    """Return the paths, the most worthwhile first; equal inputs give equal orders."""
    uses = _uses(candidates)

    def price(candidate: Candidate) -> tuple[bool, float, str]:
        size = candidate.size + STARTING
        return (not candidate.ran, size / uses[candidate.path], str(candidate.path))

    return [candidate.path for candidate in sorted(candidates, key=price)]


def _uses(candidates: Sequence[Candidate]) -> dict[Path, int]:
    """Return how many files need each file, itself included."""
    users: dict[Path, set[Path]] = {one.path: set() for one in candidates}
    providers = _providers(candidates)
    for one in candidates:
        for name in one.needs:
            for provider in providers.get(name, ()):
                users[provider].add(one.path)
    return {path: len(_reachable(path, users)) for path in users}


def _providers(candidates: Iterable[Candidate]) -> dict[str, list[Path]]:
    """Return the files by the names that they are needed under.

    A name in DT_NEEDED is mostly a link, to a file of that name with more numbers behind it.
    """
    found: dict[str, list[Path]] = {}
    for one in candidates:
        parts = one.path.name.split(".")
        for end in range(1, len(parts) + 1):
            found.setdefault(".".join(parts[:end]), []).append(one.path)
    return found


def _reachable(start: Path, users: dict[Path, set[Path]]) -> set[Path]:
    seen, work = {start}, [start]
    while work:
        fresh = users[work.pop()] - seen
        seen |= fresh
        work.extend(fresh)
    return seen
