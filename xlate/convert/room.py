"""Room in the store for what a conversion makes: who writes there holds the cap.

A conversion never fails for this: what cannot be removed stays, and the next writer tries again.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from backends.llvm.memo_size import LIMIT, trim
from xlate.errors import XlateError
from xlate.package.contents import items
from xlate.package.gc import EMPTIED, MEMO_SHARE, Cap, Outcome, Plan, cap_of, collect
from xlate.package.store import Store


def cap_now(store: Store) -> Cap:
    """Return the cap of a store as it is; Unsupported where XLATE_CACHE_MAX is no size."""
    return cap_of(store, os.environ, sum(item.size for item in items(store)))


def memo_limit(store: Store) -> int:
    """Return the bytes that the memo of compiled functions may have."""
    cap = cap_now(store).size
    return LIMIT if cap is None else min(LIMIT, int(cap * MEMO_SHARE))


def make_room(store: Store, keep: Collection[Path]) -> int:
    """Remove what was of use longest ago from a store above its cap; return how many files."""
    try:
        held = sum(item.size for item in items(store))
        cap = cap_of(store, os.environ, held).size
        if cap is None or held <= cap:
            return 0
        return len(tidied(store, Plan(limit=int(cap * EMPTIED), keep=keep)).removed)
    except (OSError, XlateError):
        return 0


def tidied(store: Store, plan: Plan) -> Outcome:
    """Carry out a plan, the memo included."""
    return collect(store, plan, trim)
