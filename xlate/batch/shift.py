"""One round of the background converter: all wishes there are, in the order of their worth.

A wish that is untrue, current or hopeless is dropped; each file that is converted, or cannot be, is
so at once, and a kill at any time leaves the rest as they were. The converter's end is ours.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from xlate.batch import wishes
from xlate.batch.crew import Crew, Failure, memory, memory_for
from xlate.batch.current import is_current
from xlate.batch.survey import survey
from xlate.batch.wishes import Wish
from xlate.convert.program import DEFAULT_LEVEL, Job, convert
from xlate.convert.result import Conversion, Progress
from xlate.convert.target import Target
from xlate.package.key import fingerprint
from xlate.package.store import Store

MANY_NEW = 32  # places that runs have recorded since: fewer are no reason to convert again
TOO_LARGE = "too large to be converted beside other work"
NOT_ONE = "no program that xlate converts"


def round_of(store: Store) -> dict[str, str]:
    """Look at every wish; return what failed, by quick key."""
    store.prepare()
    sources = fingerprint().hex()
    old = [wish for wish in wishes.grown(store) if _is_worth_it(store, wish)]
    asked = {wish.quick: wish for wish in (*old, *wishes.waiting(store))}
    known = wishes.hopeless(store, sources)
    true = wishes.located(store, (w for w in asked.values() if w.quick not in known))
    by_path = {wish.path: wish for wish in true.values()}
    target = Target(store)
    found = survey(by_path, target, level=DEFAULT_LEVEL, fast=False)
    large = {c.path for c in found.candidates if memory_for(c.size) > memory() // 4}
    failed = {by_path[path].quick: TOO_LARGE for path in large}
    paths = [path for path in found.paths if path not in large]
    for wish in asked.values():
        if wish.quick not in true:
            wishes.drop(store, wish)
        elif true[wish.quick].path not in paths:
            failed = _settle(store, true[wish.quick]) | failed
    failed |= _convert(store, target, paths, by_path)
    if failed:
        wishes.note_hopeless(store, sources, failed)
    return failed


def _is_worth_it(store: Store, wish: Wish) -> bool:
    """Say whether runs have recorded enough of a known file to convert it again."""
    wishes.looked_at(store, wish)
    if not wishes.is_true(wish):
        wishes.forget(store, wish)
        return False
    guest = wish.path.read_bytes()
    target = Target(store)
    return not is_current(target, guest, level=DEFAULT_LEVEL, fast=False, slack=MANY_NEW)


def _settle(store: Store, wish: Wish) -> dict[str, str]:
    """Answer a wish without a conversion: it has its package, or there will be none."""
    if wishes.has_package(store, wish):
        wishes.granted(store, wish)
        return {}
    wishes.drop(store, wish)
    return {wish.quick: NOT_ONE}


def _convert(
    store: Store, target: Target, paths: Sequence[Path], todo: dict[Path, Wish]
) -> dict[str, str]:
    def work(path: Path, jobs: int, show: Progress) -> Conversion:
        return convert(Job(path, target, DEFAULT_LEVEL, jobs, show))

    failed = {}
    with closing(Crew(work, _why, 1).convert(paths)) as all_finished:
        for finished in all_finished:
            wish = todo[finished.path]
            if not isinstance(finished.result, Failure):
                wishes.granted(store, wish)
                continue
            wishes.drop(store, wish)
            if finished.result.status:
                failed[wish.quick] = finished.result.why
    return failed


def _why(error: Exception) -> tuple[str, int]:
    """Return the reason, and whether it will be the same tomorrow: a full disk will not."""
    return str(error) or type(error).__name__, int(not isinstance(error, OSError))


def _end(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def main(root: str) -> None:
    """Do one round for a store; the life of a process, which gets SIGTERM when its parent ends."""
    signal.signal(signal.SIGTERM, _end)
    round_of(Store(Path(root)))


if __name__ == "__main__":
    main(sys.argv[1])
